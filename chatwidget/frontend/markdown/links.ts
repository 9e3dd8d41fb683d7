/** Links and images: what they are made of, and what comes of them. */

import { unescapeAll } from "./entities.ts";
import { type Inline, span, textOf } from "./nodes.ts";
import { hidden, imageAllowed, linkAttributes, linkUrl } from "./urls.ts";

export interface InlineOptions {
  /** Hosts (with the port where it is not 443) whose images are shown; none by default. */
  imageHosts?: readonly string[] | undefined;
  /** The page that relative addresses are relative to. */
  base?: string | undefined;
}

/** What a link or a reference leads to; a footnote has no address. */
export interface Target {
  address: string;
  title: string;
}

/** The longest address. */
const LONGEST = 2048;

const ANGLED = /<(?:([a-z][a-z\d+.-]{1,31}:[^\s<>]*)|([^\s<>@\\]{1,64}@[a-z\d.-]{1,254}))>/iy;
const TARGET =
  /\([ \n]{0,9}(?:<((?:\\.|[^\\<>\n])*)>|((?!<)(?:\\\S|[!-'*-[\]-\uffff]|\((?:\\\S|[!-'*-[\]-\uffff]|\((?:\\\S|[!-'*-[\]-\uffff])*\))*\))*))(?:[ \n]{1,9}("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\((?:\\.|[^()\\])*\)))?[ \n]{0,9}\)/y;
const TARGET_BEGUN = /\((?:[^()\n]|\([^()\n]*\))*(?:\([^()\n]*)?$/y;
/** A note's mark is one whether or not the note ever comes: what is shown of it stays. */
const NOTE_MARK = /^\^\d{1,3}$/;
const LABEL = /\[((?:\\.|[^\\[\]]){0,999})\]/y;

/**
 * What follows a closing bracket: its length (-1 where more must come first), and what the bracket
 * leads to, if anything.
 */
export function bracketed(
  source: string,
  at: number,
  last: boolean,
  text: string,
  defined: (label: string) => Target | undefined,
): [number, (Target | undefined)?] {
  if (NOTE_MARK.test(text)) return !last && at === source.length ? [-1] : [0, targetOf()];
  TARGET.lastIndex = TARGET_BEGUN.lastIndex = LABEL.lastIndex = at;
  const [all = "", angled, bare, title = ""] = TARGET.exec(source) ?? [];
  if (all && all.length < LONGEST) {
    return [all.length, targetOf(angled ?? bare, title)];
  }
  const waits = !last && source.length - at < LONGEST;
  if (waits && (at === source.length || TARGET_BEGUN.test(source))) return [-1];
  let [full = "", label] = (text[0] !== "^" && LABEL.exec(source)) || [];
  // Sources beside each other: [1][2].
  if (isSource(text) && isSource(label)) full = label = "";
  return [full.length, text.length < 1000 ? defined(label || text) : undefined];
}

/** The number of a source, as many assistants name theirs: [1]. */
export const isSource = (text = "") => /^\d{1,3}$/.test(text);

/** As it is written, the title in its quotes. */
export const targetOf = (address = "", title = ""): Target => ({
  address: unescapeAll(address),
  title: unescapeAll(title.slice(1, -1)),
});

/** `<https://…>` or `<a@b.c>`: its length, 0 where there is none, and what it is. */
export function angled(source: string, at: number): [number, Inline[]] {
  ANGLED.lastIndex = at;
  const [all = "", address, mail] = ANGLED.exec(source) ?? [];
  if (!all || all.length > LONGEST) return [0, []];
  const url = linkUrl(address ?? `mailto:${mail}`);
  return [all.length, url ? link(url, [(address ?? mail)!]) : [all]];
}

/** A link, and what it would hide. */
export function link(url: URL, kids: Inline[], title?: string): Inline[] {
  const inner = kids.flatMap(withoutLinks);
  const made = span("a", inner.length ? inner : [url.href], linkAttributes(url, title));
  return [made, told(hidden(url, textOf(inner)))];
}

/** An image, where the owner allows its host; else a link to it. */
export function image(
  url: URL | null,
  alt: string,
  target: Target,
  options: InlineOptions,
): Inline[] {
  const { address, title } = target;
  if (!url) return [alt, told(address)];
  if (!imageAllowed(url, options.imageHosts)) return link(url, [alt || url.href], title);
  const attributes: Record<string, string> = title ? { alt, title } : { alt };
  Object.assign(attributes, { loading: "lazy", referrerpolicy: "no-referrer", src: url.href });
  return [span("img", [], attributes)];
}

/** An address that a link's text does not show, or that cannot be followed. */
export const told = (address: string) => address && ` (${address.slice(0, 300)})`;

/** There are no links in links, not even bare ones. */
function withoutLinks(node: Inline): Inline[] {
  if (typeof node === "string") return [node];
  const kids = node.kids.flatMap(withoutLinks);
  return node.tag === "a" ? kids : [{ ...node, kids }];
}
