/** The whole of what is seen, shown from one model. */
import type { Identity } from "../../bridge-protocol.ts";
import type { Prechat } from "../config.ts";
import type { Connection } from "../connection.ts";
import { type Chat, running } from "../conversation.ts";
import { byId, composing, el, refocus } from "../dom.ts";
import { paint } from "../theme.ts";
import { Composer } from "./composer.ts";
import type { Offer, ViewContext } from "./context.ts";
import { Log } from "./log.ts";
import { PrechatForm } from "./prechat-form.ts";
import { Status } from "./status.ts";

export interface Model {
  chat: Chat;
  connection: Connection;
  /** The form that is shown right now. */
  prechat: Prechat | null;
  offer: Offer;
  identity: Identity;
}

/** How many announcements stay in the page: enough for a screen reader to get to them. */
const ANNOUNCEMENTS = 8;

export class View {
  readonly composer: Composer;
  readonly log: Log;
  #status: Status;
  #prechatForm: PrechatForm;
  #announcements = byId("announcer");
  #title = document.title;

  constructor(context: ViewContext, draft: string) {
    paint(context.config);
    this.composer = new Composer(context, draft);
    this.log = new Log(context);
    this.#status = new Status(context);
    this.#prechatForm = new PrechatForm(context);
    byId("new").addEventListener("click", () => {
      context.client.renew();
      refocus();
    });
    byId("close").addEventListener("click", () => context.actions.close());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !composing(event)) context.actions.escape();
    });
  }

  update({ chat, connection, prechat, offer, identity }: Model): void {
    const ready = connection.phase === "ready";
    const expecting =
      chat.messages.length + chat.queue.length === 0 && (ready || connection.failures === 0);
    this.log.update({
      chat,
      online: ready,
      expecting: expecting && connection.phase !== "closed",
      offer,
    });
    this.composer.update(running(chat)?.id ?? null, chat.maxLength);
    this.#status.update(connection);
    this.#prechatForm.update(prechat, identity);
  }

  announce(text: string): void {
    this.#announcements.append(el("p", {}, text));
    if (this.#announcements.childElementCount > ANNOUNCEMENTS) {
      this.#announcements.firstElementChild!.remove();
    }
  }

  /** How many replies were not seen yet, in the title of a page of its own. */
  unread(count: number): void {
    document.title = count ? `(${count}) ${this.#title}` : this.#title;
  }

  /** Another visitor must not read, hear or send what the last one has left. */
  forget(): void {
    this.composer.text = "";
    this.composer.notify("");
    this.#announcements.replaceChildren();
  }

  /** Whether there is something to close. */
  closable(can: boolean): void {
    byId("close").hidden = !can;
  }
}
