/** Which addresses a reply may link to and show, and what a link must not hide of them. */

const LINKS = ["http:", "https:", "mailto:", "tel:"];
/** What is meant relative to a page. "example.com" more likely is a host that lacks its scheme. */
const RELATIVE =
  /^(?![a-z][a-z\d+.-]*:)(?:$|[/?#]|\.\.?\/|[^./?#]+(?:[/?#]|$)|[^/?#]+\.(?:html?|php|aspx?|pdf|png|jpe?g|gif|webp|svg|txt|zip|docx?|xlsx?)\b)/i;

/**
 * The address as the browser itself reads it (so that no tab, newline, control character or case
 * hides a scheme from us), or null where its scheme is not on the list. `base` is the page that a
 * relative one is relative to: the embedding one, never our own frame.
 */
export function linkUrl(address: string, base?: string): URL | null {
  try {
    const absolute = address.replaceAll("\\", "%5C").replace(/^www\./i, "http://$&");
    const relative = RELATIVE.test(absolute);
    const url = relative && !base ? null : new URL(absolute, relative ? base : undefined);
    return url && LINKS.includes(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

/** Whether an image may be fetched: over https, from a host that the widget's owner allows. */
export function imageAllowed(url: URL, hosts: readonly string[] = []): boolean {
  return url.protocol === "https:" && hosts.includes(url.host);
}

/** A link's attributes: a tab of its own, that learns nothing of us. */
export function linkAttributes({ href }: URL, title = ""): Record<string, string> {
  const attributes = { href, target: "_blank", rel: "noopener noreferrer nofollow" };
  return title ? { ...attributes, title } : attributes;
}

export function dressLink(anchor: HTMLAnchorElement, url: URL): HTMLAnchorElement {
  return Object.assign(anchor, linkAttributes(url));
}

const HOST = /(?:[\p{L}\p{N}_-]{1,63}[.\u3002])+\p{L}{2,}/u;

/**
 * Where a link leads, if its text says something else or could be read as something else: another
 * host, letters that look alike, a name before an "@". Empty where nothing is hidden.
 */
export function hidden(url: URL, text: string): string {
  const plain = text
    .normalize("NFKC")
    .replace(/\p{Cf}/gu, "")
    .toLowerCase();
  const named = /^(?:https?:|www\.)/.test(plain) ? linkUrl(plain)?.hostname : null;
  const said = (named ?? HOST.exec(plain)?.[0])?.replace(/^www\./, "");
  const { hostname, pathname } = url;
  // Mail and telephone: the digits, or else the address.
  if (!hostname) {
    const number = plain.replace(/[^\d]/g, "").replace(/^0+/, "");
    const same = said
      ? plain.includes(pathname.toLowerCase())
      : pathname.includes(number.slice(-7));
    return same ? "" : pathname;
  }
  const host = hostname.replace(/^www\./, "");
  const differs = said && said !== host;
  return differs || url.username || /(?:^|\.)xn--/.test(host) ? host : "";
}
