/** Which addresses a reply may link to and show, and how text becomes an address. */

const LINKS = ["http:", "https:", "mailto:", "tel:"];

/**
 * The address as the browser itself reads it (so that no tab, newline, control character or case
 * hides a scheme from us), or null where its scheme is not on the list. A relative address is none:
 * nobody knows to what, and our own frame is the wrong answer.
 */
export function linkUrl(source: string): URL | null {
  try {
    const url = new URL(source);
    return LINKS.includes(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

/** Whether an image may be fetched: over https, from a host that the widget's owner allows. */
export function imageAllowed(url: URL, hosts: readonly string[]): boolean {
  return url.protocol === "https:" && hosts.includes(url.host);
}

/** The entities that are written in chats; the other two thousand stay as they are. */
const NAMED: Record<string, string> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
  copy: "©",
  hellip: "…",
};

export const ESCAPED = /\\([!-/:-@[-`{-~])|&(#\d{1,7}|#x[\da-f]{1,6}|[a-z]\w{1,30});/gi;

/** One match of ESCAPED as the character that it means. */
export function unescapeOne(match: string, escaped?: string, entity = ""): string {
  if (escaped) return escaped;
  if (entity[0] !== "#") return Object.hasOwn(NAMED, entity) ? NAMED[entity]! : match;
  const code = Number(entity.slice(1).replace(/^x/i, "0x"));
  return code > 0 && code < 0x110000 && (code < 0xd800 || code > 0xdfff)
    ? String.fromCodePoint(code)
    : "\ufffd";
}

export function unescapeAll(text: string): string {
  return text.replace(ESCAPED, unescapeOne);
}

/** Gives a link its address: a tab of its own, that learns nothing of us. */
export function dressLink(anchor: HTMLAnchorElement, url: URL, title = ""): HTMLAnchorElement {
  anchor.href = url.href;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer nofollow";
  if (title) anchor.title = title;
  return anchor;
}
