/** Where the visitor writes. What was typed is never lost: it stays until it is taken. */

import { points, sendable } from "../code-points.ts";
import { byId, composing, toggle } from "../dom.ts";
import { fill } from "../strings.ts";
import type { ViewContext } from "./context.ts";

/** From this share of the limit on, what is left is told. */
const NEAR_LIMIT = 0.9;

export class Composer {
  #context: ViewContext;
  #form = byId<HTMLFormElement>("composer");
  #text = byId<HTMLTextAreaElement>("text");
  #stop = byId<HTMLButtonElement>("stop");
  #left = byId("left");
  #notice = byId("notice");
  #max = 0;
  #running: string | null = null;

  constructor(context: ViewContext, draft: string) {
    this.#context = context;
    this.#max = context.config.maxLength;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || composing(event)) return;
      event.preventDefault();
      this.submit();
    });
    this.#text.addEventListener("input", () => {
      this.notify("");
      this.#changed();
    });
    this.#text.addEventListener("paste", ({ clipboardData }) => {
      // Nothing else would happen, and nobody would know why.
      if (clipboardData?.files.length && !clipboardData.getData("text"))
        this.notify(context.config.strings.pictures);
    });
    // A file that is dropped would be shown in place of the chat.
    for (const type of ["dragover", "drop"] as const) {
      document.addEventListener(type, (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        if (type === "drop") this.notify(context.config.strings.pictures);
      });
    }
    this.#stop.addEventListener("click", () => {
      if (this.#running) context.client.stop(this.#running);
    });
    window.addEventListener("resize", () => this.#fit());
    // What was typed before this script ran counts.
    if (!this.#text.value) this.#text.value = draft;
    this.#changed();
  }

  get text(): string {
    return this.#text.value;
  }

  set text(text: string) {
    this.#text.value = text;
    this.#changed();
  }

  /** Texts that were sent, and could not be: they go before what was typed since. */
  giveBack(text: string): void {
    this.text = [text, this.text].filter(Boolean).join("\n");
  }

  /** `running`: the id of the reply that can be stopped. */
  update(running: string | null, maxLength: number): void {
    this.#running = running;
    toggle(this.#stop, !!running);
    if (maxLength === this.#max) return;
    this.#max = maxLength;
    this.#changed();
  }

  /** Says what went wrong, next to where it was typed; "" is nothing. */
  notify(text: string, isGood = false): void {
    this.#notice.classList.toggle("good", isGood);
    if (this.#notice.textContent !== text) this.#notice.textContent = text;
  }

  submit(): void {
    const text = sendable(this.text);
    if (!text) return;
    if (points(text) > this.#max) {
      this.notify(this.#context.config.strings.message_too_long);
    } else if (this.#context.actions.send(text, true)) {
      this.text = "";
      this.notify("");
    }
  }

  /** Sends what was sent before this was there; what cannot be stays, before what was typed since. */
  catchUp(sent: string[]): void {
    const typed = this.text;
    const left = sent.map((text) => {
      this.text = text;
      this.submit();
      return this.text;
    });
    this.text = [...left, typed].filter(Boolean).join("\n");
  }

  #changed(): void {
    const text = this.#text;
    this.#fit();
    const count = points(text.value);
    const over = count > this.#max;
    const near = count > this.#max * NEAR_LIMIT;
    this.#left.textContent = near
      ? fill(this.#context.config.strings.left, { count: this.#max - count })
      : "";
    this.#left.classList.toggle("over", over);
    text.setAttribute("aria-invalid", `${over}`);
    this.#context.draft.changed(text.value);
  }

  /** Its height is its text's, up to what the style sheet allows. */
  #fit(): void {
    const { style } = this.#text;
    style.height = "auto";
    style.height = `${this.#text.scrollHeight}px`;
  }
}
