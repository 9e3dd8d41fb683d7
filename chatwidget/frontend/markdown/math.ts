/** TeX in a reply: where it begins and ends. Made into MathML by ../math/main.ts, where it is loaded. */

/** A formula is no longer than this; what has no end by then is none. */
const LONGEST = 2000;
const CLOSERS: Record<string, string> = { "\\(": "\\)", "\\[": "\\]", $$: "$$", $: "$" };

/** `\[Your Name\]` is an escaped bracket, `\(x_1\)` is not: words without a sign are prose. */
const PROSE = /^[^\\^_={}+*/<>|\d]*\p{L}{4}[^\\^_={}+*/<>|\d]*$|^[^\p{L}\p{N}]*$/u;
/** Between single dollars prices are likelier: a sign, or nothing but a short name. */
const FORMULA = /^(?!\d).*[\\^_={}+*/<>|]|^\d\S*[\\^_={}+*/<>|]|^[a-z][\w'(),.-]{0,7}$/i;

/** Whether more is waited for where `source` at `at` opens a formula that has no end yet. */
const WAITS = /^(?:\\[([]|\$\$|\$[a-z\\])/i;

/** The index after the formula at `at`; 0 where there is none, -1 where more must come first. */
export function formula(source: string, at: number, last: boolean): number {
  const open = source.slice(at, at + 2);
  const single = open[0] === "$" && open !== "$$";
  const opener = single ? "$" : open;
  const closer = CLOSERS[opener];
  if (!closer || (single && (/^.\s/.test(open) || /[\w$]/.test(source[at - 1] ?? "")))) return 0;
  const from = at + opener.length;
  const line = single ? source.indexOf("\n", from) : -1;
  const limit = Math.min(line < 0 ? source.length : line, from + (single ? 200 : LONGEST));
  for (let end = from; ; end += closer.length) {
    end = source.indexOf(closer, end);
    if (end < 0 || end >= limit) break;
    const content = source.slice(from, end);
    if (!single) return PROSE.test(content) ? 0 : end + 2;
    if (/[\s\\]$/.test(content) || /^\d/.test(source[end + 1] ?? "")) continue;
    return FORMULA.test(content) ? end + 1 : 0;
  }
  return !last && limit === source.length && WAITS.test(open) ? -1 : 0;
}

/** Whether a text ends within a formula of several lines. */
export const unfinished = (text: string) =>
  text.split("$$").length % 2 < 1 || text.lastIndexOf("\\[") > text.lastIndexOf("\\]");
