/** What stands in the composer: kept in this tab, and to a person it is said that somebody writes. */
import type { ChatClient } from "./chat-client.ts";
import { lastEvent } from "./conversation.ts";
import type { Stores } from "./storage.ts";

/** That the visitor writes is said so often. */
const TYPING_MS = 3_000;
/** A draft is kept this long after the last key. */
const PAUSE_MS = 300;

export class Draft {
  #client: ChatClient;
  #tab: Stores["tab"];
  #timer = 0;
  #typedAt = 0;

  constructor(client: ChatClient, tab: Stores["tab"]) {
    this.#client = client;
    this.#tab = tab;
  }

  /** The visitor types. */
  changed(text: string): void {
    const now = Date.now();
    if (text && lastEvent(this.#client.chat) === "joined" && now > this.#typedAt + TYPING_MS) {
      this.#typedAt = now;
      this.#client.sendFrame({ type: "typing" });
    }
    this.forget();
    this.#timer = window.setTimeout(() => this.save(text), PAUSE_MS);
  }

  /** Keep it now. */
  save(draft: string): void {
    if (draft !== (this.#tab.value.draft ?? "")) this.#tab.save({ draft });
  }

  /** It was sent: what is typed next is said at once. */
  sent(): void {
    this.#typedAt = 0;
  }

  /** What was typed last is not kept. */
  forget(): void {
    clearTimeout(this.#timer);
  }
}
