/** The frame: the talk with the server, the page around us, and the view of both. */
import type { Identity, Page, State } from "../messages.ts";
import { Announcer } from "./announcer.ts";
import { toAsk } from "./asking.ts";
import { Attention } from "./attention.ts";
import { chime } from "./chime.ts";
import type { Config, Prechat } from "./config.ts";
import { type Chat, isRunning, running } from "./conversation.ts";
import { explain, reason } from "./errors.ts";
import type { Host } from "./host.ts";
import type { Profile, ServerFrame } from "./protocol.ts";
import type { World } from "./socket.ts";
import type { Stores } from "./storage.ts";
import { Talk } from "./talk.ts";
import { sendable } from "./text.ts";
import { type Acts, Times } from "./view/room.ts";
import { uiWords } from "./view/ui.ts";
import { View } from "./view/view.ts";

const TYPED = "";

export class App implements Acts {
  readonly talk: Talk;
  #config: Config;
  #host: Host;
  #stores: Stores;
  #view: View;
  #times: Times;
  #announcer: Announcer;
  #attention: Attention;
  #page: Page = { url: location.href, title: document.title, referrer: document.referrer };
  /** What the server has been told of it; after each `ready` the page says where it is once more. */
  #told = this.#page;
  #identity: Identity = {};
  #inline = false;
  /** Whether the embedding page has said anything yet. */
  #heard = false;
  /** The form that is shown. */
  #asked: Prechat | null = null;
  /** What is sent once it is filled in; TYPED: what stands in the composer then. */
  #waiting = new Set<string>();
  #scheduled = false;
  #draftTimer = 0;

  constructor(config: Config, host: Host, world: World, stores: Stores) {
    this.#config = config;
    this.#host = host;
    this.#stores = stores;
    this.#times = new Times(config.locale);
    this.talk = new Talk(config.token, config.maxLength, world, stores, {
      hello: () => {
        const page = this.#page;
        this.#told = page;
        return { page, locale: config.locale, ...(this.#named && { identity: this.#identity }) };
      },
      heard: (frame, before) => this.#frame(frame, before),
      refused: (text) => this.#view.composer.giveBack(text),
      changed: () => this.#schedule(),
    });
    const room = { config, acts: this, talk: this.talk, times: this.#times };
    this.#view = new View(room, stores.tab.value.draft ?? "");
    this.#view.closable(host.embedded || history.length > 1);
    this.#attention = new Attention((unread) => {
      host.tell({ type: "unread", detail: unread });
      if (!host.embedded) this.#view.unread(unread);
    });
    this.#announcer = new Announcer(
      (text) => this.#attention.open && this.#view.announce(text),
      (message) => `${uiWords(message.ui)}
${reason(message, config.strings, this.#times)}`,
    );
    this.#watch();
    this.#update();
  }

  /** Whether the embedding page says who the visitor is. */
  get #named(): boolean {
    return Object.keys(this.#identity).length > 0;
  }

  start(): void {
    this.talk.dispatch({ type: "start" });
  }

  // --- what the visitor does --------------------------------------------------------------------

  send(text: string, typed = false): boolean {
    const clean = sendable(text);
    if (!clean) return true;
    const { profile } = this.#stores.visitor.value;
    this.#asked ??= toAsk(this.#config.prechat, this.talk.chat.wantsEmail, profile);
    if (this.#asked) this.#waiting.add(typed ? TYPED : clean);
    else this.talk.send(clean);
    this.#update();
    if (!this.#asked) this.#view.log.toEnd();
    return !this.#asked;
  }

  close(): void {
    if (!this.#host.embedded) history.back();
    else if (!this.#inline) this.#host.tell({ type: "close" });
  }

  escape(): void {
    if (this.#asked) this.putOff();
    else if (this.#host.embedded) this.close();
  }

  introduce(profile: Omit<Profile, "type">): void {
    this.#stores.visitor.save({ profile });
    this.talk.introduce();
    this.#host.tell({ type: "identify", detail: profile });
    const texts = [...this.#waiting];
    this.#waiting.clear();
    this.putOff();
    for (const text of texts) {
      if (text === TYPED) this.#view.composer.submit();
      else this.send(text);
    }
  }

  putOff(): void {
    this.#asked = null;
    this.#keep();
    this.#update();
    this.#view.composer.focus();
  }

  /** What waits for the form is the visitor's to send, where they leave it. */
  #keep(): void {
    this.#view.composer.giveBack([...this.#waiting].filter(Boolean).join("\n"));
    this.#waiting.clear();
  }

  draft(text: string): void {
    clearTimeout(this.#draftTimer);
    this.#draftTimer = window.setTimeout(() => this.#stores.tab.save({ draft: text }), 300);
  }

  // --- what the embedding page says -------------------------------------------------------------

  hear({ page, identity = {}, open, inline, texts }: State): void {
    const renamed = JSON.stringify(identity) !== JSON.stringify(this.#identity);
    const opened = open && !(this.#heard && this.#attention.open);
    this.#page = page;
    this.#identity = identity;
    this.#attention.open = open;
    this.#inline = inline;
    this.#view.closable(!inline);
    if (!this.#heard) {
      this.#heard = true;
      this.start();
    } else if (renamed) {
      this.talk.reconnect(); // who one is can only be said in a hello
    } else {
      this.#tellPage();
    }
    if (opened) {
      this.#attention.look();
      // Only where the visitor opened it: then the loader gives us the focus. A panel that the next
      // page opens again must not take it.
      if (document.hasFocus()) this.#view.composer.focus();
      else window.addEventListener("focus", () => this.#view.composer.focus(), { once: true });
    }
    for (const text of texts) this.send(text);
  }

  #tellPage(): void {
    const { url, title } = this.#page;
    const moved = url !== this.#told.url || title !== this.#told.title;
    if (moved && this.talk.tell({ type: "page", url, title })) this.#told = this.#page;
  }

  // --- what the server says ---------------------------------------------------------------------

  #frame(frame: ServerFrame, before: Chat): void {
    const { chat } = this.talk;
    if (frame.type === "ready") {
      this.#host.tell({ type: "ready" });
      if (this.#named) this.#host.tell({ type: "identify", detail: this.#identity });
    } else if (frame.type === "accepted" && chat !== before) {
      this.#view.composer.tell("");
      const { id, role, text } = frame.message;
      this.#host.tell({ type: "message", detail: { id, role, text } });
    } else if (frame.type === "error") {
      this.#view.composer.tell(explain(frame, this.#config.strings, this.#times));
      this.#host.tell({ type: "error", detail: frame.code });
    }
    this.#compare(before, chat);
    this.#announcer.update(chat, frame.type);
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
    if (ended.length === 0 || !this.#attention.away) return;
    this.#attention.missed(ended.length);
    if (this.#config.sound) chime();
  }

  // --- together ---------------------------------------------------------------------------------

  /** What happens to the page happens to the connection. */
  #watch(): void {
    for (const type of ["online", "offline", "pagehide", "pageshow"] as const) {
      window.addEventListener(type, () => this.talk.dispatch({ type }));
    }
    window.addEventListener("pagehide", () => {
      this.#keep();
      this.#stores.tab.save({ draft: this.#view.composer.text });
    });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      this.#attention.look();
      this.talk.dispatch({ type: "shown" });
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
      chat: this.talk.chat,
      connection: this.talk.connection,
      asked: this.#asked,
      identity: this.#identity,
    });
  }
}
