/** A paragraph while it is open. */

import { unfinished } from "./math.ts";
import { element, roomIn } from "./nodes.ts";
import { LONG_TEXT, type Writer } from "./writer.ts";

export class Paragraph {
  text = "";
  /** Whether it has but one line: a table's header has no more. */
  single = true;
  #element: HTMLElement;
  readonly #writer: Writer;

  /** What most likely is a table's header is not shown before the next line tells. */
  constructor(parent: Element, writer: Writer, hidden: boolean) {
    this.#element = element("p", parent);
    this.#element.hidden = hidden;
    this.#writer = writer;
  }

  /** Whether a formula is open, which goes on whatever the next line begins with. */
  get unfinished(): boolean {
    return unfinished(this.text);
  }

  line(): void {
    this.single = false;
    this.#element.hidden = false;
    this.add("\n");
  }

  /** One that is too long goes on in another: reading it again, and its layout, stay cheap. */
  add(text: string): void {
    this.text += text;
    while (this.text.length > LONG_TEXT) {
      const whole = this.text;
      const space = /[ \n][^ \n]*$/.exec(whole.slice(0, LONG_TEXT))?.index;
      const cut = space || LONG_TEXT - (/[\ud800-\udbff]/.test(whole[LONG_TEXT - 1]!) ? 1 : 0);
      this.text = whole.slice(0, cut);
      const parent = this.#element.parentElement!;
      this.end();
      this.#element = element("p", roomIn(parent), "md-part");
      this.single = false;
      this.text = whole.slice(cut).trimStart();
    }
  }

  /** Shows it as it stands. */
  show(): void {
    this.#writer.show(this.#element, this.#writer.strip(this.text, false));
  }

  end(): void {
    this.#writer.write(this.#element, this.#writer.strip(this.text, true));
    this.#element.hidden = false;
    if (!this.#element.firstChild) this.#element.remove();
  }

  /** It turns out to be something else. */
  remove(): void {
    this.#element.remove();
  }
}
