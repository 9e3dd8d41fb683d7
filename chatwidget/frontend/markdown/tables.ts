/** GFM's tables. */

import { directionOf } from "./lines.ts";
import { element, LARGE, roomIn } from "./nodes.ts";
import type { Writer } from "./writer.ts";

const PIECES = /\\[\s\S]?|`+|\||[^\\`|]+/g;

/** A row's cells. A "|" that is escaped, or within backticks, is text. */
export function cellsOf(row: string): string[] {
  const pieces: string[] = row.trim().match(PIECES) ?? [];
  if (pieces[0] === "|") pieces.shift();
  if (pieces.at(-1) === "|") pieces.pop();
  const cells = [""];
  for (let at = 0; at < pieces.length; at++) {
    const end = pieces[at]![0] === "`" ? pieces.indexOf(pieces[at]!, at + 1) : -1;
    const text = end < 0 ? pieces[at]! : pieces.slice(at, end + 1).join("");
    if (text === "|") cells.push("");
    else cells[cells.length - 1] += text.replaceAll("\\|", "|");
    at = Math.max(at, end);
  }
  return cells.map((cell) => cell.trim());
}

const MOST_COLUMNS = 64;
const ALIGNMENT = /^(:?)-+(:?)$/;

/** The alignments that a delimiter row gives to its columns, or null where it is none. */
export function alignmentsOf(row: string): string[] | null {
  const cells = cellsOf(row).map((cell) => ALIGNMENT.exec(cell));
  if (cells.length > MOST_COLUMNS || cells.includes(null)) return null;
  return cells.map((cell) => (cell![2] ? (cell![1] ? "center" : "right") : cell![1]! && "left"));
}

export class Table {
  readonly #parent: Element;
  readonly #writer: Writer;
  readonly #header: string;
  readonly #alignments: string[];
  #body!: Element;

  constructor(parent: Element, writer: Writer, header: string, alignments: string[]) {
    this.#parent = parent;
    this.#writer = writer;
    this.#header = header;
    this.#alignments = alignments;
    this.#begin();
  }

  #begin(): void {
    const block = element("div", roomIn(this.#parent), "md-table");
    block.tabIndex = 0;
    const table = element("table", block, directionOf(this.#header) === "rtl" ? "md-rtl" : "");
    this.#row(element("thead", table), "th", cellsOf(this.#header));
    this.#body = element("tbody", table);
  }

  /** Missing cells are made up, but no more than the line has characters, lest it make thousands. */
  row(text: string): void {
    // A long table goes on in another.
    if (this.#body.childElementCount * this.#alignments.length > 5 * LARGE) this.#begin();
    const cells = cellsOf(text);
    const missing = Math.min(this.#alignments.length - cells.length, text.length);
    this.#row(this.#body, "td", missing > 0 ? [...cells, ...Array(missing).fill("")] : cells);
  }

  #row(section: Element, name: "td" | "th", cells: string[]): void {
    const columns = this.#alignments.length;
    const line = element("tr", section);
    // What is beyond the header's columns is one cell more, so that no text is lost.
    const beyond = cells.splice(columns).join(" | ");
    for (const [index, text] of cells.entries()) {
      const cell = element(name, line);
      if (this.#alignments[index]) cell.align = this.#alignments[index];
      this.#writer.write(cell, text);
    }
    if (beyond) this.#writer.write(element(name, line, "md-more"), beyond);
  }

  end(): void {}
}
