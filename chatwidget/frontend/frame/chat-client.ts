/**
 * The chat without its view: the conversation, what waits to be sent, and the socket they go over.
 * It stores what has to outlive the page.
 */
import type { Connection, Event } from "./connection.ts";
import {
  type Chat,
  cut,
  type Effect,
  emptyChat,
  enqueue,
  nextSend,
  rated,
  receive,
  release,
  renew,
} from "./conversation.ts";
import type { ClientFrame, Hello, Message, ServerFrame } from "./protocol.ts";
import { type Environment, Socket } from "./socket.ts";
import type { Stores } from "./storage.ts";
import { uuid } from "./uuid.ts";

/** Who writes is said so again before this is over. */
const TYPING_MS = 6_000;

export interface Listener {
  /** Who is here, and where: the rest of a `hello`. */
  hello(): Pick<Hello, "page" | "locale" | "identity">;
  /** A frame has been applied; `before` is the chat without it. */
  received(frame: ServerFrame, before: Chat): void;
  /** The server will not take this text. */
  refused(text: string): void;
  /** The chat or the connection is another one. */
  changed(): void;
}

export class ChatClient {
  chat: Chat;
  #socket: Socket;
  #environment: Environment;
  #stores: Stores;
  #on: Listener;
  #visitor: string | undefined;
  /** The message before which older ones were asked for last. */
  #olderBefore = "";
  /** The timer that ends the server's pause. */
  #hold = 0;
  /** The timer after which who was writing is not any more. */
  #typing = 0;

