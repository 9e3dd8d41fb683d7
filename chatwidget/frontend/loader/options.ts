/**
 * Where this script came from, and what its configuration and its tag say of the widget on this page.
 *
 * Constants, not a function with arguments: every byte is paid by every visitor.
 */
import type { Attributes, Config } from "./config.ts";

/** The server writes the widget's configuration in the place of this text. */
const config: Config & Attributes = "__CHATWIDGET__" as unknown as Config;
export const { slug, title, labels, teaser, ...said } = config;

const tags = [document.currentScript as HTMLScriptElement | null, ...document.scripts];
// A module, jQuery and import() leave no current script: then the call stack may name this file,
// or a tag has its address. Text that was copied into another file has neither.
const places = [Error().stack, ...tags.map((tag) => tag?.src)];

/**
 * The widget's address (…/<slug>), which tells two widgets of one slug apart. Undefined where the
 * script cannot tell where it came from.
 */
export const address = places.join(" ").match(`(http\\S*/${slug})\\.js`)?.[1] as string;
for (const tag of tags) {
  if (tag?.src?.startsWith(`${address}.js`)) Object.assign(said, tag.dataset);
}

export const host = document.createElement("chat-widget");
const lang = document.documentElement.lang || navigator.language;
/**
 * Of the attributes, what the frame is told in its address; strangers' are no affair of ours. The
 * server names those of appearance.py that a page may change.
 */
const FOR_THE_FRAME = /^(debug|from_page)$/;
/** What the frame's address ends with. */
export const query = new URLSearchParams({ lang });
for (const [name, value] of Object.entries<string>(said as object as Record<string, string>)) {
  host.style.setProperty(`--${name}`, value);
  if (FOR_THE_FRAME.test(name)) query.set(name, value);
}

// Those who read traditional characters are spoken to in another language; see languages.py.
const language = lang.toLowerCase().replace(/^zh.*[twko]$|[-_].*/, "");
export const names = (labels[language] ?? labels[""])!.split("|");
