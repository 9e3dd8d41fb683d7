/** What a platform sends beside a reply's text, `{type, data}`, as words. */
import { el } from "../dom.ts";

const words = (ui: unknown): string => plain((Object(ui) as { data?: unknown }).data ?? ui);

/** The same for the ear: no addresses, nothing that a button sends, and of an object only what it holds. */
export const uiWords = (ui: unknown): string =>
  words(ui ?? "").replace(/^(payload: .*|\w+: (https?:.*|null$)?)/gm, "");

/** As plain text: what is unknown, and what could not be drawn. */
export const inWords = (ui: unknown): HTMLElement =>
  el("p", { class: "plain-ui", dir: "auto" }, words(ui));

/** Every text and number in a value, a line each, under the names that an object gives them. */
function plain(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return value.map(plain).join("\n");
  return Object.entries(value)
    .map(([name, each]) => `${name}: ${plain(each)}`)
    .join("\n");
}
