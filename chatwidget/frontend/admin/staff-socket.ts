/** The admin's websocket: it comes back by the same rules as a visitor's. */
import type { Connection } from "../frame/connection.ts";
import type { ClientFrame, Hello, ServerFrame } from "../frame/protocol.ts";
import { Socket, type WebSocketLike } from "../frame/socket.ts";

/** What staff are told beside what visitors are; docs/desk.md lists it. */
export type StaffFrame =
  | { type: "held"; holder: string; name: string; mine: boolean; asked: boolean }
  | { type: "writing"; name: string }
  | { type: "over"; conversation: string | null }
  | { type: "live"; conversations: LiveConversation[] };

/** One line of the live list. */
export interface LiveConversation {
  id: string;
  widget: string;
  /** A name or an address; empty: nothing is known. */
  who: string;
  /** The end of the visitor's id. */
  visitor: string;
  words: string;
  at: string;
  page: string;
  unread: number;
  /** Who has it; empty: the agent. */
  staff: string;
  mine: boolean;
  /** Since when a person is waited for; empty: none is. */
  asked_at: string;
  here: boolean;
}

/** What staff send beside what visitors do. */
export type Order =
  | { type: "take"; holder: string }
  | { type: "hand_back" }
  | { type: "seen"; seq: number };

const STAFF = ["held", "writing", "over", "live"];

export interface Handlers {
  hello: object;
  frame(frame: ServerFrame): void;
  staff(frame: StaffFrame): void;
  changed(state: Connection): void;
}

export class StaffSocket {
  #socket: Socket;

  constructor(path: string, on: Handlers) {
    const url = new URL(path, location.href.replace(/^http/, "ws"));
    const open = (): WebSocketLike => {
      const socket = new WebSocket(url);
      // Before the frames that visitors get, too, are read: what comes in order is shown in order.
      socket.addEventListener("message", ({ data }) => {
        const frame = JSON.parse(data);
        if (STAFF.includes(frame.type)) on.staff(frame);
      });
      return socket as WebSocketLike;
    };
    this.#socket = new Socket(
      "",
      {
        open,
        // There is no token to be had: who is signed out has to sign in.
        fetchToken: async () => null,
        after: (ms, call) => window.setTimeout(call, ms),
        cancel: (timer) => clearTimeout(timer),
        random: Math.random,
      },
      {
        hello: () => ({ type: "hello", ...on.hello }) as unknown as Hello,
        frame: on.frame,
        changed: on.changed,
      },
    );
    for (const type of ["online", "offline", "pagehide", "pageshow"] as const) {
      window.addEventListener(type, () => this.#socket.dispatch({ type }));
    }
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#socket.dispatch({ type: "shown" });
    });
    this.#socket.dispatch({ type: "start" });
  }

  get ready(): boolean {
    return this.#socket.state.phase === "ready";
  }

  /** False where there is no connection. */
  send(frame: ClientFrame | Order): boolean {
    return this.#socket.send(frame as ClientFrame);
  }
}
