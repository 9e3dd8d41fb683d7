/** The frame: what is heard (socket, embedding page, visitor) goes into the state, and is shown. */
import type { Identity, Page, State } from "../messages.ts";
import { Announcer } from "./announcer.ts";
import { chime } from "./chime.ts";
import type { Config, Prechat } from "./config.ts";
import type { Connection } from "./connection.ts";
import {
  type Chat,
  cut,
  type Effect,
  emptyChat,
  enqueue,
  isRunning,
  nextSend,
  rated,
  receive,
  release,
  renew,
  running,
} from "./conversation.ts";
import { refocus } from "./dom.ts";
import { explain } from "./errors.ts";
import type { Host } from "./host.ts";
import type { Hello, Profile, ServerFrame } from "./protocol.ts";
import { Socket, type World } from "./socket.ts";
import type { Stores } from "./storage.ts";
import { sendable } from "./text.ts";
import { type Acts, Times } from "./view/room.ts";
import { View } from "./view/view.ts";

export class App implements Acts {
  #config: Config;
  #host: Host;
  #world: World;
  #stores: Stores;
  #chat: Chat;
  #socket: Socket;
  #view: View;
  #times: Times;
  #announcer: Announcer;
  #page: Page;
  #identity: Identity = {};
  #open = true;
  #inline = false;
  /** Whether the embedding page has said anything yet. */
  #heard = false;
  #unread = 0;
  #asked: Prechat | null = null;
  #olderBefore = "";
  #scheduled = false;
  #draftTimer = 0;
  #visitor: string | undefined;

