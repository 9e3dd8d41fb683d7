/**
 * What a screen reader is told of replies: whole sentences as they come, once, then what is beside
 * them, and never the history. The log itself is silent (`aria-live="off"`): it would be read letter by letter.
 */
import { type Chat, type Entry, isRunning } from "./conversation.ts";
import type { ServerFrame } from "./protocol.ts";

/** The end of a sentence, in scripts that put a space after it and in those that do not. */
const SENTENCE = /[.!?…؟।]["')\]]*\s|[。！？]|\n/g;

export class Announcer {
  #told = new Map<string, { message: Entry; at: number }>();
  #say: (text: string) => void;
  #beside: (message: Entry) => string;

  /** `beside`: what there is to an ended reply that is not its text, such as why it is not whole. */
  constructor(say: (text: string) => void, beside: (message: Entry) => string) {
    this.#say = say;
    this.#beside = beside;
  }

  /** After a `ready` or a `history`, what is new is old, but for what goes on from here. */
  update(chat: Chat, type: ServerFrame["type"]): void {
    const fresh = type === "ready" || type === "history";
    for (const message of chat.messages) {
      const { role, text, attempt } = message;
      const id = message.client ?? message.id;
      const told = this.#told.get(id);
      if (role === "user" || message === told?.message) continue;
      const before = told?.message.attempt === attempt ? told : undefined;
      const begin = before?.at ?? 0;
      const known = told || !fresh;
      const runs = isRunning(message);
      const end = runs ? lastSentence(text, begin) : text.length;
      const ends = !runs && (!before || isRunning(before.message));
      const beside = ends ? this.#beside(message) : "";
      const by = role === "operator" ? `${message.author?.name}: ` : "";
      const words = known ? spoken(`${by}${text.slice(begin, end)}\n${beside}`) : "";
      if (words) this.#say(words);
      this.#told.set(id, { message, at: known ? Math.max(begin, end) : text.length });
    }
  }
}

/** Where the last whole sentence of `text` from `begin` on ends. */
function lastSentence(text: string, begin: number): number {
  let end = begin;
  SENTENCE.lastIndex = begin;
  while (SENTENCE.exec(text)) end = SENTENCE.lastIndex;
  return end;
}

/** Markdown without its signs, as far as they would be read out. */
export function spoken(text: string): string {
  return text
    .replace(/!?\[([^[\]]*)\]\([^()]*\)/g, "$1")
    .replace(/^[ \t]*(?:[#>]+|[-*+]|```.*|\|?[ \t:|-]+\|)\s/gm, "")
    .replace(/[*_`~|]+/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}
