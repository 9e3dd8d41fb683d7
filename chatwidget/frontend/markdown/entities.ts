/** Backslash escapes and HTML's entities. */

export const ESCAPED = /\\([!-/:-@[-`{-~])|&(#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});/gi;

/** One match of ESCAPED as the characters that it means. */
export function unescapeOne(match: string, escaped?: string, entity = ""): string {
  if (escaped) return escaped;
  if (entity[0] !== "#") return named(match);
  const code = Number(entity.slice(1).replace(/^x/i, "0x"));
  return code > 0 && code < 0x110000 && (code < 0xd800 || code > 0xdfff)
    ? String.fromCodePoint(code)
    : "\ufffd";
}

export function unescapeAll(text: string): string {
  return text.replace(ESCAPED, unescapeOne);
}

const known = new Map<string, string>();
let decoder: HTMLElement | undefined;
// Where a page asks for trusted types. What goes through is one entity: "&", letters, digits, ";".
const policy = () => {
  const { trustedTypes } = window as { trustedTypes?: { createPolicy: CreatePolicy } };
  return trustedTypes?.createPolicy("chatwidget-entities", { createHTML: (html) => html });
};
type CreateHtml = (html: string) => string;
type CreatePolicy = (name: string, rules: { createHTML: CreateHtml }) => { createHTML: CreateHtml };
let trusted: CreateHtml;

/** The browser knows all two thousand: `&mdash;` as text, in a document that is never shown. */
function named(entity: string): string {
  let text = known.get(entity);
  if (text === undefined) {
    if (!decoder) {
      decoder = document.implementation.createHTMLDocument("").body;
      const made = policy();
      trusted = (html) => (made ? made.createHTML(html) : html);
    }
    decoder.innerHTML = trusted(entity);
    text = decoder.textContent;
    if (known.size < 5_000) known.set(entity, text);
  }
  return text;
}
