/** What messages are made of, for the first look and for what takes it over. */
import { el } from "../dom.ts";

/** Whatever may mean something in Markdown, or may not be shown. */
const MARKS =
  /[\\`*_~[\]<>&$@#|\r\0\u202a-\u202e\u2066-\u2069]|https?:|www\.|^(?:[-+=:]|\d+[.)])|^[ \t]|[ \t]$|[ \t]{2}/im;

/** Whether a whole text has no marks, so that nothing has to be loaded to read it. */
export const isPlain = (text: string): boolean => !MARKS.test(text);

/** The same elements that Markdown has for such a text. */
export const plain = (text: string): HTMLElement[] =>
  text
    .trim()
    .split(/\n{2,}/)
    .map((paragraph) => {
      const lines = paragraph.split("\n").flatMap((line) => [el("br"), line]);
      return el("p", {}, ...lines.slice(1));
    });

/** A message's article, with places for its text, its rich element and what is noted of it. */
export const bubble = (mine: boolean): HTMLElement =>
  el(
    "article",
    { class: mine ? "mine" : "theirs" },
    el("div", { class: "body" }),
    el("div", { class: "ui" }),
    el("p", { class: "note" }),
  );

/** When it was, below it. */
export const time = (iso: string, clock: string): HTMLElement =>
  el("time", { datetime: iso }, clock);

/** Three dots that move while nothing has come yet; without a label they are only seen. */
export function dots(label = ""): HTMLElement {
  const spoken = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  return el("span", { class: "dots", ...spoken }, el("i"), el("i"), el("i"));
}
