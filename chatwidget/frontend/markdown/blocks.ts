/** The blocks that are open: boxes in each other, and the leaf that text flows into. */

import { Code, type Labels } from "./code.ts";
import { directionOf } from "./lines.ts";
import { element, LARGE, roomIn } from "./nodes.ts";
import { Paragraph } from "./paragraph.ts";
import { Table } from "./tables.ts";
import { Writer, type WriterOptions } from "./writer.ts";

export interface MarkdownOptions extends WriterOptions, Labels {
  /** Added to the level of headings, which then fit below the page's own. */
  headingOffset?: number;
  /** What a fold over the model's reasoning is called. */
  thinking?: string;
}

/** A block that holds others: a quote, a list's item, a footnote, a fold. */
export interface Box {
  into: Element;
  /** What ends an item's marker ("-", "+", "*", ".", ")"), or ">", "^", "think", "details". */
  mark: string;
  /** An item's list. */
  list?: Element;
  /** The column at which an item's text begins. A fold has none: it goes on until it is closed. */
  indent?: number;
}

/** Deeper quotes and lists are text. */
const DEPTH = 20;

export class Blocks {
  readonly writer: Writer;
  readonly boxes: Box[] = [];
  /** How many boxes the current line is known to continue. */
  matched = 0;
  leaf: Paragraph | Code | Table | null = null;
  readonly #root: Element;
  readonly #options: MarkdownOptions;
  /** Whether a blank line is all that came since the last block. */
  #blank = false;
  /** The lists and quotes whose direction is known. */
  readonly #directed = new WeakSet<Element>();

  constructor(root: Element, options: MarkdownOptions) {
    this.#root = root;
    this.#options = options;
    this.writer = new Writer(options);
  }

  /** The box that the current line may continue next. */
  get next(): Box | undefined {
    return this.boxes[this.matched];
  }

  get isFull(): boolean {
    return this.matched >= DEPTH;
  }

  open(box: Box): void {
    this.boxes.push(box);
    this.matched++;
  }

  /** Closes the leaf and all boxes but the first `count`; returns what the next block goes into. */
  close(count = this.matched): Element {
    const { leaf } = this;
    this.leaf = null;
    if (leaf instanceof Paragraph) this.#direct(leaf.text);
    leaf?.end();
    this.boxes.length = count;
    return this.boxes.at(-1)?.into ?? this.#root;
  }

  /** What the next block goes into: a list that has two with a blank line between them is loose. */
  into(): Element {
    const into = this.close();
    if (this.#blank && into.firstChild) this.boxes.at(-1)?.list?.classList.add("md-loose");
    this.#blank = false;
    return roomIn(into);
  }

  blankLine(): void {
    const box = this.boxes[this.matched - 1];
    this.#blank = box?.mark !== ">";
    // An item that began with a blank line ends with the next.
    if (box?.list && !box.into.firstChild) box.indent = Infinity;
    this.close();
  }

  paragraph(hidden: boolean): void {
    this.leaf = new Paragraph(this.into(), this.writer, hidden);
  }

  /** The text of the paragraph that is open, which then is something else's. */
  taken(): string {
    const { text } = this.leaf as Paragraph;
    (this.leaf as Paragraph).remove();
    this.leaf = null;
    this.#direct(text);
    return text;
  }

  heading(level: number, text: string): void {
    const shown = Math.min(level + (this.#options.headingOffset ?? 0), 6);
    this.writer.write(element(`h${shown}` as "h1", this.into()), text);
  }

  code(language: string, fence: string, indent: number): void {
    this.leaf = new Code(this.into(), language, this.#options, fence, indent);
  }

  table(header: string, alignments: string[]): void {
    this.leaf = new Table(this.into(), this.writer, header, alignments);
  }

  quote(): void {
    this.open({ into: element("blockquote", this.into()), mark: ">", indent: 0 });
  }

  note(label: string): void {
    const into = element("div", this.into(), "md-note");
    element("sup", into).append(label);
    this.writer.define(`^${label}`, { address: "", title: "" });
    this.open({ into, mark: "^", list: into, indent: 4 });
  }

  fold(name: string): void {
    const into = element("details", this.into());
    const mark = name.toLowerCase();
    if (mark !== "details") {
      into.className = "md-think";
      element("summary", into).append(this.#options.thinking ?? "Thinking…");
    }
    this.open({ into, mark });
  }

  /** Closes the innermost fold of that name; false where none is open. */
  closeFold(name: string): boolean {
    const index = this.boxes.findLastIndex(({ mark }) => mark === name.toLowerCase());
    if (index < 0) return false;
    this.close(index);
    this.matched = index;
    return true;
  }

  item(mark: string, number: string | undefined, indent: number): void {
    let list = this.next?.mark === mark ? this.next.list : undefined;
    if (list) {
      this.close();
      if (this.#blank) list.classList.add("md-loose");
      this.#blank = false;
      if (list.childElementCount === LARGE) list = goOn(list);
    } else {
      list = element(number ? "ol" : "ul", this.into());
      if (number && number !== "1") (list as HTMLOListElement).start = +number;
    }
    const into = element("li", list);
    const last = number ? (list as HTMLOListElement).start + list.childElementCount - 1 : 0;
    if (last > 99) list.classList.add("md-wide");
    this.open({ into, mark, list, indent });
  }

  /** Shows what is open as it stands. */
  show(): void {
    if (!(this.leaf instanceof Paragraph)) return;
    this.#direct(this.leaf.text);
    this.leaf.show();
  }

  /** The first letter in a list or a quote says on which side its marks stand. */
  #direct(text: string): void {
    const direction = directionOf(text);
    for (const { list, into } of direction ? this.boxes : []) {
      const block = list ?? into;
      if (direction === "rtl" && !this.#directed.has(block)) block.classList.add("md-rtl");
      this.#directed.add(block);
    }
  }
}

/** A long list goes on in another. */
function goOn(list: Element): Element {
  const next = list.cloneNode() as HTMLOListElement;
  if (list instanceof HTMLOListElement) next.start = list.start + LARGE;
  next.classList.add("md-part");
  roomIn(list.parentElement!).append(next);
  return next;
}
