/** Good or bad, and after either a comment for those who want to say more. */
import { el, iconButton } from "../dom.ts";
import type { ViewContext } from "./context.ts";

export class Feedback {
  /** Good reply, Bad reply. */
  readonly buttons: HTMLButtonElement[];
  readonly form: HTMLFormElement;

  constructor(context: ViewContext, id: string) {
    const { client, config } = context;
    const { strings } = config;
    let value: 1 | -1 | 0 = 0;
    const rate = (clicked: 1 | -1) => (event: Event) => {
      const pressed = (event.currentTarget as Element).ariaPressed === "true";
      if (!client.rate(id, pressed ? 0 : clicked)) return;
      value = pressed ? 0 : clicked;
      this.form.hidden = pressed;
    };
    this.buttons = [
      iconButton("good", strings.good, rate(1)),
      iconButton("bad", strings.bad, rate(-1)),
    ];
    const comment = el("textarea", {
      rows: 2,
      maxlength: 1000,
      "aria-label": strings.comment,
      placeholder: strings.comment,
    });
    const put = (event: Event) => {
      event.preventDefault();
      const text = comment.value.trim();
      if (text && !client.rate(id, value, text)) return;
      this.form.replaceChildren(el("p", { role: "alert" }, strings.thanks));
      this.buttons[value === -1 ? 1 : 0]!.focus();
    };
    const leave = () => {
      this.form.hidden = true;
      this.buttons[value === -1 ? 1 : 0]!.focus();
    };
    this.form = el(
      "form",
      {
        class: "feedback",
        hidden: true,
        submit: put,
        keydown: (event) => {
          if ((event as KeyboardEvent).key !== "Escape") return;
          event.stopPropagation();
          leave();
        },
      },
      comment,
      el(
        "div",
        { class: "row" },
        el("button", { class: "pill" }, strings.comment_send),
        el("button", { type: "button", class: "plain", click: leave }, strings.cancel),
      ),
    );
  }
}
