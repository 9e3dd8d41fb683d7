/** Writes inline Markdown into elements, and once more when a label in it has been defined. */

import { readInline } from "./inline.ts";
import type { InlineOptions, Target } from "./links.ts";
import { type Inline, patch } from "./nodes.ts";
import { definitionOf, labelOf } from "./references.ts";

export interface WriterOptions extends InlineOptions {
  /** Makes MathML of a formula's element, whose text is its source. */
  math?: ((formula: HTMLElement) => void) | undefined;
}

/** A longer text is read in parts. */
export const LONG_TEXT = 4096;
/** More blocks than these do not wait for definitions: their references stay text. */
const MOST_WAITING = 100;

export class Writer {
  readonly #options: WriterOptions;
  readonly #targets = new Map<string, Target>();
  /** The labels that were not defined when they were read, and what has them. */
  readonly #asked = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #defined = false;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Shows a text that may still grow. */
  show(into: Element, text: string): void {
    this.#patch(into, text, false);
  }

  write(into: Element, text: string): void {
    let waits = false;
    const write = () =>
      this.#patch(into, text, true, (label) => {
        this.#asked.add(label);
        if (!waits && this.#waiting.length < MOST_WAITING) waits = !!this.#waiting.push(write);
      });
    write();
  }

  #patch(into: Element, text: string, last: boolean, missing?: (label: string) => void): void {
    const nodes: Inline[] = [];
    const defined = (label: string) => {
      const target = this.#targets.get(labelOf(label));
      if (!target) missing?.(labelOf(label));
      return target;
    };
    for (let at = 0; at < text.length; at += LONG_TEXT) {
      const piece = text.slice(at, at + LONG_TEXT);
      nodes.push(...readInline(piece, last, { ...this.#options, defined }));
    }
    patch(into, nodes, this.#options.math);
  }

  define(label: string, target: Target): void {
    const key = labelOf(label);
    if (this.#targets.has(key)) return;
    this.#targets.set(key, target);
    this.#defined = true;
  }

  /** Writes once more what has waited for what has been defined. */
  settle(): void {
    if (this.#defined) for (const write of this.#waiting) write();
    this.#defined = false;
  }

  /** A paragraph without the definitions that it begins with; `last`: they count, it is whole. */
  strip(paragraph: string, last: boolean): string {
    let rest = paragraph;
    for (;;) {
      const [length, label, target] = definitionOf(rest, last, (name) =>
        this.#asked.has(labelOf(name)),
      );
      if (!length) return rest;
      if (label) this.define(label, target);
      rest = rest.slice(length);
    }
  }
}
