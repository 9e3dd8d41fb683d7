/** The blocks that are more than one element: code with its bar, tables. */

import { Inline, type InlineOptions } from "./inline.ts";
import { element } from "./nodes.ts";

/** What a code block's button says, before and after. */
export interface Labels {
  copy?: string;
  copied?: string;
}

export function writeInline(parent: Element, text: string, options: InlineOptions): void {
  const inline = new Inline(parent, options);
  inline.write(text);
  inline.end();
}

/** A code block's `code`; its bar has the language and a button that copies. */
export function codeBlock(parent: Element, language: string, labels: Labels): HTMLElement {
  const { copy = "Copy", copied = "Copied" } = labels;
  const block = element("div", parent, "md-code");
  const bar = element("div", block, "md-bar");
  element("span", bar).append(language);
  const button = element("button", bar, "md-copy");
  const pre = element("pre", block);
  const code = element("code", pre);
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
  return code;
}

/** A row's cells. A "|" that is escaped is text (and no NUL is left in what we parse). */
export function cellsOf(row: string): string[] {
  return row
    .replaceAll("\\|", "\0")
    .trim()
    .replace(/^\|/, "")
    .replace(/\|$/, "")
    .split("|")
    .map((cell) => cell.trim().replaceAll("\0", "|"));
}

const ALIGNMENT = /^(:?)-+(:?)$/;

/** The alignments that a delimiter row gives to its columns, or null where it is none. */
export function alignmentsOf(row: string): string[] | null {
  const alignments = cellsOf(row).map((cell) => {
    const [all, left, right] = ALIGNMENT.exec(cell) ?? [];
    return all && (right ? (left ? "center" : "right") : left && "left");
  });
  return alignments.includes(undefined) ? null : (alignments as string[]);
}

/** A table with its header row; returns the body. */
export function tableOf(
  parent: Element,
  header: string,
  alignments: string[],
  options: InlineOptions,
): HTMLElement {
  const block = element("div", parent, "md-table");
  block.tabIndex = 0;
  const table = element("table", block);
  writeRow(element("thead", table), "th", header, alignments, options);
  return element("tbody", table);
}

/** Cells beyond the header's are dropped; missing ones are not made up, lest a line make thousands. */
export function writeRow(
  section: Element,
  name: "td" | "th",
  row: string,
  alignments: string[],
  options: InlineOptions,
): void {
  const line = element("tr", section);
  for (const [index, text] of cellsOf(row).slice(0, alignments.length).entries()) {
    const cell = element(name, line);
    if (alignments[index]) cell.align = alignments[index];
    writeInline(cell, text, options);
  }
}
