/** A code block: its bar has the language and a button that copies. */

import { appendText, element } from "./nodes.ts";

/** What a code block's button says, before and after. */
export interface Labels {
  copy?: string;
  copied?: string;
}

/** Long code is in parts, which end where a line does. */
const LONG_PART = 4096;

export class Code {
  /** What ends it, and the columns of space that each of its lines is without. */
  readonly fence: string;
  readonly indent: number;
  readonly #code: HTMLElement;
  #part: HTMLElement;
  #size = 0;
  #started = false;

  constructor(parent: Element, language: string, labels: Labels, fence: string, indent: number) {
    this.fence = fence;
    this.indent = indent;
    const { copy = "Copy", copied = "Copied" } = labels;
    const block = element("div", parent, "md-code");
    const bar = element("div", block, "md-bar");
    element("span", bar).append(language);
    const button = element("button", bar, "md-copy");
    const pre = element("pre", block);
    const code = element("code", pre);
    this.#code = this.#part = code;
    pre.tabIndex = 0; // it scrolls, so the keyboard must reach it
    button.type = "button";
    button.append(copy);
    button.onclick = async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = copied;
        setTimeout(() => {
          button.textContent = copy;
        }, 2000);
      } catch {
        // No clipboard here: the code is selected, and one key away.
        getSelection()?.selectAllChildren(code);
      }
    };
  }

  add(text: string): void {
    appendText(this.#part, text);
    this.#size += text.length;
  }

  /** Begins a line. */
  line(): void {
    this.end();
    this.#started = true;
    if (this.#size < LONG_PART) return;
    this.#part = element("span", this.#code, "md-part");
    this.#size = 0;
  }

  end(): void {
    if (this.#started) this.add("\n");
  }
}
