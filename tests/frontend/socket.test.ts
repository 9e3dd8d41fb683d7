import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerFrame } from "../../chatwidget/frontend/frame/protocol.ts";
import { Socket } from "../../chatwidget/frontend/frame/socket.ts";
import { Fake } from "./world.ts";

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
  const world = new Connected();
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
  const world = new Connected();
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
  const world = new Connected();
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
  const world = new Connected();
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
  const world = new Connected();
  world.socket.dispatch({ type: "start" });
  world.up();
  world.pass(25_000);
  world.channel.onmessage?.({ data: "<html>" });
  world.pass(10_000);
  assert.equal(world.socket.state.phase, "ready");
  assert.equal(world.frames.length, 1);
});
