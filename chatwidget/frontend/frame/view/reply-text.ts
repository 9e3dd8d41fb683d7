/** A reply's text in its bubble, as far as it has come: Markdown, once what reads it is loaded. */
import type { MarkdownOptions, MarkdownStream } from "../../markdown/index.ts";
import { typesetter } from "../../markdown/typeset.ts";
import type { Config } from "../config.ts";
import { dots, isPlain, plain } from "./bubble.ts";
import type { ViewContext } from "./context.ts";
import { inTurn } from "./pace.ts";

/** What turns text into elements. */
type Stream = Pick<MarkdownStream, "write" | "end">;
type Make = (root: HTMLElement, options: MarkdownOptions) => Stream;

let make: Make | undefined;
let loading: Promise<void> | undefined;

/** Loads what reads Markdown, a module of its own: most greetings have none of it. */
export function loadMarkdown({ markdown }: Config): Promise<void> {
  loading ??= import(markdown).then(
    (module) => {
      make = (root, options) => new module.MarkdownStream(root, options);
    },
    () => {
      // Not there: the text stays as it is for now, and the next reply tries again.
      loading = undefined;
    },
  );
  return loading;
}

const asWritten: Make = (root) => {
  root.classList.add("as-written");
  return { write: (text) => root.append(text), end() {} };
};

export class ReplyText {
  readonly #body: HTMLElement;
  readonly #context: ViewContext;
  #stream: Stream | undefined;
  /** What has come and is not shown yet, and whether that is all. */
  #rest = "";
  #whole = false;
  #queued = false;
  #stopped = false;

  constructor(body: HTMLElement, context: ViewContext) {
    this.#body = body;
    this.#context = context;
  }

  /** More has come; `whole`: and that is all. */
  add(text: string, whole: boolean): void {
    this.#rest += text;
    this.#whole = whole;
    if (this.#queued) return;
    this.#queued = true;
    inTurn((most) => this.#show(most));
  }

  /** The bubble is another's from now on. */
  stop(): void {
    this.#stopped = true;
  }

  /** Shows so many characters of what has come; returns whether it need not be called again. */
  #show(most: number): boolean {
    if (this.#stopped) return true;
    if (!this.#stream && !make && !this.#showPlain()) {
      const loaded = loadMarkdown(this.#context.config);
      if (!this.#body.firstChild) this.#body.append(dots());
      loaded.then(() => {
        if (!make) this.#begin(asWritten);
        inTurn((count) => this.#show(count));
      });
      return true;
    }
    if (!this.#stream) this.#begin(make!);
    this.#stream!.write(this.#rest.slice(0, most));
    this.#rest = this.#rest.slice(most);
    this.#queued = !!this.#rest;
    if (this.#whole && !this.#queued) this.#stream!.end();
    return !this.#queued;
  }

  /** A whole text without any marks needs nothing to be loaded. */
  #showPlain(): boolean {
    if (!this.#whole || !isPlain(this.#rest)) return false;
    this.#begin(() => ({ write() {}, end() {} }));
    if (this.#rest) this.#body.append(...plain(this.#rest));
    this.#rest = "";
    return true;
  }

  #begin(begin: Make): void {
    const { config, base } = this.#context;
    const { copy_code: copy, copied, thinking } = config.strings;
    this.#body.replaceChildren();
    this.#stream = begin(this.#body, {
      imageHosts: config.imageHosts,
      base: base(),
      copy,
      copied,
      thinking,
      headingOffset: 1,
      math: typesetter(config.math),
    });
  }
}
