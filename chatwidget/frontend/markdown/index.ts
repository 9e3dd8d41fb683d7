/**
 * Markdown as a stream: what a reply's deltas spell becomes DOM nodes as it comes. CommonMark with
 * GFM's tables, task lists, strikethrough and addresses, alerts, footnotes, TeX, and a handful of
 * HTML elements; docs/markdown.md says what is left out.
 *
 * A line is looked at as soon as it is clear what it begins; its text then flows into the leaf that
 * is open. Only the open paragraph is read again as it grows, and none is long, so work is linear in
 * the text: depth, waiting and lookahead are bounded. However the text is cut, the nodes come out the
 * same.
 */

import { Blocks, type MarkdownOptions } from "./blocks.ts";
import { Code } from "./code.ts";
import { unescapeAll } from "./entities.ts";
import * as lines from "./lines.ts";
import { element } from "./nodes.ts";
import { Paragraph } from "./paragraph.ts";
import { alignmentsOf, cellsOf, Table } from "./tables.ts";

export type { MarkdownOptions };

/** A line that is not decided by then, or a heading longer than that, is a paragraph's. */
const LONGEST_LINE = 4096;
/** A longer row goes on in another. */
const LONGEST_ROW = 16384;
/** The longest comment. */
const LONGEST_COMMENT = 4096;
/** What is out of sight in a longer text is not laid out. */
const LONG = 16384;

export class MarkdownStream {
  readonly #root: Element;
  readonly #blocks: Blocks;
  /** What has come and is not done with, and how much of it is by now. */
  #source = "";
  #at = 0;
  /** How much has come in all, and whether its last character was a carriage return. */
  #come = 0;
  #returned = false;
  /** Whether the current line has opened a block, and whether its rest is the open leaf's text. */
  #opened = false;
  #flowing = false;

  constructor(root: Element, options: MarkdownOptions = {}) {
    this.#root = root;
    this.#blocks = new Blocks(root, options);
  }

