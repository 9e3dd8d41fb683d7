/** Where this script came from, and what its tag says of the widget on this page. */
import type { Attributes, Config } from "./config.ts";

export interface Options extends Attributes {
  /** …/<slug>, which is what tells two widgets of one slug apart. */
  address: string;
  /** The frame's page, with what the tag says of it. */
  src: string;
  /** What the launcher and the panel speak, as far as they know it. */
  language: string;
}

/** Undefined where the script cannot tell where it came from. */
export function readOptions({ slug, ...config }: Config): Options | undefined {
  const current = document.currentScript as HTMLScriptElement | null;
  const tags = [current, ...document.scripts];
  // A module, jQuery and import() leave no current script: then the call stack may name this file,
  // or a tag has its address. Text that was copied into another file has neither.
  const places = [current?.src, Error().stack, ...tags.map((tag) => tag?.src)];
  const [, address] = places.join(" ").match(`(https?://\\S*/${slug})\\.js`) ?? [];
  if (!address) {
    console.error(`chatwidget: ${slug}.js has to be loaded from its own address`);
    return undefined;
  }
  const own = tags.filter((tag) => tag?.src?.startsWith(`${address}.js`));
  const said: Attributes = Object.assign({}, config, ...own.map((tag) => tag!.dataset));
  const lang = document.documentElement.lang || navigator.language;
  // Those who read traditional characters are spoken to in another language; see languages.py.
  const language = /^zh.*(hant|tw|hk|mo)/i.test(lang) ? "" : lang.toLowerCase().split(/[-_]/)[0]!;
  const query = new URLSearchParams({ lang });
  for (const name of ["color", "font", "radius", "theme", "debug"] as const) {
    if (said[name]) query.set(name, `${said[name]}`);
  }
  return { language, ...said, address, src: `${address}/?${query}` };
}
