/** Two renderers of streamed Markdown, fed alike: see __init__.py. */

import { MarkdownStream } from "../../../chatwidget/frontend/markdown/index.ts";
import * as smd from "../../../chatwidget/frontend/node_modules/streaming-markdown/smd.js";

interface Renderer {
  write(text: string): void;
  end(): void;
}

function theirs(root: HTMLElement): Renderer {
  const parser = smd.parser(smd.default_renderer(root));
  return { write: (text) => smd.parser_write(parser, text), end: () => smd.parser_end(parser) };
}

/** Nothing is rendered: what the feeding itself costs. */
const nothing = (): Renderer => ({ write() {}, end() {} });

const RENDERERS: Record<string, (root: HTMLElement) => Renderer> = {
  ours: (root) => new MarkdownStream(root),
  theirs,
  nothing,
};

/** Deltas of four characters every four milliseconds, written once a frame; resolves at the end. */
function stream(name: string, text: string): Promise<number> {
  const root = document.createElement("div");
  document.body.replaceChildren(root);
  const renderer = RENDERERS[name]!(root);
  const begun = performance.now();
  let written = 0;
  return new Promise((resolve) => {
    const frame = () => {
      const come = Math.min(text.length, Math.floor((performance.now() - begun) / 4) * 4);
      if (come > written) renderer.write(text.slice(written, come));
      written = come;
      if (written < text.length) requestAnimationFrame(frame);
      else {
        renderer.end();
        requestAnimationFrame(() => resolve(root.childElementCount));
      }
    };
    requestAnimationFrame(frame);
  });
}

Object.assign(window, { stream });
