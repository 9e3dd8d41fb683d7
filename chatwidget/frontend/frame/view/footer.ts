/** Below an ended message: when it was, and what can be done with it. */

import { copyText } from "../clipboard.ts";
import type { Entry } from "../conversation.ts";
import { el, icon, iconButton, refocus } from "../dom.ts";
import { time } from "./bubble.ts";
import type { ViewContext } from "./context.ts";
import { Feedback } from "./feedback.ts";

const BROKEN = ["failed", "interrupted", "stopped"];

export class Footer {
  readonly element: HTMLElement;
  #context: ViewContext;
  #retry: HTMLElement;
  #again: HTMLElement;
  #rating: HTMLElement[] = [];

  constructor(context: ViewContext, message: Entry, reply: boolean) {
    this.#context = context;
    const { config, client, dates } = context;
    const { strings } = config;
    const { id } = message;
    const retry = () => {
      client.retry(id);
      refocus();
    };
    this.#retry = el(
      "button",
      { type: "button", class: "pill", click: retry },
      icon("again"),
      strings.retry,
    );
    this.#again = iconButton("again", strings.answer_again, retry);
    const row = el("div", { class: "row" });
    this.element = el("footer", {}, row);
    if (reply) {
      row.append(this.#retry);
      if (message.text) row.append(this.#copy(message.text));
      // One that failed before its first word is nothing to judge.
      if (message.text || message.status === "complete") {
        const feedback = new Feedback(context, id);
        this.#rating = feedback.buttons;
        row.append(...feedback.buttons, this.#again);
        this.element.append(feedback.form);
      }
    }
    const { created_at } = message;
    row.append(time(created_at, dates.clock(created_at)));
  }

  update({ status, rating }: Entry, last: boolean): void {
    this.element.classList.toggle("last", last);
    this.#retry.hidden = !(last && BROKEN.includes(status));
    this.#again.hidden = !(last && status === "complete" && this.#context.config.regenerate);
    this.#rating.forEach((button, i) => {
      button.ariaPressed = `${rating === (i ? -1 : 1)}`;
    });
  }

  #copy(text: string): HTMLElement {
    const { strings } = this.#context.config;
    const button = iconButton("copy", strings.copy, async () => {
      if (!(await copyText(text))) return;
      button.replaceChildren(icon("check"));
      button.ariaLabel = strings.copied;
      setTimeout(() => {
        button.replaceChildren(icon("copy"));
        button.ariaLabel = strings.copy;
      }, 2000);
    });
    return button;
  }
}
