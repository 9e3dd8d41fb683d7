/** The Markdown renderer on a page of its own, for test_markdown.py. */

import { MarkdownStream } from "../../chatwidget/frontend/markdown/index.ts";
import { shown } from "./shown.ts";

const OPTIONS = { imageHosts: ["cdn.example.com"] };

function render(parts: string[], root: Element = document.createElement("div")): string {
  const stream = new MarkdownStream(root, OPTIONS);
  for (const part of parts) stream.write(part);
  stream.end();
  root.normalize();
  return root.innerHTML;
}

/** A generator of its own, so that a failure can be had again by its seed. */
function randoms(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function cut(text: string, random: (below: number) => number): string[] {
  const parts: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = at + 1 + random(7);
    parts.push(text.slice(at, end));
    at = end;
  }
  return parts;
}

/** Texts that come out differently when they are cut, by code unit or at random. */
function unstable(texts: string[], seed: number): string[] {
  const random = randoms(seed);
  return texts.filter((text) => {
    const whole = render([text]);
    return whole !== render(text.split("")) || whole !== render(cut(text, random));
  });
}

/** As many texts of pieces that matter to the parser. */
function invent(pieces: string[], count: number, seed: number): string[] {
  const random = randoms(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + random(25) }, () => pieces[random(pieces.length)]).join(""),
  );
}

/** Milliseconds for a text of this length made of one piece, in deltas of 256 characters. */
function time(piece: string, length: number): number {
  const text = piece.repeat(Math.ceil(length / piece.length));
  const root = document.createElement("div");
  const begun = performance.now();
  const stream = new MarkdownStream(root, OPTIONS);
  for (let at = 0; at < text.length; at += 256) stream.write(text.slice(at, at + 256));
  stream.end();
  return performance.now() - begun;
}

/** How often a node that was shown is taken away while the text comes, by four characters. */
function removals(text: string): Promise<number> {
  const root = document.createElement("div");
  let count = 0;
  const observer = new MutationObserver((records) => {
    for (const { removedNodes } of records) count += removedNodes.length;
  });
  observer.observe(root, { childList: true, subtree: true });
  const stream = new MarkdownStream(root, OPTIONS);
  for (let at = 0; at < text.length; at += 4) stream.write(text.slice(at, at + 4));
  stream.end();
  // Records are handed out before this goes on.
  return Promise.resolve().then(() => count);
}

/** What a check finds at any moment while the text comes by the character, in the page's body. */
function whileItComes(text: string, check: () => string[]): string[] {
  document.body.replaceChildren();
  const stream = new MarkdownStream(document.body, OPTIONS);
  const found = new Set<string>();
  for (const letter of text.slice(0, 400)) {
    stream.write(letter);
    for (const problem of check()) found.add(problem);
  }
  return [...found];
}

/** The longest that one piece of a text took, of a text that comes in pieces, in milliseconds. */
function longest(text: string): number {
  const stream = new MarkdownStream(document.createElement("div"), OPTIONS);
  let most = 0;
  for (let at = 0; at < text.length; at += 2048) {
    const begun = performance.now();
    stream.write(text.slice(at, at + 2048));
    most = Math.max(most, performance.now() - begun);
  }
  return most;
}

/** Whether what is shown of a text that comes by a few characters only ever grows. */
function onlyGrows(text: string): boolean {
  const root = document.createElement("div");
  const stream = new MarkdownStream(root, OPTIONS);
  let before = "";
  for (let at = 0; at <= text.length; at += 3) {
    if (at < text.length) stream.write(text.slice(at, at + 3));
    const now = shown(root).trimEnd();
    if (!now.startsWith(before)) return false;
    before = now;
  }
  stream.end();
  return shown(root).trimEnd().startsWith(before);
}

Object.assign(window, {
  MarkdownStream,
  render,
  unstable,
  invent,
  time,
  removals,
  whileItComes,
  longest,
  onlyGrows,
});
