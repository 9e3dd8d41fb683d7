/** A conversation's lines as they change: those that the server has drawn stay as they are. */
import type { Chat, Entry } from "../frame/conversation.ts";
import { isRunning } from "../frame/conversation.ts";
import { el } from "../frame/dom.ts";
import type { MarkdownStream } from "../markdown/index.ts";

export type Words = Record<string, string>;

/** A message that is drawn here. */
interface Line {
  article: HTMLElement;
  bubble: HTMLElement;
  note: HTMLElement;
  shown: Entry;
  text: MarkdownStream | null;
  written: number;
}

const CLASSES: Record<string, string> = {
  user: "cw-visitor",
  operator: "cw-person",
  event: "cw-event",
};
/** Nearer to the end than this (CSS pixels), what comes is followed. */
const NEAR = 120;
const READ_AS_MARKDOWN = ["assistant", "operator"];

export class Lines {
  #list: HTMLElement;
  #words: Words;
  #begin: (bubble: HTMLElement) => MarkdownStream;
  #lines = new Map<string, Line>();
  /** The last message that the server has drawn. */
  #drawn: number;
  #time: Intl.DateTimeFormat;

  constructor(
    list: HTMLElement,
    drawn: number,
    words: Words,
    zone: string,
    begin: (bubble: HTMLElement) => MarkdownStream,
  ) {
    this.#list = list;
    this.#drawn = drawn;
    this.#words = words;
    this.#begin = begin;
    this.#time = clock(zone);
  }

  /** Shows what is new, or has changed. */
  update(chat: Chat): void {
    const atEnd = this.#list.getBoundingClientRect().bottom < window.innerHeight + NEAR;
    let changed = false;
    for (const message of chat.messages) {
      const line = this.#lines.get(message.id);
      if (line?.shown === message || (!line && this.#stands(message))) continue;
      this.#show(line ?? this.#make(message), message);
      changed = true;
    }
    if (changed && atEnd) this.toEnd();
  }

  /** Below the last line there is room for the panel, which covers what is behind it. */
  toEnd(): void {
    this.#list.lastElementChild?.scrollIntoView({ block: "end" });
  }

  /** The server has drawn it, and it is whole there. */
  #stands(message: Entry): boolean {
    const drawn = document.getElementById(`message-${message.seq}`);
    if (message.seq > this.#drawn || !drawn) return message.seq <= this.#drawn;
    return !isRunning(message) && !drawn.dataset.unfinished;
  }

  #make(message: Entry): Line {
    const bubble = el("div", { class: "cw-bubble" });
    const note = el("span", { class: "cw-flag" });
    const at = new Date(message.created_at);
    const time = el("time", { datetime: message.created_at }, this.#time.format(at));
    const name = message.role === "operator" && message.author?.name;
    const article = el(
      "article",
      {
        id: `message-${message.seq}`,
        class: `cw-line ${CLASSES[message.role] ?? "cw-agent"}`,
        "aria-label": this.#speaker(message),
      },
      name && el("p", { class: "cw-author" }, name),
      bubble,
      el("footer", { class: "cw-meta" }, time, note),
    );
    const old = document.getElementById(article.id);
    if (old) old.replaceWith(article);
    else this.#place(article, message.seq);
    const line = { article, bubble, note, shown: message, text: null, written: 0 };
    this.#lines.set(message.id, line);
    return line;
  }

  #place(article: HTMLElement, seq: number): void {
    const after = [...this.#list.querySelectorAll<HTMLElement>("article")].find(
      ({ id }) => Number(id.split("-")[1]) > seq,
    );
    this.#list.insertBefore(article, after ?? null);
    this.#list.querySelector(":scope > p")?.remove(); // that there is no message
  }

  #speaker({ role, author }: Entry): string {
    const { visitor = "", agent = "" } = this.#words;
    return role === "user" ? visitor : (author?.name ?? (role === "assistant" ? agent : role));
  }

  #show(line: Line, message: Entry): void {
    const { article, bubble, note } = line;
    const before = line.shown;
    line.shown = message;
    const failed = ["failed", "interrupted"].includes(message.status);
    article.classList.toggle("cw-failed", failed);
    article.ariaBusy = `${isRunning(message)}`;
    const status = message.status === "pending" ? "waiting" : message.status;
    note.textContent = message.activity || this.#words[status] || "";
    note.title = message.error?.detail ?? "";
    if (!READ_AS_MARKDOWN.includes(message.role)) {
      // What the visitor reads of it is put to the visitor.
      bubble.textContent = message.event === "asked" ? (this.#words.asked ?? "") : message.text;
      return;
    }
    if (before.attempt !== message.attempt || !message.text.startsWith(before.text)) {
      line.text = null;
    }
    if (!line.text) {
      bubble.replaceChildren();
      bubble.classList.add("cw-rendered");
      line.text = this.#begin(bubble);
      line.written = 0;
    }
    line.text.write(message.text.slice(line.written));
    line.written = message.text.length;
    if (!isRunning(message)) line.text.end();
  }
}

/** Writes times as the server does: 14:01:10 UTC. */
function clock(zone: string): Intl.DateTimeFormat {
  const two = "2-digit";
  const parts = { hour: two, minute: two, second: two, timeZoneName: "short" } as const;
  return inZone(zone, (timeZone) => new Intl.DateTimeFormat("en-GB", { ...parts, timeZone }));
}

/** In the site's zone; in the browser's own where it does not know that. */
export function inZone(
  zone: string,
  make: (timeZone?: string) => Intl.DateTimeFormat,
): Intl.DateTimeFormat {
  try {
    return make(zone);
  } catch {
    return make();
  }
}
