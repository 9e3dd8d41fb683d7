/** The admin's websocket: it comes back by the same rules as a visitor's. */
import type { Connection } from "../frame/connection.ts";
import { followPage } from "../frame/page-events.ts";
import type { ClientFrame, Hello, ServerFrame } from "../frame/protocol.ts";
import { Socket, type WebSocketLike } from "../frame/socket.ts";
import { type Order, parseStaffFrame, type StaffFrame } from "./staff-protocol.ts";

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
        const frame = parseStaffFrame(data);
        if (frame) on.staff(frame);
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
    followPage((event) => this.#socket.dispatch(event));
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
