/** One message of the log: an article that is appended to while it grows, never written anew. */
import { type Entry, isRunning, type Unsent } from "../conversation.ts";
import { el } from "../dom.ts";
import { reason } from "../errors.ts";
import { fill } from "../strings.ts";
import { bubble, dots } from "./bubble.ts";
import type { ViewContext } from "./context.ts";
import { Footer } from "./footer.ts";
import { loadMarkdown, ReplyText } from "./reply-text.ts";
import { inWords } from "./ui-words.ts";

/** A reply in any other status is shown as plain text. */
const KNOWN = ["pending", "streaming", "complete", "stopped", "failed", "interrupted"];

/** Whose words are read as Markdown. */
const WRITERS = ["assistant", "operator"];

export class MessageView {
  readonly article: HTMLElement;
  /** The line with the day, where this message is the first of it. */
  readonly day: HTMLElement;
  #context: ViewContext;
  #body: HTMLElement;
  #ui: HTMLElement;
  #note: HTMLElement;
  #author: HTMLElement | null = null;
  #footer: Footer | null = null;
  #shown: Entry | null = null;
  #last = false;
  #text: ReplyText | null = null;

  /** `drawn`: its article, where the first look has drawn it. */
  constructor(context: ViewContext, mine: boolean, drawn?: HTMLElement) {
    this.#context = context;
    this.article = drawn ?? bubble(mine);
    const before = drawn?.previousElementSibling as HTMLElement | null | undefined;
    this.day = before?.matches(".day") ? before : el("div", { class: "day" });
    const [body, ui, note, footer] = this.article.children as HTMLCollectionOf<HTMLElement>;
    this.#body = body!;
    this.#ui = ui!;
    this.#note = note!;
    footer?.remove();
  }

  /** Shows a stored message. `last`: the conversation's last; `asked`: a reply, not a greeting. */
  update(message: Entry, last: boolean, asked: boolean): void {
    const before = this.#shown;
    if (message === before && last === this.#last) return;
    this.#shown = message;
    this.#last = last;
    const { config, dates } = this.#context;
    const mine = message.role === "user";
    const name = mine ? config.strings.you : (message.author?.name ?? config.agent);
    const event = message.role === "event";
    if (event) this.article.className = "event";
    else if (message.author && !this.#author) {
      this.#author = el("p", { class: "author" }, name);
      this.article.prepend(this.#author);
    }
    // What happened is its text; only what somebody said is named after them.
    const clock = dates.clock(message.created_at);
    this.article.ariaLabel = event ? clock : `${name}, ${clock}`;
    this.article.dataset.status = message.status;
    this.article.ariaBusy = `${isRunning(message)}`;
    this.#write(message, before);
    if (message.ui !== before?.ui) void this.#showUi(message.ui);
    if (isRunning(message) || message.text !== before?.text) {
      this.#footer?.element.remove();
      this.#footer = null;
      this.#note.textContent = (isRunning(message) && message.activity) || "";
    }
    if (!isRunning(message)) {
      if (!this.#footer && !event) {
        this.#footer = new Footer(this.#context, message, message.role === "assistant" && asked);
        this.article.append(this.#footer.element);
      }
      this.#footer?.update(message, last);
      this.#note.textContent = mine ? "" : reason(message, config.strings, dates);
    }
  }

  /** Shows a message that the server has not accepted yet. */
  wait(unsent: Unsent, note: string): void {
    this.article.ariaLabel = `${this.#context.config.strings.you}, ${note}`;
    this.#body.textContent = unsent.text;
    this.#note.textContent = note;
  }

  /** Few replies have any: what draws it is loaded for the first; without that, it is words. */
  async #showUi(ui: unknown): Promise<void> {
    const { actions, config } = this.#context;
    const send = (text: string) => void actions.send(text);
    let drawn: Node[] = [];
    if (ui != null) {
      const module: Promise<typeof import("../../rich/main.ts")> = import(config.rich);
      drawn = await module.then(
        ({ renderUi }) => renderUi(ui, { ...config, send }),
        () => [inWords(ui)],
      );
    }
    if (this.#shown?.ui === ui) this.#ui.replaceChildren(...drawn);
  }

  #write(message: Entry, before: Entry | null): void {
    const { text } = message;
    if (!WRITERS.includes(message.role) || !KNOWN.includes(message.status)) {
      this.#body.textContent = text;
      return;
    }
    const goesOn =
      this.#text &&
      before &&
      before.attempt === message.attempt &&
      (isRunning(before) ? text.startsWith(before.text) : text === before.text);
    if (!goesOn) {
      this.#text?.stop();
      this.#text = new ReplyText(this.#body, this.#context);
    }
    if (text === "" && isRunning(message)) {
      const { strings, agent } = this.#context.config;
      if (!goesOn) this.#body.replaceChildren(dots(fill(strings.typing, { agent })));
      void loadMarkdown(this.#context.config);
      return;
    }
    const written = goesOn ? before.text.length : 0;
    if (goesOn && !isRunning(before)) return;
    if (text === "") this.#body.replaceChildren();
    this.#text!.add(text.slice(written), !isRunning(message));
  }
}