  write(text: string): void {
    if (!text) return;
    const rest = this.#returned ? text.replace(/^\n/, "") : text;
    this.#returned = text.endsWith("\r");
    this.#come += rest.length;
    if (this.#come > LONG) this.#root.classList.add("md-long");
    this.#source += rest.replace(/\r\n?/g, "\n").replaceAll("\0", "\ufffd");
    this.#run(false);
    this.#blocks.show();
    this.#blocks.writer.settle();
  }

  end(): void {
    this.#run(true);
    this.#blocks.close(0);
    this.#blocks.writer.settle();
  }

  #run(last: boolean): void {
    this.#at = 0;
    while (this.#at < this.#source.length) {
      if (!this.#flowing && !this.#begin(last)) break;
      if (this.#flowing && !this.#flow(last)) break;
      if (this.#source[this.#at] !== "\n") continue;
      this.#at++;
      this.#flowing = this.#opened = false;
      this.#blocks.matched = 0;
    }
    const rest = this.#source.slice(this.#at);
    const blank = rest.length > LONGEST_LINE && !rest.trim();
    this.#source = blank ? rest.slice(0, LONGEST_LINE) : rest;
  }

  /** The rest of the current line, and whether all of it has come. */
  #line(last: boolean): [string, boolean] {
    const newline = this.#source.indexOf("\n", this.#at);
    return newline < 0
      ? [this.#source.slice(this.#at), last]
      : [this.#source.slice(this.#at, newline), true];
  }

  /** Done with so many characters of the line; returns whether it goes on, or more must come first. */
  #done(count: number, goesOn = true): boolean {
    this.#at += count;
    return goesOn;
  }

  /** Finds what a line begins, as far as it has come, and opens that; false where more must come. */
  #begin(last: boolean): boolean {
    const blocks = this.#blocks;
    const [line, whole] = this.#line(last);
    for (let at = 0; ; ) {
      const start = lines.skipColumns(line, at, line.length * 4);
      const rest = line.slice(start);
      const indent = lines.columns(line.slice(at, start));
      const short = rest.length < LONGEST_LINE;
      const { next, leaf } = blocks;

      if (
        next &&
        (next.indent === undefined || (next.list && (indent >= next.indent || (!rest && whole))))
      ) {
        at = lines.skipColumns(line, at, next.indent ?? 0);
        blocks.matched++;
        continue;
      }
      if (leaf instanceof Code && !next) {
        const near = indent < 4 || indent <= leaf.indent;
        const fence = near ? lines.FENCE_END.exec(rest)?.[1] : undefined;
        if (fence !== undefined && !whole && short) return this.#done(at, false);
        if (whole && fence?.startsWith(leaf.fence)) {
          blocks.close();
          return this.#done(line.length);
        }
        leaf.line();
        this.#flowing = true;
        return this.#done(lines.skipColumns(line, at, leaf.indent));
      }
      if (!rest) {
        if (!whole) return this.#done(at, false);
        if (!this.#opened) blocks.blankLine();
        return this.#done(line.length);
      }
      const row = leaf instanceof Table;
      if (!whole && (row ? rest.length < LONGEST_ROW : short && lines.UNDECIDED.test(rest))) {
        return this.#done(at, false);
      }
      const formula = leaf instanceof Paragraph && !next && leaf.unfinished;
      const quoted = next?.mark === ">";
      if (!formula && rest[0] === ">" && (quoted || !blocks.isFull)) {
        if (quoted) blocks.matched++;
        else blocks.quote();
        at = start + (/[ \t]/.test(rest[1] ?? "") ? 2 : 1);
        continue;
      }
      if (!formula && rest.startsWith("<!--")) {
        const end = this.#source.indexOf("-->", this.#at + start + 2) + 3;
        const length = end - this.#at - start;
        if (end > 2 && length < LONGEST_COMMENT) {
          blocks.into();
          this.#at = end;
          return true;
        }
        const wait = end < 3 && !last && this.#source.length - this.#at - start < LONGEST_COMMENT;
        if (wait) return this.#done(start, false);
      }
      const used = !formula && (short || row) ? this.#special(rest, indent) : 0;
      this.#opened ||= used > 0;
      at = start + used;
      if (used && at < line.length) continue;
      if (!used) this.#paragraph(rest);
      return this.#done(at);
    }
  }

  /** Opens what is more than a paragraph; returns how much of the line that takes, 0 for none. */
  #special(rest: string, indent: number): number {
    const blocks = this.#blocks;
    const { leaf } = blocks;
    const here = !blocks.next;
    const paragraph = leaf instanceof Paragraph && leaf;
    // So far in, a line only goes on with what there is.
    if (paragraph && indent > 3) return 0;
    if (here && paragraph) {
      const alignments =
        paragraph.single && (rest + paragraph.text).includes("|") && alignmentsOf(rest);
      if (alignments && cellsOf(paragraph.text).length === alignments.length) {
        blocks.table(blocks.taken(), alignments);
        return rest.length;
      }
      const text = lines.UNDERLINE.test(rest) && blocks.writer.strip(paragraph.text, true);
      if (text) {
        blocks.taken();
        blocks.heading(rest[0] === "=" ? 1 : 2, text);
        return rest.length;
      }
    }
    const [, level] = lines.HEADING.exec(rest) ?? [];
    if (level) {
      const text = rest.slice(level.length).trim();
      blocks.heading(level.length, text.replace(/(?:^|[ \t])#+$/, ""));
      return rest.length;
    }
    if (lines.RULE.test(rest)) {
      element("hr", blocks.into());
      return rest.length;
    }
    const [fenced, ticks, info, tildes, other] = lines.FENCE.exec(rest) ?? [];
    if (fenced) {
      const language = unescapeAll(info ?? other ?? "").trim();
      blocks.code(language.split(/\s/)[0]!, (ticks ?? tildes)!, indent);
      return rest.length;
    }
    const used = this.#marker(rest, here) || this.#fold(rest) || this.#item(rest, indent);
    if (used || !here || !(leaf instanceof Table)) return used;
    const text = rest.slice(0, LONGEST_ROW);
    leaf.row(text);
    return text.length;
  }

  /** What stands first in an item (a task's box) or in a quote (an alert's kind), or is a footnote. */
  #marker(rest: string, here: boolean): number {
    const { boxes } = this.#blocks;
    const box = boxes.at(-1);
    const first = here && box && !box.into.firstChild;
    const [task, mark] = (first && box.list && lines.TASK.exec(rest)) || [];
    if (task) {
      box!.into.className = "md-task";
      element("span", box!.into).append(mark === " " ? "☐" : "☑");
      return task.length;
    }
    const [alert, kind] = (first && box.mark === ">" && lines.ALERT.exec(rest)) || [];
    if (alert) {
      box!.into.className = `md-alert md-${kind!.toLowerCase()}`;
      return alert.length;
    }
    const [note, label] = lines.NOTE.exec(rest) ?? [];
    if (!note || this.#blocks.isFull) return 0;
    this.#blocks.note(label!);
    return note.length;
  }

  /** The beginning and the end of a fold, and its summary. */
  #fold(rest: string): number {
    const blocks = this.#blocks;
    const [fold = "", end, name] = lines.FOLD.exec(rest) ?? [];
    if (fold) {
      if (end ? !blocks.closeFold(name!) : blocks.isFull) return 0;
      if (!end) blocks.fold(name!);
      return fold.length;
    }
    const box = blocks.boxes.at(-1);
    const [all, summary] = (box?.mark === "details" && lines.SUMMARY.exec(rest)) || [];
    if (!all || box!.into.firstChild || blocks.next) return 0;
    blocks.writer.write(element("summary", box!.into), summary!);
    return all.length;
  }

  #item(rest: string, indent: number): number {
    const blocks = this.#blocks;
    const [all = "", bullet, number, end, space] = lines.ITEM.exec(rest) ?? [];
    const mark = bullet ?? end;
    // What might be a paragraph's text ("… in\n1984. It") is that.
    const text = !blocks.next && blocks.leaf instanceof Paragraph;
    if (!mark || (text && (all === rest || (number && number !== "1")))) return 0;
    if (blocks.next?.mark !== mark && blocks.isFull) return 0;
    const width = (number ?? "").length + 1 + (space?.length ?? 1);
    blocks.item(mark, number, indent + (space?.includes("\t") ? 4 : width));
    return all.length;
  }

  #paragraph(rest: string): void {
    const { leaf } = this.#blocks;
    this.#flowing = true;
    const goesOn = leaf instanceof Paragraph && (rest[0] !== "|" || leaf.text[0] === "|");
    if (goesOn) leaf.line();
    else this.#blocks.paragraph(rest[0] === "|");
  }

  /** The rest of a line goes into the open leaf; false where more must come first. */
  #flow(last: boolean): boolean {
    const blocks = this.#blocks;
    const leaf = blocks.leaf as Paragraph | Code;
    const [text, whole] = this.#line(last);
    const folded =
      leaf instanceof Paragraph && blocks.boxes.some(({ indent }) => indent === undefined);
    const [end = "", name] = (folded && lines.FOLD_END.exec(text)) || [];
    const begun = folded && !whole ? text.search(lines.FOLD_END_BEGUN) : -1;
    const at = end ? text.indexOf(end) : begun;
    leaf.add(at < 0 ? text : text.slice(0, at));
    if (at < 0) return this.#done(text.length);
    if (!end) return this.#done(at, false);
    this.#flowing = !blocks.closeFold(name!);
    if (this.#flowing) leaf.add(end);
    return this.#done(at + end.length);
  }
}
