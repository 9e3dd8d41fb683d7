/** Does what connection.ts decides. The socket, the clock and chance are handed in. */
import {
  type Connection,
  type Effect,
  type Event,
  initial,
  reduce,
  type Timer,
} from "./connection.ts";
import { type ClientFrame, type Hello, parseServerFrame, type ServerFrame } from "./protocol.ts";

/** What of a browser's WebSocket is used. */
export interface WebSocketLike {
  send(data: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

export interface Environment {
  open(): WebSocketLike;
  /** A fresh frame token; null where the widget is gone; it rejects where nothing answers. */
  fetchToken(): Promise<string | null>;
  after(ms: number, call: () => void): number;
  cancel(timer: number): void;
  random(): number;
  /** Notes what happens, for who looks for a fault: types and effects, no text. */
  log?(...what: unknown[]): void;
}

export interface Handlers {
  hello(token: string): Hello;
  frame(frame: ServerFrame): void;
  /** The connection is another one, as a visitor sees it. */
  changed(state: Connection): void;
}

export class Socket {
  state: Connection = initial;
  #socket: WebSocketLike | null = null;
  #timers = new Map<Timer, number>();
  #token: string;
  #environment: Environment;
  #on: Handlers;

  constructor(token: string, environment: Environment, on: Handlers) {
    this.#token = token;
    this.#environment = environment;
    this.#on = on;
  }

  /** Puts a frame on the socket. False where there is none that is ready. */
  send(frame: ClientFrame): boolean {
    if (this.state.phase !== "ready") return false;
    this.#environment.log?.("→", frame.type);
    this.#socket?.send(JSON.stringify(frame));
    return true;
  }

  dispatch(event: Event): void {
    const before = this.state;
    const [state, effects] = reduce(this.state, event);
    this.state = state;
    this.#environment.log?.("event", event, state.phase);
    effects.forEach((effect) => {
      this.#run(effect);
    });
    if (state.phase !== before.phase || state.offline !== before.offline) this.#on.changed(state);
  }

  #run(effect: Effect): void {
    const environment = this.#environment;
    environment.log?.("effect", effect);
    switch (effect.do) {
      case "open":
        this.#open();
        return;
      case "close":
        this.#close();
        return;
      case "hello":
        this.#socket?.send(JSON.stringify(this.#on.hello(this.#token)));
        return;
      case "ping":
        this.#socket?.send('{"type":"ping"}');
        return;
      case "token":
        environment.fetchToken().then(
          (token) => {
            this.#token = token ?? "";
            this.dispatch({ type: "token", outcome: token ? "ok" : "gone" });
          },
          () => this.dispatch({ type: "token", outcome: "failed" }),
        );
        return;
      case "wait": {
        const { timer, min, max } = effect;
        this.#cancel(timer);
        const ms = min + environment.random() * (max - min);
        const due = () => this.dispatch({ type: "due", timer });
        this.#timers.set(timer, environment.after(ms, due));
        return;
      }
      case "cancel":
        this.#cancel(effect.timer);
        return;
      default:
        effect satisfies never;
    }
  }

  #open(): void {
    const channel = this.#environment.open();
    this.#socket = channel;
    channel.onopen = () => this.dispatch({ type: "opened" });
    channel.onclose = ({ code }) => this.dispatch({ type: "closed", code });
    channel.onmessage = ({ data }) => {
      const frame = parseServerFrame(data);
      this.#environment.log?.("←", frame?.type);
      this.dispatch({ type: frame?.type === "ready" ? "ready" : "frame" });
      // What is not a frame of this protocol is passed over, as unknown fields are.
      if (frame) this.#on.frame(frame);
    };
  }

  /** A socket that was let go is not heard any more. */
  #close(): void {
    const channel = this.#socket;
    if (!channel) return;
    this.#socket = channel.onopen = channel.onmessage = channel.onclose = null;
    channel.close();
  }

  #cancel(timer: Timer): void {
    this.#environment.cancel(this.#timers.get(timer) ?? 0);
    this.#timers.delete(timer);
  }
}
