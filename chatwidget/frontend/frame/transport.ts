/**
 * How the frame reaches the server: by a websocket; by an event stream where two of them brought
 * nothing (some companies' proxies take none), and then for as long as the tab lives.
 */
import { EventStream } from "./event-stream.ts";
import type { WebSocketLike } from "./socket.ts";

/** Websockets that brought nothing, before the other way is tried. */
const CHANCES = 2;

export interface Kept {
  value: { stream?: boolean };
  save(changes: { stream?: boolean }): void;
}

export function openSocket(path: string): WebSocket {
  // http → ws, https → wss.
  return new WebSocket(new URL(path, location.href.replace(/^http/, "ws")));
}

export class Transport {
  #socketUrl: string;
  #first: WebSocket | undefined;
  #streamUrl: string;
  #probe: string;
  #tab: Kept;
  #failed = 0;

  /**
   * `probe`: an address that answers where the server can be reached at all; `first`: a socket that
   * is under way already.
   */
  constructor(socket: string, stream: string, probe: string, tab: Kept, first?: WebSocket) {
    this.#socketUrl = socket;
    this.#first = first;
    this.#streamUrl = stream;
    this.#probe = probe;
    this.#tab = tab;
  }

  open(): WebSocketLike {
    if (this.#tab.value.stream || this.#failed >= CHANCES) return this.#openStream();
    const first = this.#first;
    this.#first = undefined;
    const usable = first && first.readyState <= WebSocket.OPEN;
    const socket = usable ? first : openSocket(this.#socketUrl);
    let works = false;
    if (socket.readyState === WebSocket.OPEN)
      queueMicrotask(() => socket.onopen?.(new Event("open")));
    // Some proxies let the handshake pass and nothing else.
    socket.addEventListener("message", () => {
      works = true;
    });
    socket.addEventListener("close", ({ wasClean }) => {
      // Only where the server answers otherwise: one that is down takes no handshake, either.
      const refuse = () => {
        this.#failed += 1;
      };
      if (!works && !wasClean) fetch(this.#probe, { method: "HEAD" }).then(refuse, () => {});
    });
    return socket as WebSocketLike;
  }

  #openStream(): WebSocketLike {
    // Where this fails as well, it is the server or the network: websockets have two chances more.
    this.#failed = 0;
    const stream = new EventStream(this.#streamUrl, () => {
      if (!this.#tab.value.stream) {
        console.info("Chat: websockets do not open here; server-sent events serve instead.");
        this.#tab.save({ stream: true });
      }
    });
    return stream;
  }
}
