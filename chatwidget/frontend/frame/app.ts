/** The frame: connects the chat with the server, the page around us, and the view of both. */
import type { Identity, Page, PageState } from "../bridge-protocol.ts";
import { Announcer } from "./announcer.ts";
import { ChatClient } from "./chat-client.ts";
import { sendable } from "./code-points.ts";
import type { Config, OwnData, Prechat } from "./config.ts";
import { type Chat, lastEvent } from "./conversation.ts";
import type { DateFormatter } from "./dates.ts";
import { byId, focusText, focusWithFrame } from "./dom.ts";
import { Draft } from "./draft.ts";
import { reason } from "./errors.ts";
import { openOwnData } from "./own-data.ts";
import { followPage } from "./page-events.ts";
import type { ParentPage } from "./parent-page.ts";
import { formToShow } from "./prechat.ts";
import type { Message, Profile, ServerFrame } from "./protocol.ts";
import { Reporter } from "./reporter.ts";
import type { Environment } from "./socket.ts";
import type { Stores } from "./storage.ts";
import { fill } from "./strings.ts";
import { themed } from "./theme.ts";
import { UnreadCounter } from "./unread.ts";
import type { Actions, Offer } from "./view/context.ts";
import { paced } from "./view/pace.ts";
import { uiWords } from "./view/ui-words.ts";
import { View } from "./view/view.ts";
import { CurrentVisitor, isNews } from "./visitor.ts";

const TYPED = "";

export class App implements Actions {
  readonly client: ChatClient;
  #config: Config;
  #parent: ParentPage;
  #stores: Stores;
  #view: View;
  #dates: DateFormatter;
  #announcer: Announcer;
  #unread: UnreadCounter;
  #reporter: Reporter;
  #page: Page = { url: location.href, title: document.title, referrer: document.referrer };
  /** What the server knows of it; after each `ready` the page says where it is once more. */
  #sentPage = this.#page;
  #visitor: CurrentVisitor;
  #inline = false;
  /** Whether the embedding page has sent its state yet. */
  #connected = false;
  /** The form that is shown. */
  #prechat: Prechat | null = null;
  /** What is sent once it is filled in; TYPED: what stands in the composer then. */
  #waiting = new Set<string>();
  #draft: Draft;
  /** The visitor wants a person, and has no answer yet. */
  #asksPerson = false;

