/**
 * "Your data": all of the visitor's conversations as a file, by mail, or erased. A module of its own,
 * loaded when they ask (see `#openOwnData` in ../frame/app.ts).
 */
import { el, iconButton } from "../frame/dom.ts";
import { fill } from "../frame/strings.ts";
import css from "./own-data.css?text";

export interface Host {
  strings: Record<string, string>;
  /** What is said where it fails for no reason that we know. */
  failed: string;
  /** Asks the server, as this visitor. */
  ask(what: { do: string; email?: string; consent?: boolean }): Promise<Response>;
  /** They are erased: the chat begins anew. */
  forget(): void;
  /** In so many seconds, in words. */
  wait(seconds: number): string;
}

const sheet = new CSSStyleSheet();
sheet.replaceSync(css);
document.adoptedStyleSheets.push(sheet);

export function open({ strings, failed, ask, forget, wait }: Host): void {
  const text = (name: string) => strings[name] ?? "";
  const told = el("p", { role: "status" });

  /** Asks once, with the buttons still; says what came of it where that is not seen. */
  async function act(what: Parameters<Host["ask"]>[0]): Promise<Response | null> {
    told.textContent = "";
    const fields = dialog.querySelectorAll("fieldset");
    const pressed = document.activeElement as HTMLElement | null;
    const disable = (on: boolean) => {
      for (const each of fields) each.disabled = on;
    };
    disable(true);
    let said = failed;
    try {
      const response = await ask(what);
      if (response.status === 200) return response;
      if (response.status === 202) said = text("own_sent");
      if (response.status === 204) said = text("own_nothing");
      if (response.status === 429) {
        const seconds = Number(response.headers.get("Retry-After") ?? 60);
        said = fill(text("own_often"), { when: wait(seconds) });
      }
    } catch {
      // No connection: `failed` says to try again.
    } finally {
      disable(false);
      pressed?.focus();
    }
    told.textContent = said;
    return null;
  }

  async function download(): Promise<void> {
    const response = await act({ do: "download" });
    if (!response) return;
    try {
      const href = URL.createObjectURL(await response.blob());
      el("a", { href, download: "conversations.json" }).click();
      setTimeout(() => URL.revokeObjectURL(href), 60_000);
    } catch {
      told.textContent = failed;
    }
  }

  const mail = el(
    "form",
    {
      submit(event) {
        event.preventDefault();
        void act({ do: "copy", email: address.value.trim(), consent: true });
      },
    },
    el("h3", {}, text("own_copy")),
  );
  const address = el("input", {
    type: "email",
    autocomplete: "email",
    required: true,
    maxlength: 320,
    pattern: ".+@.+[.][^.]{2,}",
  });
  mail.append(
    el(
      "fieldset",
      {},
      el("label", {}, el("span", {}, text("email")), address),
      el(
        "label",
        { class: "consent" },
        el("input", { type: "checkbox", required: true }),
        el("span", {}, text("own_consent")),
      ),
      el("button", { class: "pill" }, text("send")),
    ),
  );

  const erase = async () => {
    if (!(await act({ do: "delete" }))) return;
    dialog.close();
    forget();
  };
  const first = el(
    "button",
    { type: "button", class: "pill bad", click: () => confirm(true) },
    text("own_delete"),
  );
  const sure = el(
    "div",
    { hidden: true },
    el("p", {}, text("own_sure")),
    el(
      "div",
      { class: "row" },
      el("button", { type: "button", class: "pill bad", click: erase }, text("own_delete_now")),
      el("button", { type: "button", class: "plain", click: () => confirm(false) }, text("cancel")),
    ),
  );
  const confirm = (asks: boolean) => {
    first.hidden = asks;
    sure.hidden = !asks;
    (asks ? sure.querySelector("button") : first)?.focus();
  };

  const dialog = el(
    "dialog",
    {
      "aria-labelledby": "own-title",
      close: () => dialog.remove(),
      // Escape closes this, and not the chat with it.
      keydown: (event) => event.stopPropagation(),
    },
    el(
      "div",
      { class: "row" },
      el("h2", { id: "own-title" }, text("own_data")),
      iconButton("close", text("close"), () => dialog.close()),
    ),
    el("p", {}, text("own_about")),
    el(
      "fieldset",
      {},
      el(
        "button",
        { type: "button", class: "pill", click: () => void download() },
        text("own_download"),
      ),
    ),
    mail,
    el("fieldset", {}, first, sure),
    told,
  );
  document.body.append(dialog);
  dialog.showModal();
}
