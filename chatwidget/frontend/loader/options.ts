/** Where this script came from, and what its tag says of the widget on this page. */
import type { Attributes, Config } from "./config.ts";

/**
 * Of the attributes, what the frame is told in its address; strangers' are no affair of ours. The
 * server names those of appearance.py that a page may change.
 */
const FOR_THE_FRAME = /^(debug|from_page)$/;

/**
 * The widget's address (…/<slug>, which tells two widgets of one slug apart), the frame's page in it,
 * what configuration and tag say, which the host gets as custom properties, and the names.
 * Undefined where the script cannot tell where it came from.
 */
export function readOptions(
  { slug, labels, ...said }: Config & Attributes,
  host: HTMLElement,
): [address: string, src: string, said: Attributes, names: string[]] | undefined {
  const current = document.currentScript as HTMLScriptElement | null;
  const tags = [current, ...document.scripts];
  // A module, jQuery and import() leave no current script: then the call stack may name this file,
  // or a tag has its address. Text that was copied into another file has neither.
  const places = [current?.src, Error().stack, ...tags.map((tag) => tag?.src)];
  const [, address] = places.join(" ").match(`(http\\S*/${slug})\\.js`) ?? [];
  if (!address) {
    console.error(`chatwidget: ${slug}.js must be loaded from its own address`);
    return; // what else is in that file goes on
  }
  const lang = document.documentElement.lang || navigator.language;
  const query = new URLSearchParams({ lang });
  for (const tag of tags) {
    if (tag?.src?.startsWith(`${address}.js`)) Object.assign(said, tag.dataset);
  }
  for (const [name, value] of Object.entries<string>(said as object as Record<string, string>)) {
    host.style.setProperty(`--${name}`, value);
    if (FOR_THE_FRAME.test(name)) query.set(name, value);
  }
  // Those who read traditional characters are spoken to in another language; see languages.py.
  const language = lang.toLowerCase().replace(/^zh.*[twko]$|[-_].*/, "");
  const names = (labels[language] ?? labels[""])!.split("|");
  return [address, `${address}/?${query}`, said, names];
}
