/** The admin's connection: it comes back, and finds another way, by the same rules as a visitor's. */
import type { Connection } from "../frame/connection.ts";
import { followPage } from "../frame/page-events.ts";
import type { ClientFrame, Hello, ServerFrame } from "../frame/protocol.ts";
import { Socket } from "../frame/socket.ts";
import { Transport } from "../frame/transport.ts";
import { type Order, parseStaffFrame, type StaffFrame } from "./staff-protocol.ts";

/** The paths of both transports. */
export interface Paths {
  socket: string;
  events: string;
}

/** Kept for as long as the tab lives: websockets do not open here. */
const STREAM = "chatwidget:staff:stream";

/** Connections that brought nothing, before it is said what to look for: some half a minute. */
const PATIENCE = 5;

/** Which words tell what is wrong, as long as something is. */
export function trouble({ phase, failures }: Connection): "signed_out" | "stuck" | "lost" | "" {
  if (phase === "closed") return "signed_out";
  if (phase !== "waiting") return "";
  return failures < PATIENCE ? "lost" : "stuck";
}

export interface Handlers {
  hello: object;
  frame(frame: ServerFrame): void;
  staff(frame: StaffFrame): void;
  changed(state: Connection): void;
}

export class StaffSocket {
  #socket: Socket;

  constructor(paths: Paths, on: Handlers) {
    const tab = {
      value: { stream: sessionStorage.getItem(STREAM) !== null },
      save() {
        tab.value.stream = true;
        sessionStorage.setItem(STREAM, "");
      },
    };
    const transport = new Transport(paths.socket, paths.events, paths.socket, tab);
    const open = () => {
      const channel = transport.open();
      // Once the frames that visitors get, too, are listened to: all is shown in the order it came.
      queueMicrotask(() => {
        const shown = channel.onmessage;
        if (!shown) return; // closed already
        channel.onmessage = (event) => {
          const frame = parseStaffFrame(event.data);
          if (frame) on.staff(frame);
          shown(event);
        };
      });
      return channel;
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
