/** An environment whose time passes when a test says so, and a server that says what a test says. */
import type { ServerFrame } from "../../chatwidget/frontend/frame/protocol.ts";
import type { Environment, WebSocketLike } from "../../chatwidget/frontend/frame/socket.ts";

export const READY: ServerFrame = {
  type: "ready",
  protocol: 1,
  visitor: "v",
  conversation: null,
  messages: [],
  more: false,
  limits: { max_length: 4000 },
};

export class Fake implements Environment {
  channels: (WebSocketLike & { sent: string[]; closed: boolean })[] = [];
  timers = new Map<number, { at: number; call: () => void }>();
  now = 0;
  tokens: (string | null | Error)[] = [];
  log?: (...what: unknown[]) => void;
  #id = 0;

  open(): WebSocketLike {
    const channel = {
      sent: [] as string[],
      closed: false,
      onopen: null,
      onmessage: null,
      onclose: null,
      send: (data: string) => channel.sent.push(data),
      close: () => {
        channel.closed = true;
      },
    };
    this.channels.push(channel as never);
    return channel as never;
  }
  async fetchToken(): Promise<string | null> {
    const token = this.tokens.shift()!;
    if (token instanceof Error) throw token;
    return token;
  }
  after(ms: number, call: () => void): number {
    this.timers.set(++this.#id, { at: this.now + ms, call });
    return this.#id;
  }
  cancel(timer: number): void {
    this.timers.delete(timer);
  }
  random(): number {
    return 0.5;
  }

  get channel() {
    return this.channels.at(-1)!;
  }
  pass(ms: number): void {
    this.now += ms;
    for (const [id, { at, call }] of [...this.timers]) {
      if (at <= this.now && this.timers.delete(id)) call();
    }
  }
  /** What was sent on the last socket. */
  get sent(): { type: string; [field: string]: unknown }[] {
    return this.channel.sent.map((data) => JSON.parse(data));
  }
  say(frame: unknown): void {
    this.channel.onmessage?.({ data: JSON.stringify(frame) });
  }
  up(ready: ServerFrame = READY): void {
    this.channel.onopen?.();
    this.say(ready);
  }
}
