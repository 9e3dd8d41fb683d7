/** The panels above a widget's form: lines to copy, and the question whether the platform answers. */

import { copyText } from "../frame/clipboard.ts";

export function addCopyButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>(".cw-copy")) {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = button.parentElement?.querySelector("code")?.textContent ?? "";
      if (!(await copyText(code))) return;
      button.textContent = button.dataset.copied ?? label;
      setTimeout(() => {
        button.textContent = label;
      }, 2000);
    });
  }
}

/** The answer of the check: whether all is well, and what was found, a line each. */
interface Findings {
  ok: boolean;
  lines: string[];
}

export function addCheck(): void {
  const form = document.querySelector<HTMLFormElement>("#cw-check-form");
  const button = document.querySelector<HTMLButtonElement>('button[form="cw-check-form"]');
  const output = document.querySelector<HTMLElement>("#cw-findings");
  if (!form || !button || !output) return;
  const label = button.textContent;

  // Asked in place, what is typed into the form above and not saved yet stays.
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    button.textContent = button.dataset.running ?? label;
    output.replaceChildren();
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        headers: { accept: "application/json" },
      });
      if (!answer.ok) throw new Error(String(answer.status));
      show((await answer.json()) as Findings);
    } catch {
      show({ ok: false, lines: [button.dataset.failed ?? ""] });
    } finally {
      button.disabled = false;
      button.textContent = label;
    }
  });

  function show({ ok, lines }: Findings): void {
    const list = document.createElement("ul");
    list.className = ok ? "cw-ok" : "cw-bad";
    for (const line of lines) {
      const item = document.createElement("li");
      item.textContent = line;
      list.append(item);
    }
    output?.replaceChildren(list);
  }
}

/** What the platform says of its agent: put into the form, where it may be changed before saving. */
export function addProfile(): void {
  const button = document.querySelector<HTMLButtonElement>("#cw-profile");
  const output = document.querySelector<HTMLElement>("#cw-findings");
  const form = button?.closest("form");
  if (!button || !output || !form) return;

  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const token = new FormData(form).get("csrfmiddlewaretoken");
      const body = new URLSearchParams({ csrfmiddlewaretoken: String(token) });
      const answer = await fetch(button.dataset.url!, { method: "POST", body });
      if (!answer.ok) throw new Error(String(answer.status));
      const { error, fields = {}, note = "" } = await answer.json();
      output.textContent = error ?? note;
      for (const [name, value] of Object.entries<string>(fields)) {
        const field = form.elements.namedItem(name);
        if (!(field instanceof HTMLElement && "value" in field)) continue;
        field.value = value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
    } catch {
      output.textContent = button.dataset.failed ?? "";
    } finally {
      button.disabled = false;
    }
  });
}
