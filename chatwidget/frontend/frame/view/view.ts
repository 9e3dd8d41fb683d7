/** The whole of what is seen, shown from one model. */
import type { Identity } from "../../messages.ts";
import type { Prechat } from "../config.ts";
import type { Connection } from "../connection.ts";
import { type Chat, running } from "../conversation.ts";
import { el, part, refocus } from "../dom.ts";
import { Ask } from "./ask.ts";
import { Composer } from "./composer.ts";
import { Log } from "./log.ts";
import type { Room } from "./room.ts";
import { Status } from "./status.ts";

export interface Model {
  chat: Chat;
  connection: Connection;
  /** What is asked of the visitor right now. */
  asked: Prechat | null;
  identity: Identity;
}

/** How many announcements stay in the page: enough for a screen reader to get to them. */
const ANNOUNCEMENTS = 8;

export class View {
  readonly composer: Composer;
  readonly log: Log;
  #status: Status;
  #ask: Ask;
  #announcements = part("announcer");
  #title = document.title;

  constructor(room: Room, draft: string) {
    const { style } = document.documentElement;
    for (const [name, value] of Object.entries(room.config.look)) {
      style.setProperty(name, value);
    }
    this.composer = new Composer(room, draft);
    this.log = new Log(room);
    this.#status = new Status(room);
    this.#ask = new Ask(room);
    part("new").addEventListener("click", () => {
      room.talk.renew();
      refocus();
    });
    part("close").addEventListener("click", () => room.acts.close());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) room.acts.escape();
    });
  }

  update({ chat, connection, asked, identity }: Model): void {
    const ready = connection.phase === "ready";
    const expecting =
      chat.messages.length + chat.queue.length === 0 && (ready || connection.failures === 0);
    this.log.update({ chat, online: ready, expecting: expecting && connection.phase !== "closed" });
    this.composer.update(running(chat)?.id ?? null, chat.maxLength);
    this.#status.update(connection);
    this.#ask.update(asked, identity);
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

  /** Whether there is something to close. */
  closable(can: boolean): void {
    part("close").hidden = !can;
  }
}
