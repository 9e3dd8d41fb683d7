/** Definitions of what a label refers to: `[label]: address "title"`. */

import { type Target, targetOf } from "./links.ts";

const DEFINITION =
  /^ {0,3}\[(?!\^)((?:\\.|[^\\[\]]){1,999})\]:\s{0,99}(?:<([^<>\n]*)>|([^\s<]\S*))(?:\s{1,99}("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\((?:\\.|[^()\\])*\)))?[ \t]*(?:\n|$)/;
const BEGUN =
  /^ {0,3}\[(?!\^)((?:\\.|[^\\[\]]){1,999})\]:\s{0,99}(?:<[^<>\n]*>?|[^\s<]\S*)?(?:\s{1,99}(?:["'(][\s\S]*)?)?$/;
const ADDRESS = /^(?:\.{0,2}\/|[a-z][\w+.-]*:)|\.[a-z\u00a1-\uffff]{2}/i;

/** A label as it is compared: in any case, with any spaces. */
export const labelOf = (text: string) =>
  text.trim().replace(/\s+/g, " ").toLowerCase().toUpperCase();

/**
 * The definition that a text begins with, and its length, 0 where there is none. While more is to
 * come, what looks like one takes all, so that it is not shown before it is known to be none. What
 * leads to no address (`[Agent]: Yes.`) is one only where its label was `asked` for.
 */
export function definitionOf(
  text: string,
  last: boolean,
  asked: (label: string) => boolean,
): [length: number, label: string, Target] {
  const [all = "", label = "", angled, bare, title] = DEFINITION.exec(text) ?? [];
  const leads = label.trim() && (title || ADDRESS.test(bare ?? "/") || asked(label));
  const length = leads ? all.length : !last && BEGUN.test(text) ? text.length : 0;
  return [length, last ? label : "", targetOf(angled ?? bare, title)];
}