  constructor(config: Config, host: Host, world: World, stores: Stores) {
    this.#config = config;
    this.#host = host;
    this.#world = world;
    this.#stores = stores;
    const { draft, queue } = stores.tab.value;
    this.#chat = {
      ...emptyChat(Array.isArray(queue) ? queue : [], config.maxLength),
      conversation: stores.visitor.value.conversation,
    };
    this.#visitor = stores.visitor.value.visitor;
    this.#page = { url: location.href, title: document.title, referrer: document.referrer };
    this.#times = new Times(config.locale);
    this.#socket = new Socket(config.token, world, {
      hello: (token) => this.#hello(token),
      frame: (frame) => this.#frame(frame),
      changed: (connection) => this.#connection(connection),
    });
    this.#view = new View({ config, acts: this, times: this.#times }, draft ?? "");
    this.#announcer = new Announcer((text) => this.#open && this.#view.announce(text));
    this.#view.closable(host.embedded || history.length > 1);
    this.#watch();
    this.#update();
  }

  start(): void {
    this.#socket.dispatch({ type: "start" });
  }

  // --- what the visitor does --------------------------------------------------------------------

  send(text: string): boolean {
    const clean = sendable(text);
    if (!clean) return true;
    if (this.#mustAsk()) {
      this.#view.composer.text = text;
      this.#update();
      return false;
    }
    this.#set(enqueue(this.#chat, uuid(), clean, new Date().toISOString()));
    this.#flush();
    this.#update();
    this.#view.log.toEnd();
    return true;
  }

  stop(id: string): void {
    this.#socket.send({ type: "stop", id });
  }

  retry(id: string): void {
    const attempt = this.#chat.messages.find((message) => message.id === id)?.attempt;
    this.#socket.send({ type: "retry", id, ...(attempt != null && { attempt }) });
    refocus();
  }

  rate(id: string, value: 1 | -1 | 0, comment?: string): boolean {
    const sent = this.#socket.send({ type: "rate", id, value, ...(comment && { comment }) });
    if (sent) this.#set(rated(this.#chat, id, value));
    return sent;
  }

  renew(): void {
    refocus();
    if (this.#socket.send({ type: "new" })) return;
    // Without a connection there is nobody to tell: the next hello asks for a new one.
    this.#set(renew(this.#chat));
    this.#stores.visitor.save({ conversation: null });
  }

  close(): void {
    if (!this.#host.embedded) history.back();
    else if (!this.#inline) this.#host.tell({ type: "close" });
  }

  escape(): void {
    if (this.#asked) this.putOff();
    else if (this.#host.embedded) this.close();
  }

  older(): void {
    const first = this.#chat.messages[0]?.id;
    if (!first || first === this.#olderBefore) return;
    if (this.#socket.send({ type: "history", before: first })) this.#olderBefore = first;
  }

  reconnect(): void {
    this.#socket.dispatch({ type: "restart" });
  }

  introduce(profile: Omit<Profile, "type">): void {
    this.#stores.visitor.save({ profile });
    this.#asked = null;
    this.#introduce();
    this.#host.tell({ type: "identify", detail: profile });
    this.#update();
    const { composer } = this.#view;
    if (this.send(composer.text)) composer.text = "";
    composer.focus();
  }

  putOff(): void {
    this.#asked = null;
    this.#update();
    this.#view.composer.focus();
  }

  draft(text: string): void {
    clearTimeout(this.#draftTimer);
    this.#draftTimer = window.setTimeout(() => this.#stores.tab.save({ draft: text }), 300);
  }

  // --- what the embedding page says -------------------------------------------------------------

  hear({ page, identity = {}, open, inline, texts }: State): void {
    const moved = page.url !== this.#page.url || page.title !== this.#page.title;
    const renamed = JSON.stringify(identity) !== JSON.stringify(this.#identity);
    const opened = open && !(this.#heard && this.#open);
    this.#page = page;
    this.#identity = identity;
    this.#open = open;
    this.#inline = inline;
    this.#view.closable(!inline);
    if (!this.#heard) {
      this.#heard = true;
      this.start();
    } else if (renamed)
      this.reconnect(); // who one is can only be said in a hello
    else if (moved) this.#socket.send({ type: "page", url: page.url, title: page.title });
    if (opened) {
      this.#seen();
      // Only where the visitor opened it: then the loader gives us the focus. A panel that the next
      // page opens again must not take it.
      if (document.hasFocus()) this.#view.composer.focus();
      else on(window, "focus", () => this.#view.composer.focus(), { once: true });
    }
    for (const text of texts) this.send(text);
  }

  // --- what the server says ---------------------------------------------------------------------

  #hello(token: string): Hello {
    const { conversation } = this.#chat;
    const visitor = this.#visitor ?? this.#stores.visitor.value.visitor;
    return {
      type: "hello",
      token,
      page: this.#page,
      locale: this.#config.locale,
      ...(visitor && { visitor }),
      ...(conversation !== undefined && { conversation }),
      ...(Object.keys(this.#identity).length > 0 && { identity: this.#identity }),
    };
  }

  #frame(frame: ServerFrame): void {
    const before = this.#chat;
    const [chat, effects] = receive(before, frame);
    if (frame.type === "ready") {
      this.#visitor = frame.visitor;
      this.#olderBefore = "";
      this.#stores.visitor.save({ visitor: frame.visitor, conversation: frame.conversation });
      this.#introduce();
      this.#host.tell({ type: "ready" });
      if (this.#identity.id ?? this.#identity.email) {
        this.#host.tell({ type: "identify", detail: this.#identity });
      }
    } else if (frame.type === "accepted") {
      // With the token it belongs to: a second tab may have got another one meanwhile.
      this.#stores.visitor.save({ visitor: this.#visitor, conversation: frame.conversation });
      this.#view.composer.tell("");
      const { id, role, text } = frame.message;
      if (chat !== before) this.#host.tell({ type: "message", detail: { id, role, text } });
    } else if (frame.type === "error") {
      this.#error(frame);
    }
    this.#set(chat);
    this.#compare(before, chat);
    this.#announcer.update(chat, frame.type === "ready");
    effects.forEach((effect) => {
      this.#run(effect);
    });
    this.#flush();
  }

  #run(effect: Effect): void {
    switch (effect.do) {
      case "ack":
        this.#socket.send({ type: "ack", id: effect.id, offset: effect.offset });
        return;
      case "resync":
        this.reconnect();
        return;
      case "reopen":
        this.#set({ ...this.#chat, conversation: effect.conversation });
        this.reconnect();
        return;
      case "hold":
        this.#world.after(effect.seconds * 1000, () => {
          this.#set(release(this.#chat));
          this.#flush();
        });
        return;
      case "refused":
        // The text goes back to where it was typed, before what was typed since.
        this.#view.composer.text = [effect.text, this.#view.composer.text]
          .filter(Boolean)
          .join("\n");
    }
  }

  #error(frame: Extract<ServerFrame, { type: "error" }>): void {
    this.#view.composer.tell(explain(frame, this.#config.strings, (s) => this.#times.wait(s)));
    this.#host.tell({ type: "error", detail: frame.code });
  }

  /** Tells the embedding page, and the visitor who looks elsewhere, of replies that ended. */
  #compare(before: Chat, after: Chat): void {
    const runs = !!running(after);
    if (runs !== !!running(before)) this.#host.tell({ type: "running", detail: runs });
    const ended = before.messages
      .filter(isRunning)
      .flatMap(({ id }) => after.messages.find((each) => each.id === id && !isRunning(each)) ?? []);
    for (const { id, role, text, error } of ended) {
      this.#host.tell({ type: "message", detail: { id, role, text } });
      if (error) this.#host.tell({ type: "error", detail: error.code });
    }
    if (ended.length === 0 || (this.#open && !document.hidden)) return;
    this.#unread += ended.length;
    this.#tellUnread();
    if (this.#config.sound) chime();
  }

  #connection(connection: Connection): void {
    if (connection.phase !== "ready") this.#set(cut(this.#chat));
    this.#schedule();
  }

  // --- together ---------------------------------------------------------------------------------

  #set(chat: Chat): void {
    if (chat.queue !== this.#chat.queue) this.#stores.tab.save({ queue: chat.queue });
    this.#chat = chat;
    this.#schedule();
  }

  /** Puts the first that waits on the socket; its `accepted` brings the next one. */
  #flush(): void {
    if (this.#socket.state.phase !== "ready") return;
    const [chat, unsent] = nextSend(this.#chat);
    this.#set(chat);
    if (unsent) this.#socket.send({ type: "send", id: unsent.id, text: unsent.text });
  }

  #introduce(): void {
    const { profile } = this.#stores.visitor.value;
    if (profile && Object.keys(profile).length) this.#socket.send({ type: "profile", ...profile });
  }

  /** Whether there is a form to fill in first; then it is shown. */
  #mustAsk(): boolean {
    const { prechat } = this.#config;
    const { profile } = this.#stores.visitor.value;
    const agreed = !prechat?.consent || profile?.consent === prechat.version;
    if (profile && agreed) return false;
    const email = this.#chat.wantsEmail ? "optional" : null;
    if (prechat) this.#asked ??= { ...prechat, email: prechat.email ?? email };
    else if (email) this.#asked ??= { name: null, email, consent: null, version: "" };
    return !!this.#asked;
  }

  #seen(): void {
    if (!this.#unread || !this.#open || document.hidden) return;
    this.#unread = 0;
    this.#tellUnread();
  }

  #tellUnread(): void {
    this.#host.tell({ type: "unread", detail: this.#unread });
    if (!this.#host.embedded) this.#view.unread(this.#unread);
  }

  #watch(): void {
    on(window, "online", () => this.#socket.dispatch({ type: "online" }));
    on(window, "offline", () => this.#socket.dispatch({ type: "offline" }));
    on(window, "pagehide", () => {
      this.#stores.tab.save({ draft: this.#view.composer.text });
      this.#socket.dispatch({ type: "pagehide" });
    });
    on(window, "pageshow", () => this.#socket.dispatch({ type: "pageshow" }));
    on(document, "visibilitychange", () => {
      if (document.hidden) return;
      this.#seen();
      this.#socket.dispatch({ type: "shown" });
    });
  }

  /** Shows the state before the next frame is painted, however often it changes until then. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => this.#update());
  }

  #update(): void {
    this.#scheduled = false;
    this.#view.update({
      chat: this.#chat,
      connection: this.#socket.state,
      onLine: navigator.onLine,
      asked: this.#asked,
      identity: this.#identity,
    });
  }
}

function on(target: EventTarget, name: string, call: () => void, options = {}): void {
  target.addEventListener(name, call, options);
}

/** A random UUID. `crypto.randomUUID` is missing on pages without https. */
function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
