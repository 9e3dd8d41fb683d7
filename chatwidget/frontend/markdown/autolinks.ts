/** Addresses that stand in the text as they are: GFM's autolinks, in the punctuation of all scripts. */

/** As far as one may go: to a space, a quote, or punctuation that no address is written with. */
const BARE = /(?:[^\s<>"`\p{P}]|[!#-;=?-_{-~]|\p{Pd}){1,2048}/uy;
/** What ends a sentence rather than an address. */
const TRAILING = /(?:[^\P{P}/\-#%&@\\)]|[~|^]|&[a-z\d]{1,31};)$/iu;
const MAIL = /(?:mailto:)?[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}(?![\w-])/iy;

const count = (text: string, char: string) => text.split(char).length - 1;

/**
 * The bare address that begins at `at`, as it is written and as an address; empty where there is
 * none. `bracketed`: a bracket is open, and the address does not close it.
 */
export function bareAddress(source: string, at: number, bracketed: boolean): [string, string] {
  MAIL.lastIndex = BARE.lastIndex = at;
  const mail = MAIL.exec(source)?.[0] ?? "";
  const before = source[at - 1] ?? "";
  if (/[\w/<:]/.test(before) || /[-_]$/.test(mail)) return ["", ""];
  if (mail) return [mail, mail.replace(/^(?:mailto:)?/i, "mailto:")];
  let text = BARE.exec(source)?.[0] ?? "";
  if (bracketed) text = text.split("]")[0]!;
  let unclosed = count(text, "(") - count(text, ")");
  for (;;) {
    const end = text.endsWith(")") ? unclosed++ < 0 && ")" : TRAILING.exec(text.slice(-33))?.[0];
    if (!end) break;
    text = text.slice(0, -end.length);
  }
  return /^(?:https?:\/\/.|www\.[^.])/i.test(text) ? [text, text] : ["", ""];
}
