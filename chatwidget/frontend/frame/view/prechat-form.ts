/** The form before the first message: name, email, consent. What was typed waits in the composer. */

import type { Identity } from "../../bridge-protocol.ts";
import type { Prechat } from "../config.ts";
import { byId, el } from "../dom.ts";
import type { ViewContext } from "./context.ts";

export class PrechatForm {
  #context: ViewContext;
  #form = byId<HTMLFormElement>("ask");
  #fields = byId("fields");
  #titles = [byId("ask-title"), this.#form.querySelector("button")!];
  #words = this.#titles.map(({ textContent }) => textContent);
  #shown: Prechat | null = null;

  constructor(context: ViewContext) {
    this.#context = context;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = new FormData(this.#form);
      const name = String(given.get("name") ?? "").trim();
      const email = String(given.get("email") ?? "").trim();
      const consent = given.has("consent") && this.#shown?.version;
      context.actions.submitPrechat({
        ...(name && { name }),
        ...(email && { email }),
        ...(consent && { consent }),
      });
    });
    byId("ask-later").addEventListener("click", () => context.actions.postponePrechat());
  }

  /** Shows the form that asks for this, null for none; `known` is filled in already. */
  update(asked: Prechat | null, known: Identity = {}): void {
    if (asked === this.#shown) return;
    this.#shown = asked;
    this.#form.hidden = !asked;
    if (!asked) return;
    const { strings } = this.#context.config;
    this.#titles.forEach((element, i) => {
      element.textContent = asked.away ? strings.leave_address : this.#words[i]!;
    });
    const field = (name: "name" | "email", type: string) =>
      asked[name] &&
      el(
        "label",
        {},
        el(
          "span",
          {},
          strings[name],
          asked[name] === "optional" && el("small", {}, strings.optional),
        ),
        el("input", {
          name,
          type,
          autocomplete: name,
          maxlength: 200,
          // The browser takes a domain without a dot, the server does not.
          pattern: name === "email" && ".+@.+[.][^.]{2,}",
          required: asked[name] === "required",
          value: known[name] ?? "",
        }),
      );
    this.#fields.replaceChildren(
      ...[
        field("name", "text"),
        field("email", "email"),
        asked.consent &&
          el(
            "label",
            { class: "consent" },
            el("input", { type: "checkbox", name: "consent", required: true }),
            el("span", {}, asked.consent),
          ),
      ].filter((each) => !!each),
    );
    this.#fields.querySelector("input")?.focus();
  }
}
