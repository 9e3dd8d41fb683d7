/** Two renderers of streamed Markdown, fed alike: see __init__.py. */

import { paced } from "../../../chatwidget/frontend/frame/view/pace.ts";
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

/** As the frame has it: what has come since is written when it draws next. */
function ours(root: HTMLElement): Renderer {
  const stream = new MarkdownStream(root);
  let rest = "";
  const draw = () => {
    stream.write(rest);
    rest = "";
  };
  const soon = paced(draw);
  return {
    write(text) {
      rest += text;
      soon();
    },
    end() {
      draw();
      stream.end();
    },
  };
}

/** Nothing is rendered: what the feeding itself costs. */
const nothing = (): Renderer => ({ write() {}, end() {} });

const RENDERERS: Record<string, (root: HTMLElement) => Renderer> = {
  ours,
  theirs,
  nothing,
};

/** Deltas of four characters every four milliseconds, handed over once a frame; resolves at the end. */
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
