/**
 * Markdown as a stream: what a reply's deltas spell becomes DOM nodes as it comes, each block parsed
 * once and never again. CommonMark's everyday part with tables, task lists and strikethrough; raw
 * HTML is text (but for `<br>`, a table cell's only line break), and there is no indented code.
 *
 * A line is looked at as soon as it is clear what it begins; its text then flows into the leaf that
 * is open. However the text is cut, the nodes come out the same. Work is linear in the text: depth,
 * waiting and lookahead are bounded.
 */

import {
  alignmentsOf,
  cellsOf,
  codeBlock,
  type Labels,
  tableOf,
  writeInline,
  writeRow,
} from "./blocks.ts";
import { Inline, type InlineOptions } from "./inline.ts";
import { appendText, element, moveChildren } from "./nodes.ts";
import { unescapeAll } from "./urls.ts";

export interface MarkdownOptions extends InlineOptions, Labels {
  /** Added to the level of headings, which then fit below the page's own. */
  headingOffset?: number;
}

/** A block that holds others: a quote, or a list's item. */
interface Box {
  into: Element;
  /** What ends an item's marker ("-", "+", "*", ".", ")"); a quote has none. */
  mark?: string;
  /** An item's list, and the column at which its text begins. */
  list?: Element;
  indent: number;
}

/** Deeper quotes and lists are text. */
const DEPTH = 20;
/** A line that is not decided by then, or a heading or row longer than that, is a paragraph's. */
const LONGEST_LINE = 4096;

