/** Emphasis: CommonMark's rules for runs of `*` and `_`, and GFM's `~~`. */

import { type Inline, span, type Tag } from "./nodes.ts";

/** Markup whose other end has not come: text, if it never does. */
export interface Mark {
  /** "*", "_", "~", "[", "![", or the name of an HTML element. */
  kind: string;
  /** What of it is still open. */
  text: string;
  /** Where its content begins in the source. */
  from: number;
  run: number;
  opens: boolean;
  closes: boolean;
  /** While the text still comes: most likely closed in the end, so shown as if it were. */
  firm: boolean;
}

export type Item = Inline | Mark;

/** Deeper markup is text: this bounds the DOM's depth. */
export const DEPTH = 12;

export const isMark = (item: Item | undefined): item is Mark =>
  typeof item === "object" && "kind" in item;

const SPACE = /^\s?$/;
const PUNCTUATION = /^[\p{P}\p{S}]/u;
// No space is written between words of these scripts (Thai to Khmer, CJK), and what stands beside
// them is not what CommonMark means by punctuation.
const UNSPACED =
  /^[\u0e00-\u11ff\u1780-\u1aaf\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef\u{1b000}-\u{3ffff}]/u;
const WORD = /^[a-z\d]/i;
const isPunctuation = (char: string) => PUNCTUATION.test(char) && !UNSPACED.test(char);
const isEdge = (char: string) => SPACE.test(char) || PUNCTUATION.test(char) || UNSPACED.test(char);

/** A run of delimiters between two characters; null where it is text: `2*4*10`, `~~~`. */
export function delimiter(text: string, before: string, after: string, from: number): Mark | null {
  const kind = text[0]!;
  const run = text.length;
  if (kind === "~" ? run !== 2 : /\d/.test(before) && /^\d/.test(after)) return null;
  const left = !SPACE.test(after) && (!isPunctuation(after) || isEdge(before));
  const right = !SPACE.test(before) && (!isPunctuation(before) || isEdge(after));
  const word = kind === "_";
  const opens = left && (!word || !right || isPunctuation(before));
  const closes = right && (!word || !left || isPunctuation(after));
  const firm = opens && run < 4 && !(WORD.test(before) && WORD.test(after));
  return { kind, text, from, run, opens, closes, firm };
}

/** Items as nodes; what is still open is text. */
export function settled(items: Item[]): Inline[] {
  const nodes: Inline[] = [];
  for (const item of items) {
    const node = isMark(item) ? item.text : item;
    const last = nodes.at(-1);
    if (typeof node === "string" && typeof last === "string") nodes[nodes.length - 1] = last + node;
    else if (node) nodes.push(node);
  }
  return nodes;
}

function fits(item: Item, closer: Mark): boolean {
  return (
    isMark(item) &&
    item.kind === closer.kind &&
    item.opens &&
    // The rule of three.
    (!(item.closes || closer.opens) ||
      (item.run + closer.run) % 3 > 0 ||
      (item.run % 3 === 0 && closer.run % 3 === 0))
  );
}

/** By how many are open, from within. */
const EMPHASIS = [[], ["em"], ["strong"], ["strong", "em"]];

/** Pairs the delimiters from `from` on. Nothing is looked at twice in vain. */
export function pair(items: Item[], from: number): void {
  /** By what a closer looks for: below this there is none. */
  const bottoms = new Map<string, number>();
  for (let at = from; at < items.length; at++) {
    const closer = items[at];
    if (!isMark(closer) || !closer.closes) continue;
    const wanted = `${closer.kind}${closer.opens}${closer.run % 3}`;
    const bottom = bottoms.get(wanted) ?? from;
    let index = at - 1;
    while (index >= bottom && !fits(items[index]!, closer)) index--;
    const opener = items[index] as Mark;
    const size = index >= bottom && opener.text.length > 1 && closer.text.length > 1 ? 2 : 1;
    const tag = closer.kind === "~" ? "del" : size > 1 ? "strong" : "em";
    const made = index < bottom ? null : span(tag, settled(items.slice(index + 1, at)));
    if (!made || made.depth > DEPTH) {
      bottoms.set(wanted, at);
      continue;
    }
    items.splice(index + 1, at - index - 1, made);
    opener.text = opener.text.slice(size);
    closer.text = closer.text.slice(size);
    if (!closer.text) items.splice(index + 2, 1);
    if (!opener.text) items.splice(index, 1);
    at = opener.text ? index + 1 : index; // the closer once more, for what is left of it
    for (const [key, value] of bottoms) if (value > index) bottoms.set(key, index);
  }
}

/** While text still comes: what is open and firm is shown as if it ended here. */
export function closeFirm(items: Item[]): void {
  for (let at = items.length - 1; at >= 0; at--) {
    const mark = items[at];
    if (!isMark(mark) || !mark.firm) continue;
    const { kind, text } = mark;
    const tags = /[a-z]/.test(kind) ? [kind] : kind === "~" ? ["del"] : EMPHASIS[text.length];
    let kids = settled(items.splice(at).slice(1));
    for (const tag of tags ?? []) if (kids.length) kids = [span(tag as Tag, kids)];
    items.push(...kids);
  }
}