  constructor(
    token: string,
    maxLength: number,
    environment: Environment,
    stores: Stores,
    on: Listener,
    greeting?: Message,
  ) {
    this.#environment = environment;
    this.#stores = stores;
    this.#on = on;
    const { queue } = stores.tab.value;
    const { visitor, conversation } = stores.visitor.value;
    this.#visitor = visitor;
    this.chat = { ...emptyChat(Array.isArray(queue) ? queue : [], maxLength), conversation };
    if (greeting) [this.chat] = receive(this.chat, { type: "message", message: greeting });
    this.#socket = new Socket(token, environment, {
      hello: (token) => this.hello(token),
      frame: (frame) => this.#frame(frame),
      changed: () => this.#changed(),
    });
  }

  get connection(): Connection {
    return this.#socket.state;
  }

  dispatch(event: Event): void {
    this.#socket.dispatch(event);
  }

  /** Puts a frame on the socket; false where there is none that is ready. */
  sendFrame(frame: ClientFrame): boolean {
    return this.#socket.send(frame);
  }

  /** Sends a text, now or as soon as there is a connection. */
  send(text: string): void {
    this.#set(enqueue(this.chat, uuid(), text, new Date().toISOString()));
    this.#flush();
  }

  stop(id: string): void {
    this.sendFrame({ type: "stop", id });
  }

  retry(id: string): void {
    const attempt = this.chat.messages.find((message) => message.id === id)?.attempt;
    this.sendFrame({ type: "retry", id, ...(attempt != null && { attempt }) });
  }

  /** False: not now (there is no connection). */
  rate(id: string, value: 1 | -1 | 0, comment?: string): boolean {
    const sent = this.sendFrame({ type: "rate", id, value, ...(comment && { comment }) });
    if (sent) this.#set(rated(this.chat, id, value));
    return sent;
  }

  /** Begins a new conversation. */
  renew(): void {
    if (this.sendFrame({ type: "new" })) return;
    // Without a connection there is nobody to tell: the next hello asks for a new one.
    this.#left(this.chat);
    this.#set(renew(this.chat));
    this.#stores.visitor.save({ conversation: null });
  }

  /** Asks for older messages, once for each first one. */
  older(): void {
    const before = this.chat.messages[0]?.id;
    if (!before || before === this.#olderBefore) return;
    if (this.sendFrame({ type: "history", before })) this.#olderBefore = before;
  }

  /** The conversation before this new one, until something is said in this one. */
  get previous(): string | null {
    return this.#stores.tab.value.previous ?? null;
  }

  /** Goes back to it. */
  goBack(): void {
    const conversation = this.previous;
    if (!conversation) return;
    this.#stores.tab.save({ previous: null });
    this.#stores.visitor.save({ conversation });
    this.#set({ ...renew(this.chat), conversation });
    this.reconnect();
  }

  /** Begins as a new visitor, once the stores are another one's. */
  forget(): void {
    this.#environment.cancel(this.#hold);
    this.#visitor = this.#stores.visitor.value.visitor;
    const { conversation } = this.#stores.visitor.value;
    this.#set({ ...emptyChat([], this.chat.maxLength), conversation });
    this.reconnect();
  }

  /** Goes on, before it has begun, from what another tab has stored meanwhile. */
  catchUp(): void {
    const { visitor, conversation } = this.#stores.visitor.value;
    this.#visitor = visitor;
    this.#set({ ...renew(this.chat), conversation });
  }

  /** Connects anew at once. */
  reconnect(): void {
    this.dispatch({ type: "restart" });
  }

  /** Says who the visitor is, as far as they told: with each connection, before what they send. */
  sendProfile(): void {
    const { profile } = this.#stores.visitor.value;
    if (profile && Object.keys(profile).length) this.sendFrame({ type: "profile", ...profile });
  }

  /** What opens a socket, and stands before whatever else asks as this visitor. */
  hello(token: string): Hello {
    const { conversation } = this.chat;
    const visitor = this.#visitor ?? this.#stores.visitor.value.visitor;
    return {
      type: "hello",
      token,
      ...this.#on.hello(),
      ...(visitor && { visitor }),
      ...(conversation !== undefined && { conversation }),
    };
  }

  #frame(frame: ServerFrame): void {
    const before = this.chat;
    const [chat, effects] = receive(before, frame);
    if (frame.type === "ready") {
      this.#visitor = frame.visitor;
      this.#olderBefore = "";
      this.sendProfile();
      if (frame.conversation === null && !frame.gone) this.#left(before);
    }
    if (frame.type === "accepted" && this.previous) this.#stores.tab.save({ previous: null });
    if (frame.type === "ready" || (frame.type === "accepted" && chat !== before)) {
      // Together: a second tab may have got another token meanwhile.
      const { conversation } = frame;
      this.#stores.visitor.save({ visitor: this.#visitor, conversation });
    }
    this.#set(chat);
    this.#on.received(frame, before);
    effects.forEach((effect) => {
      this.#run(effect);
    });
    this.#flush();
  }

  /** Another conversation begins: this one, if anything was said in it, can be gone back to. */
  #left({ conversation, messages }: Chat): void {
    if (conversation && messages.some(({ role }) => role === "user")) {
      this.#stores.tab.save({ previous: conversation });
    }
  }

  #run(effect: Effect): void {
    switch (effect.do) {
      case "ack":
        this.sendFrame({ type: "ack", id: effect.id, offset: effect.offset });
        return;
      case "resync":
        this.reconnect();
        return;
      case "reopen":
        this.#set({ ...this.chat, conversation: effect.conversation });
        this.reconnect();
        return;
      case "hold":
        this.#environment.cancel(this.#hold);
        this.#hold = this.#environment.after(effect.seconds * 1000, () => {
          this.#set(release(this.chat));
          this.#flush();
        });
        return;
      case "typing":
        this.#environment.cancel(this.#typing);
        this.#typing = this.#environment.after(TYPING_MS, () =>
          this.#set({ ...this.chat, typing: "" }),
        );
        return;
      case "refused":
        this.#on.refused(effect.text);
        return;
      default:
        effect satisfies never;
    }
  }

  #changed(): void {
    if (this.connection.phase !== "ready") this.#set(cut(this.chat));
    this.#on.changed();
  }

  #set(chat: Chat): void {
    if (chat.queue !== this.chat.queue) this.#stores.tab.save({ queue: chat.queue });
    this.chat = chat;
    this.#on.changed();
  }

  /** Puts the first that waits on the socket; its `accepted` brings the next one. */
  #flush(): void {
    if (this.connection.phase !== "ready") return;
    const [chat, unsent] = nextSend(this.chat);
    this.#set(chat);
    if (unsent) this.sendFrame({ type: "send", id: unsent.id, text: unsent.text });
  }
}
