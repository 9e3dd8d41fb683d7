/** Counts the replies that ended and were not looked at, over pages and tabs. */
import { type Chat, type Entry, isRunning, running } from "./conversation.ts";
import type { Store, Visitor } from "./storage.ts";

export class UnreadCounter {
  /** The panel is open, or there is none: a page of its own. */
  open = true;
  #count = 0;
  #store: Store<Visitor>;
  #onChange: (count: number) => void;

  constructor(store: Store<Visitor>, onChange: (count: number) => void) {
    this.#store = store;
    this.#onChange = onChange;
  }

  /** Whether the visitor looks somewhere else. */
  get away(): boolean {
    return !this.open || document.hidden;
  }

  /** The chat, or whether it is looked at, is another one. */
  update(chat: Chat): void {
    const { conversation, messages } = chat;
    if (conversation === undefined) return; // not known yet
    const { seen } = this.#store.value;
    if (!this.away || seen?.conversation !== conversation) {
      const next = running(chat);
      const seq = next ? next.seq - 1 : (messages.at(-1)?.seq ?? 0);
      if (seen?.conversation !== conversation || seen.seq !== seq) {
        this.#store.save({ seen: { conversation, seq } });
      }
    }
    const last = this.#store.value.seen?.seq ?? 0;
    const isUnread = (each: Entry) =>
      !["user", "event"].includes(each.role) && !isRunning(each) && each.seq > last;
    const count = messages.filter(isUnread).length;
    if (count === this.#count) return;
    this.#count = count;
    this.#onChange(count);
  }
}
