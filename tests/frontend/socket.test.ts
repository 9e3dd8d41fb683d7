import assert from "node:assert/strict";
import { test } from "node:test";
import type { Effect } from "../../chatwidget/frontend/frame/connection.ts";
import type { ServerFrame } from "../../chatwidget/frontend/frame/protocol.ts";
import { Socket } from "../../chatwidget/frontend/frame/socket.ts";
import { Fake } from "./environment.ts";

class Connected extends Fake {
  frames: ServerFrame[] = [];
  hellos: string[] = [];
  socket = new Socket("first", this, {
    hello: (token) => {
      this.hellos.push(token);
      return { type: "hello", token };
    },
    frame: (frame) => this.frames.push(frame),
    changed: () => {},
  });
}

test("says hello, hears, and pings every 25 s", () => {
  const environment = new Connected();
  environment.socket.dispatch({ type: "start" });
  assert.equal(environment.socket.send({ type: "new" }), false);
  environment.up();
  assert.equal(environment.socket.send({ type: "new" }), true);
  environment.pass(25_000);
  environment.say({ type: "pong" });
  environment.pass(25_000);
  const types = environment.channel.sent.map((data) => JSON.parse(data).type);
  assert.deepEqual(types, ["hello", "new", "ping", "ping"]);
  assert.deepEqual(
    environment.frames.map(({ type }) => type),
    ["ready", "pong"],
  );
});

test("a silent socket is left within 35 s, and not heard any more", () => {
  const environment = new Connected();
  environment.socket.dispatch({ type: "start" });
  environment.up();
  const old = environment.channel;
  const hear = old.onmessage!;
  environment.pass(25_000);
  environment.pass(10_000);
  assert.ok(old.closed);
  assert.equal(old.onmessage, null);
  assert.ok(hear);
  environment.pass(1_000);
  assert.equal(environment.channels.length, 2);
});

test("a refused token is replaced once", async () => {
  const environment = new Connected();
  environment.tokens = ["second"];
  environment.socket.dispatch({ type: "start" });
  environment.channel.onopen?.();
  environment.channel.onclose?.({ code: 4401 });
  await Promise.resolve();
  environment.channel.onopen?.();
  assert.deepEqual(environment.hellos, ["first", "second"]);
  environment.channel.onclose?.({ code: 4401 });
  assert.equal(environment.socket.state.phase, "closed");
});

test("a token that cannot be fetched is asked for again", async () => {
  const environment = new Connected();
  environment.tokens = [new Error("offline"), "second"];
  environment.socket.dispatch({ type: "start" });
  environment.channel.onclose?.({ code: 4401 });
  await new Promise(setImmediate);
  assert.equal(environment.socket.state.phase, "waiting");
  environment.pass(1_000);
  await new Promise(setImmediate);
  environment.up();
  assert.equal(environment.socket.state.phase, "ready");
});

test("what is not a frame is passed over, but shows that the other end lives", () => {
  const environment = new Connected();
  environment.socket.dispatch({ type: "start" });
  environment.up();
  environment.pass(25_000);
  environment.channel.onmessage?.({ data: "<html>" });
  environment.pass(10_000);
  assert.equal(environment.socket.state.phase, "ready");
  assert.equal(environment.frames.length, 1);
});

test("what happens is logged where somebody asks, without any text", () => {
  const environment = new Connected();
  const lines: unknown[][] = [];
  environment.log = (...what) => lines.push(what);
  environment.socket.dispatch({ type: "start" });
  environment.up();
  environment.socket.send({ type: "send", id: "a", text: "a secret" });
  environment.channel.onmessage?.({ data: "<html>" });
  const events = lines.filter(([kind]) => kind === "event");
  assert.deepEqual(
    events.map(([, event, phase]) => [(event as { type: string }).type, phase]),
    [
      ["start", "connecting"],
      ["opened", "greeting"],
      ["ready", "ready"],
      ["frame", "ready"],
    ],
  );
  assert.deepEqual(
    lines.filter(([kind]) => kind === "→" || kind === "←"),
    [
      ["←", "ready"],
      ["→", "send"],
      ["←", undefined],
    ],
  );
  assert.ok(lines.some(([kind, effect]) => kind === "effect" && (effect as Effect).do === "hello"));
  assert.ok(!JSON.stringify(lines).includes("secret"));
});
