import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hello, ServerFrame } from "../../chatwidget/frontend/frame/protocol.ts";
import { type Channel, Socket, type World } from "../../chatwidget/frontend/frame/socket.ts";

const READY = {
  type: "ready",
  protocol: 1,
  visitor: "v",
  conversation: null,
  messages: [],
  more: false,
  limits: { max_length: 4000 },
};

/** A world whose time passes when it is told to. */
class Fake implements World {
  channels: (Channel & { sent: string[]; closed: boolean })[] = [];
  timers = new Map<number, { at: number; call: () => void }>();
  now = 0;
  tokens: (string | null | Error)[] = [];
  frames: ServerFrame[] = [];
  hellos: string[] = [];
  #id = 0;

  socket = new Socket("first", this, {
    hello: (token): Hello => {
      this.hellos.push(token);
      return { type: "hello", token };
    },
    frame: (frame) => this.frames.push(frame),
    changed: () => {},
  });

  open(): Channel {
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
  say(frame: unknown): void {
    this.channel.onmessage?.({ data: JSON.stringify(frame) });
  }
  up(): void {
    this.channel.onopen?.();
    this.say(READY);
  }
}

test("says hello, hears, and pings every 25 s", () => {
  const world = new Fake();
  world.socket.dispatch({ type: "start" });
  assert.equal(world.socket.send({ type: "new" }), false);
  world.up();
  assert.equal(world.socket.send({ type: "new" }), true);
  world.pass(25_000);
  world.say({ type: "pong" });
  world.pass(25_000);
  const types = world.channel.sent.map((data) => JSON.parse(data).type);
  assert.deepEqual(types, ["hello", "new", "ping", "ping"]);
  assert.deepEqual(
    world.frames.map(({ type }) => type),
    ["ready", "pong"],
  );
});

test("a silent socket is left within 35 s, and not heard any more", () => {
  const world = new Fake();
  world.socket.dispatch({ type: "start" });
  world.up();
  const old = world.channel;
  const hear = old.onmessage!;
  world.pass(25_000);
  world.pass(10_000);
  assert.ok(old.closed);
  assert.equal(old.onmessage, null);
  assert.ok(hear);
  world.pass(1_000);
  assert.equal(world.channels.length, 2);
});

test("a refused token is replaced once", async () => {
  const world = new Fake();
  world.tokens = ["second"];
  world.socket.dispatch({ type: "start" });
  world.channel.onopen?.();
  world.channel.onclose?.({ code: 4401 });
  await Promise.resolve();
  world.channel.onopen?.();
  assert.deepEqual(world.hellos, ["first", "second"]);
  world.channel.onclose?.({ code: 4401 });
  assert.equal(world.socket.state.phase, "closed");
});

test("a token that cannot be fetched is asked for again", async () => {
  const world = new Fake();
  world.tokens = [new Error("offline"), "second"];
  world.socket.dispatch({ type: "start" });
  world.channel.onclose?.({ code: 4401 });
  await new Promise(setImmediate);
  assert.equal(world.socket.state.phase, "waiting");
  world.pass(1_000);
  await new Promise(setImmediate);
  world.up();
  assert.equal(world.socket.state.phase, "ready");
});

test("what is not a frame is passed over, but shows that the other end lives", () => {
  const world = new Fake();
  world.socket.dispatch({ type: "start" });
  world.up();
  world.pass(25_000);
  world.channel.onmessage?.({ data: "<html>" });
  world.pass(10_000);
  assert.equal(world.socket.state.phase, "ready");
  assert.equal(world.frames.length, 1);
});