/** The beginning of a line that may yet turn out to be this or that. */
const UNDECIDED =
  /^(?:>|#{1,6}(?:[ \t].*)?|[-+*_=:|][-+*_=:| \t]*|\d{1,9}(?:[.)][ \t]*)?|`{1,2}|`{3,}[^`]*|~{1,2}|~{3,}.*|\[[ xX]?\]?)$/;
const HEADING = /^(#{1,6})(?:[ \t]|$)/;
const UNDERLINE = /^(?:=+|-+)[ \t]*$/;
const RULE = /^(?:(?:-[ \t]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})$/;
const FENCE = /^(?:(`{3,})([^`]*)|(~{3,})(.*))$/;
const FENCE_END = /^(`*|~*)[ \t]*$/;
const ITEM = /^(?:([-+*])|(\d{1,9})([.)]))(?:([ \t]{1,4})(?=[^ \t])|[ \t]|$)/;
const TASK = /^\[([ xX])\](?=[ \t]|$)/;

/** A tab is four columns, wherever it stands. */
const columns = (space: string) => space.length + 3 * (space.split("\t").length - 1);

/** The index in `line` after at most `count` columns of space from `at`. */
function skipColumns(line: string, at: number, count: number): number {
  let index = at;
  for (let left = count; left > 0; left -= line[index++] === "\t" ? 4 : 1) {
    if (line[index] !== " " && line[index] !== "\t") break;
  }
  return index;
}

export class MarkdownStream {
  readonly #root: Element;
  readonly #options: MarkdownOptions;
  readonly #boxes: Box[] = [];
  /** How many boxes the current line is known to continue. */
  #matched = 0;
  /** What has come and is not done with. */
  #source = "";
  /** Whether the rest of the current line is the open leaf's text. */
  #flowing = false;

  #leaf: "" | "paragraph" | "code" | "table" = "";
  /** The leaf's element: `p`, `code` or `tbody`. */
  #element!: HTMLElement;
  #inline!: Inline;
  /** Whether the leaf has but one line, and a paragraph's first: it may be a table's header. */
  #single = false;
  #first = "";
  #fence = "";
  #fenceIndent = 0;
  #alignments: string[] = [];

  constructor(root: Element, options: MarkdownOptions = {}) {
    this.#root = root;
    this.#options = options;
  }

  write(text: string): void {
    this.#source += text.replaceAll("\r", "").replaceAll("\0", "\ufffd");
    this.#run(false);
  }

  end(): void {
    this.#run(true);
    this.#closeTo(0);
  }

  #run(last: boolean): void {
    const source = this.#source;
    let at = 0;
    while (at < source.length) {
      const newline = source.indexOf("\n", at);
      const end = newline < 0 ? source.length : newline;
      if (!this.#flowing) at += this.#begin(source.slice(at, end), last || newline >= 0);
      if (this.#flowing) {
        this.#flow(source.slice(at, end));
        at = end;
      }
      if (newline >= 0) {
        at = newline + 1;
        this.#flowing = false;
        this.#matched = 0;
      } else if (!this.#flowing) break;
    }
    const rest = source.slice(at);
    const blank = rest.length > LONGEST_LINE && !rest.trim();
    this.#source = blank ? rest.slice(0, LONGEST_LINE) : rest;
  }

  /**
   * Finds what a line begins, as far as it has come (`whole`: to its end), and opens that. Returns how
   * many characters are done with; the others flow into the leaf, or wait for more.
   */
  #begin(line: string, whole: boolean): number {
    for (let at = 0; ; ) {
      const start = skipColumns(line, at, line.length * 4);
      const rest = line.slice(start);
      const indent = columns(line.slice(at, start));
      const short = rest.length < LONGEST_LINE;
      const box = this.#boxes[this.#matched];

      if (box?.mark && (indent >= box.indent || (!rest && whole))) {
        at = skipColumns(line, at, box.indent);
        this.#matched++;
        continue;
      }
      if (this.#leaf === "code" && !box) {
        const fence = indent < 4 ? FENCE_END.exec(rest)?.[1] : undefined;
        if (fence !== undefined && !whole && short) return at;
        if (whole && fence?.startsWith(this.#fence)) {
          this.#closeLeaf();
          return line.length;
        }
        if (!this.#single) this.#element.append("\n");
        this.#single = false;
        this.#flowing = true;
        return skipColumns(line, at, this.#fenceIndent);
      }
      if (!rest) {
        if (whole) this.#closeTo(this.#matched);
        return whole ? line.length : at;
      }
      if (!whole && short && (this.#leaf === "table" || UNDECIDED.test(rest))) return at;

      const quoted = box && !box.mark;
      if (rest[0] === ">" && (quoted || this.#matched < DEPTH)) {
        if (!quoted) this.#open({ into: element("blockquote", this.#closeTo()), indent: 0 });
        else this.#matched++;
        at = start + (/[ \t]/.test(rest[1] ?? "") ? 2 : 1);
        continue;
      }
      const used = short ? this.#special(rest, indent) : 0;
      at = start + used;
      if (used && at < line.length) continue;
      if (!used) this.#paragraph(rest);
      return at;
    }
  }

  /** Opens what is more than a paragraph; returns how much of the line that takes, 0 for none. */
  #special(rest: string, indent: number): number {
    const here = this.#matched === this.#boxes.length;
    const inParagraph = here && this.#leaf === "paragraph";
    if (inParagraph && this.#single && this.#table(rest)) return rest.length;
    if (inParagraph && UNDERLINE.test(rest)) {
      const text = this.#element;
      moveChildren(text, this.#heading(rest[0] === "=" ? 1 : 2));
      text.remove();
      return rest.length;
    }
    const [, level] = HEADING.exec(rest) ?? [];
    if (level) {
      const text = rest.slice(level.length).trim();
      writeInline(this.#heading(level.length), text.replace(/(?:^|[ \t])#+$/, ""), this.#options);
      return rest.length;
    }
    if (RULE.test(rest)) {
      element("hr", this.#closeTo());
      return rest.length;
    }
    const [fenced, ticks, info, tildes, other] = FENCE.exec(rest) ?? [];
    if (fenced) {
      const language = unescapeAll(info ?? other ?? "").trim();
      this.#element = codeBlock(this.#closeTo(), language.split(/\s/)[0]!, this.#options);
      this.#leaf = "code";
      this.#single = true;
      this.#fence = (ticks ?? tildes)!;
      this.#fenceIndent = indent;
      return rest.length;
    }
    if (here && this.#leaf === "table" && rest.includes("|")) {
      writeRow(this.#element, "td", rest, this.#alignments, this.#options);
      return rest.length;
    }
    return this.#task(rest) || this.#item(rest, indent, inParagraph);
  }

  #heading(level: number): Element {
    const shown = Math.min(level + (this.#options.headingOffset ?? 0), 6);
    return element(`h${shown}` as "h1", this.#closeTo());
  }

  /** A delimiter row makes the line before it a table's header. */
  #table(rest: string): boolean {
    const alignments = (rest + this.#first).includes("|") && alignmentsOf(rest);
    if (!alignments || cellsOf(this.#first).length !== alignments.length) return false;
    const text = this.#element;
    this.#element = tableOf(this.#closeTo(), this.#first, alignments, this.#options);
    this.#alignments = alignments;
    this.#leaf = "table";
    text.remove();
    return true;
  }

  #task(rest: string): number {
    const item = this.#boxes.at(-1);
    const [all, mark] = TASK.exec(rest) ?? [];
    if (!mark || !item?.mark || item.into.firstChild || this.#matched < this.#boxes.length)
      return 0;
    item.into.className = "md-task";
    element("span", item.into).append(mark === " " ? "☐" : "☑");
    return all!.length;
  }

  #item(rest: string, indent: number, inParagraph: boolean): number {
    const [all = "", bullet, number, end, space] = ITEM.exec(rest) ?? [];
    const sibling = this.#boxes[this.#matched];
    const mark = bullet ?? end;
    const same = sibling?.mark === mark;
    // What might be a paragraph's text ("… in\n1984. It") is that.
    const text = inParagraph && (all === rest || (number && number !== "1"));
    if (!mark || text || (!same && this.#matched >= DEPTH)) return 0;
    const into = this.#closeTo();
    const list = same ? sibling!.list! : element(number ? "ol" : "ul", into);
    if (!same && number && number !== "1") (list as HTMLOListElement).start = Number(number);
    const width = (number ?? "").length + 1 + (space?.length ?? 1);
    const column = indent + (space?.includes("\t") ? 4 : width);
    this.#open({ into: element("li", list), mark, list, indent: column });
    return all.length;
  }

  #paragraph(rest: string): void {
    this.#flowing = true;
    if (this.#leaf === "paragraph" && (rest[0] !== "|" || this.#first[0] === "|")) {
      this.#single = false;
      this.#element.hidden = false;
      this.#inline.write("\n");
      return;
    }
    this.#element = element("p", this.#closeTo());
    // Most likely a table's header: not shown before the next line tells.
    this.#element.hidden = rest[0] === "|";
    this.#inline = new Inline(this.#element, this.#options);
    this.#leaf = "paragraph";
    this.#single = true;
    this.#first = "";
  }

  #flow(text: string): void {
    if (this.#leaf === "code") appendText(this.#element, text);
    else {
      if (this.#single) this.#first += text;
      this.#inline.write(text);
    }
  }

  #open(box: Box): void {
    this.#boxes.push(box);
    this.#matched++;
  }

  #closeLeaf(): void {
    if (this.#leaf === "paragraph") {
      this.#inline.end();
      this.#element.hidden = false;
    } else if (this.#leaf === "code" && !this.#single) this.#element.append("\n");
    this.#leaf = "";
  }

  /** Closes the leaf and all boxes but the first `count`; returns what the next block goes into. */
  #closeTo(count = this.#matched): Element {
    this.#closeLeaf();
    this.#boxes.length = count;
    return this.#boxes.at(-1)?.into ?? this.#root;
  }
}