  /** `greeting`: the page's, for a new visitor; `sent`: what was sent before this was there. */
  constructor(
    config: Config,
    parent: ParentPage,
    environment: Environment,
    stores: Stores,
    dates: DateFormatter,
    greeting?: Message,
    sent: string[] = [],
  ) {
    this.#config = config;
    this.#parent = parent;
    this.#stores = stores;
    this.#visitor = new CurrentVisitor(stores);
    this.#dates = dates;
    this.client = new ChatClient(
      config.token,
      config.maxLength,
      environment,
      stores,
      {
        hello: () => {
          const page = this.#page;
          const { identity, isNamed: named } = this.#visitor;
          this.#sentPage = page;
          return {
            page: { ...page, ...(parent.origin && { origin: parent.origin }) },
            locale: config.locale,
            ...(named && { identity }),
          };
        },
        received: (frame, before) => this.#frame(frame, before),
        refused: (text) => this.#view.composer.giveBack(text),
        changed: paced(() => this.#update()),
      },
      greeting,
    );
    this.#draft = new Draft(this.client, stores.tab);
    const context = {
      config,
      actions: this,
      client: this.client,
      draft: this.#draft,
      dates,
      base: () => (parent.embedded ? this.#page.url : undefined),
    };
    this.#view = new View(context, stores.tab.value.draft ?? "");
    this.#view.closable(parent.embedded || history.length > 1);
    this.#unread = new UnreadCounter(stores.visitor, (unread) => {
      parent.send({ type: "unread", detail: unread });
      if (!parent.embedded) this.#view.unread(unread);
    });
    this.#announcer = new Announcer(
      (text) => this.#unread.open && this.#view.announce(text),
      (message) => `${uiWords(message.ui)}\n${reason(message, config.strings, dates)}`,
    );
    this.#reporter = new Reporter(
      config,
      parent,
      this.client,
      this.#view.composer,
      this.#visitor,
      this.#unread,
      dates,
    );
    const { ownData } = config;
    if (ownData) byId("own-data").onclick = () => this.#openOwnData(ownData, environment);
    this.#watch();
    this.#update();
    this.#view.composer.catchUp(sent);
  }

  start(): void {
    this.#announcer.update(this.client.chat, "message"); // the page's greeting, now that it is seen
    this.client.dispatch({ type: "start" });
  }

  get #begun(): boolean {
    return this.client.connection.phase !== "idle";
  }

  /** The embedding page says nothing: it is no more than the place where this page is shown. */
  startAlone(): void {
    if (this.#connected) return;
    this.#view.closable(false);
    this.start();
  }

  // --- what the visitor does --------------------------------------------------------------------

  send(text: string, typed = false): boolean {
    const clean = sendable(text);
    if (!clean) return true;
    this.#draft.sent();
    const { profile } = this.#stores.visitor.value;
    this.#prechat ??= formToShow(this.#config.prechat, this.client.chat.wantsEmail, profile);
    if (this.#prechat) this.#waiting.add(typed ? TYPED : clean);
    else this.client.send(clean);
    this.#update();
    if (!this.#prechat) this.#view.log.toEnd();
    return !this.#prechat;
  }

  close(): void {
    if (!this.#parent.embedded) history.back();
    else if (!this.#inline) this.#parent.send({ type: "close" });
  }

  escape(): void {
    if (this.#prechat) this.postponePrechat();
    else if (this.#parent.embedded) this.close();
  }

  submitPrechat(profile: Omit<Profile, "type">): void {
    this.#stores.visitor.save({ profile: { ...this.#stores.visitor.value.profile, ...profile } });
    this.client.sendProfile();
    this.#parent.send({ type: "identify", detail: profile });
    const texts = [...this.#waiting];
    this.#waiting.clear();
    if (this.#prechat?.away) {
      const { address_left } = this.#config.strings;
      this.#view.composer.notify(fill(address_left, { email: profile.email ?? "" }), true);
    }
    this.postponePrechat();
    for (const text of texts) {
      if (text === TYPED) this.#view.composer.submit();
      else this.send(text);
    }
  }

  postponePrechat(): void {
    this.#prechat = null;
    this.#keep();
    this.#update();
    focusText();
  }

  /** What waits for the form is the visitor's to send, where they leave it. */
  #keep(): void {
    this.#view.composer.giveBack([...this.#waiting].filter(Boolean).join("\n"));
    this.#waiting.clear();
  }

  askPerson(): void {
    if (this.#offer === "leave_address") this.#askAddress();
    else this.#asksPerson = this.client.sendFrame({ type: "ask_person" });
  }

  /** What the button below the conversation is for; where nobody is there, they can write, once they
   *  know where. */
  get #offer(): Offer {
    const event = lastEvent(this.client.chat);
    if (event === "away") return this.#stores.visitor.value.profile?.email ? "" : "leave_address";
    return this.#config.person && !["joined", "asked"].includes(event) ? "ask_person" : "";
  }

  #askAddress(): void {
    this.#prechat = { name: "optional", email: "required", consent: null, version: "", away: true };
    this.#update();
  }

  async #openOwnData(ownData: OwnData, { fetchToken }: Environment): Promise<void> {
    const failed = this.#config.strings.not_sent;
    await openOwnData(ownData, {
      failed,
      hello: async () => this.client.hello((await fetchToken()) ?? ""),
      forget: () => {
        this.#visitor.isReplacedBy(this.#visitor.identity, true);
        this.#forget();
      },
      wait: (seconds) => this.#dates.wait(seconds),
    }).catch(() => this.#view.composer.notify(failed));
  }

  // --- what the embedding page sends -------------------------------------------------------------

  onState(state: PageState): void {
    const { page, identity, forget, open, inline, texts } = state;
    // Another tab may have gone on since this frame was made, which may be long ago.
    if (!this.#connected && this.#visitor.wasReplaced()) this.#forget();
    if (!this.#connected && this.#visitor.isBehind()) this.client.catchUp();
    const news = isNews(this.#visitor.identity, identity) || this.#isRefused(identity);
    const opened = open && !(this.#connected && this.#unread.open);
    this.#page = page;
    this.#unread.open = open;
    this.#inline = inline;
    this.#connected = true;
    this.#view.closable(!inline);
    themed(state.theme ?? this.#config.theme, state.scheme);
    if (this.#visitor.isReplacedBy(identity, forget)) this.#forget();
    else if (!this.#begun) this.start();
    else if (news) this.client.reconnect();
    else this.#sendPage();
    if (opened) {
      this.#unread.update(this.client.chat);
      focusWithFrame();
    }
    for (const text of texts) this.send(text);
  }

  /** A server that wants a proof has closed the door; another one may open it. */
  #isRefused({ proof }: Identity): boolean {
    return this.client.connection.phase === "closed" && proof !== this.#visitor.identity.proof;
  }

  /** Somebody else has sat down: nothing of the last visitor is shown, or sent. */
  #forget(): void {
    this.#draft.forget();
    this.#waiting.clear();
    this.#prechat = null;
    this.#view.forget();
    this.client.forget();
    this.start();
  }

  #sendPage(): void {
    const { url, title } = this.#page;
    const moved = url !== this.#sentPage.url || title !== this.#sentPage.title;
    if (moved && this.client.sendFrame({ type: "page", url, title })) this.#sentPage = this.#page;
  }

  // --- what the server sends ---------------------------------------------------------------------

  #frame(frame: ServerFrame, before: Chat): void {
    const { chat } = this.client;
    this.#reporter.report(frame, before, chat);
    if (this.#asksPerson && lastEvent(chat)) {
      this.#asksPerson = false;
      if (this.#offer === "leave_address") this.#askAddress();
    }
    this.#unread.update(chat);
    this.#announcer.update(chat, frame.type);
  }

  // --- together ---------------------------------------------------------------------------------

  #watch(): void {
    const look = () => {
      if (!this.#begun) return;
      if (this.#visitor.wasReplaced()) this.#forget();
      else this.#update();
    };
    window.addEventListener("storage", look);
    window.addEventListener("pageshow", look);
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.#begun) this.#unread.update(this.client.chat);
    });
    followPage((event) => this.client.dispatch(event));
    window.addEventListener("pagehide", () => {
      this.#keep();
      this.#draft.save(this.#view.composer.text);
    });
  }

  #update(): void {
    this.#view.update({
      chat: this.client.chat,
      connection: this.client.connection,
      prechat: this.#prechat,
      offer: this.#prechat ? "" : this.#offer,
      identity: this.#visitor.identity,
    });
  }
}
