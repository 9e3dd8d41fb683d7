/** What a line of Markdown begins with, and the columns of its space. */

/** The beginning of a line that may yet turn out to be this or that. */
export const UNDECIDED =
  /^(?:>|#{1,6}(?:[ \t].*)?|[-+*_=:|][-+*_=:| \t]*|\d{1,9}(?:[.)][ \t]*)?|`{1,2}|`{3,}[^`]*|~{1,2}|~{3,}.*|\[(?:[ x]|[!^][^\]]{0,32})?\]?[ \t]*|<[!/]?[a-z-]{0,9}|<summary>.*)$/i;
export const HEADING = /^(#{1,6})(?:[ \t]|$)/;
export const UNDERLINE = /^(?:=+|-+)[ \t]*$/;
export const RULE = /^(?:(?:-[ \t]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})$/;
export const FENCE = /^(?:(`{3,})([^`]*)|(~{3,})(.*))$/;
export const FENCE_END = /^(`*|~*)[ \t]*$/;
export const ITEM = /^(?:([-+*])|(\d{1,9})([.)]))(?:([ \t]{1,4})(?=[^ \t])|[ \t]|$)/;
export const TASK = /^\[([ xX])\](?=[ \t]|$)/;
export const ALERT = /^\[!(note|tip|important|warning|caution)\][ \t]*$/i;
export const NOTE = /^\[\^([^\]\s]{1,32})\]:/;
/** What is folded away: a model's reasoning, and what it folded itself. */
export const FOLD = /^<(\/?)(think(?:ing)?|details)>/i;
export const FOLD_END = /<\/(think(?:ing)?|details)>/i;
/** The same, as far as it has come. */
export const FOLD_END_BEGUN = /<(?:\/[a-z]{0,8})?$/i;
export const SUMMARY = /^<summary>(.*?)<\/summary>/i;

const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** "rtl" or "ltr" as the text's first letter has it; empty where there is none. */
export function directionOf(text: string): string {
  const letter = /\p{L}/u.exec(text)?.[0];
  return letter ? (RTL.test(letter) ? "rtl" : "ltr") : "";
}

/** A tab is four columns, wherever it stands. */
export const columns = (space: string) => space.length + 3 * (space.split("\t").length - 1);

/** The index in `line` after at most `count` columns of space from `at`. */
export function skipColumns(line: string, at: number, count: number): number {
  let index = at;
  for (let left = count; left > 0; left -= line[index++] === "\t" ? 4 : 1) {
    if (line[index] !== " " && line[index] !== "\t") break;
  }
  return index;
}
