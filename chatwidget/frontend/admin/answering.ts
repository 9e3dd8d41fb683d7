/** A conversation's page, live: what is said appears, and who may takes it over and answers. */
import { type Chat, emptyChat, receive } from "../frame/conversation.ts";
import { el } from "../frame/dom.ts";
import type { Message, ServerFrame } from "../frame/protocol.ts";
import { fill } from "../frame/strings.ts";
import { uuid } from "../frame/uuid.ts";
import { Lines, type Words } from "./lines.ts";
import type { StaffFrame } from "./staff-protocol.ts";
import { type Paths, StaffSocket, trouble } from "./staff-socket.ts";
import { markdownOf } from "./transcript.ts";

interface Given extends Paths {
  conversation: string;
  locale: string;
  /** The site's time zone, in which the server writes times. */
  zone: string;
  mayAnswer: boolean;
  canned: string[];
  words: Words;
}

/** That somebody writes is said so often, and shown for so long. */
const TYPING_MS = 2_500;
const WRITING_MS = 6_000;

export function answer(): void {
  const given = document.getElementById("cw-answering");
  if (given) new Answering(JSON.parse(given.textContent ?? ""));
}

class Answering {
  #given: Given;
  #chat: Chat = emptyChat();
  #lines: Lines;
  #socket: StaffSocket;
  #holder = "";
  #mine = false;
  /** Answers that are not accepted yet, oldest first: sent again with each connection. */
  #unsent = new Map<string, string>();
  #seen = 0;
  #typedAt = 0;
  #writing = 0;
  #panel = document.querySelector<HTMLElement>(".cw-desk")!;
  #status = this.#find(".cw-holder");
  #typing = this.#find(".cw-writing");
  #take = this.#find<HTMLButtonElement>(".cw-take");
  #back = this.#find<HTMLButtonElement>(".cw-back");
  #form = this.#find<HTMLFormElement>(".cw-reply");
  #text = this.#find<HTMLTextAreaElement>("textarea");

  constructor(given: Given) {
    this.#given = given;
    const { conversation, locale, words, zone } = given;
    const list = document.querySelector<HTMLElement>(".cw-lines")!;
    const last = document.querySelector<HTMLElement>(".cw-conversation")?.dataset.last;
    this.#lines = new Lines(list, Number(last), words, zone, (bubble) => markdownOf(list, bubble));
    this.#listen();
    this.#panel.hidden = false;
    this.#say(words.connecting);
    this.#show();
    this.#socket = new StaffSocket(given, {
      hello: { conversation, locale },
      frame: (frame) => this.#frame(frame),
      staff: (frame) => this.#told(frame),
      changed: (state) => {
        this.#show();
        const told = trouble(state);
        if (told) this.#say(words[told]);
      },
    });
  }

  #find<E extends HTMLElement>(selector: string): E {
    return this.#panel.querySelector<E>(selector)!;
  }

  #listen(): void {
    this.#take.addEventListener("click", () => {
      this.#socket.send({ type: "take", holder: this.#holder });
    });
    this.#back.addEventListener("click", () => this.#socket.send({ type: "hand_back" }));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
    this.#text.addEventListener("input", () => {
      if (!this.#text.value || Date.now() - this.#typedAt < TYPING_MS) return;
      this.#typedAt = Date.now();
      this.#socket.send({ type: "typing" });
    });
    document.addEventListener("visibilitychange", () => this.#look());
    const canned = this.#find<HTMLSelectElement>(".cw-canned");
    canned.append(...this.#given.canned.map((text) => el("option", { value: text }, text)));
    canned.hidden = !this.#given.canned.length;
    canned.addEventListener("change", () => {
      this.#text.value = [this.#text.value, canned.value].filter(Boolean).join("\n");
      canned.value = "";
      this.#text.focus();
    });
  }

  #send(): void {
    const text = this.#text.value.trim();
    if (!text || !this.#mine) return;
    const id = uuid();
    this.#unsent.set(id, text);
    this.#text.value = "";
    this.#typedAt = 0; // what is typed next is news
    this.#socket.send({ type: "send", id, text });
  }

  #frame(frame: ServerFrame): void {
    if (frame.type === "accepted") {
      this.#unsent.delete(frame.id);
      this.#apply({ type: "message", message: frame.message });
      this.#lines.toEnd(); // what one sends oneself is always looked at
      return;
    }
    if (frame.type === "error") {
      const text = this.#unsent.get(frame.id ?? "");
      if (text !== undefined && !frame.retryable) {
        this.#unsent.delete(frame.id ?? "");
        this.#text.value = [text, this.#text.value].filter(Boolean).join("\n");
      }
      if (text !== undefined || !frame.id) this.#say(this.#given.words.refused);
      return;
    }
    this.#apply(frame);
    // What was being written is here: the visitor's, or a colleague's.
    if (frame.type === "message" && frame.message.role !== "assistant") this.#stopWriting();
    // What the connection before has left open; stored once, however often it is sent.
    if (frame.type === "ready") {
      for (const [id, text] of this.#unsent) this.#socket.send({ type: "send", id, text });
    }
  }

  #apply(frame: ServerFrame): void {
    const [chat, effects] = receive(this.#chat, frame);
    this.#chat = chat;
    for (const effect of effects) {
      if (effect.do === "ack") {
        this.#socket.send({ type: "ack", id: effect.id, offset: effect.offset });
      }
    }
    this.#lines.update(chat);
    this.#look();
  }

  #told(frame: StaffFrame): void {
    const { words } = this.#given;
    switch (frame.type) {
      case "held":
        this.#held(frame);
        break;
      case "writing":
        this.#typing.textContent = frame.name
          ? fill(words.writes ?? "", { name: frame.name })
          : words.visitor_writes!;
        clearTimeout(this.#writing);
        this.#writing = window.setTimeout(() => this.#stopWriting(), WRITING_MS);
        break;
      case "over":
        this.#say(frame.conversation == null ? words.erased : words.moved);
        break;
      case "live":
        break; // the list's
      default:
        frame satisfies never;
    }
  }

  #held({ holder, name, mine, asked }: Extract<StaffFrame, { type: "held" }>): void {
    const { words } = this.#given;
    const had = this.#mine;
    this.#holder = holder;
    this.#mine = mine;
    if (mine) this.#say(words.mine);
    else if (holder) this.#say(fill(words.theirs ?? "", { name }));
    else this.#say(asked ? words.asked : words.agent_has);
    this.#panel.classList.toggle("cw-asked", asked && !holder);
    this.#show();
    if (mine && !had) {
      this.#lines.toEnd();
      this.#text.focus({ preventScroll: true });
    }
  }

  #stopWriting(): void {
    clearTimeout(this.#writing);
    this.#typing.textContent = "";
  }

  /** The server is told how far it was read. */
  #look(): void {
    const seq = this.#chat.messages.reduce(
      (last, each: Message) => (each.role === "user" ? each.seq : last),
      0,
    );
    if (document.hidden || seq <= this.#seen || !this.#socket) return;
    if (this.#socket.send({ type: "seen", seq })) this.#seen = seq;
  }

  #say(text = ""): void {
    this.#status.textContent = text;
  }

  #show(): void {
    const may = this.#given.mayAnswer;
    const ready = this.#socket?.ready ?? false;
    this.#take.hidden = !may || this.#mine;
    this.#back.hidden = this.#form.hidden = !this.#mine;
    this.#take.disabled = this.#back.disabled = !ready;
  }
}
