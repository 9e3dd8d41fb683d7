import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  type Connection,
  DEAD_MS,
  type Effect,
  type Event,
  FIRST_MS,
  initial,
  LONGEST_MS,
  OFFLINE_MS,
  PING_MS,
  reduce,
} from "../../chatwidget/frontend/frame/connection.ts";

/** The state after these events, and the effects of the last one. */
function after(...events: Event[]): [Connection, Effect[]] {
  let step: [Connection, Effect[]] = [initial, []];
  for (const event of events) step = reduce(step[0], event);
  return step;
}

const START: Event = { type: "start" };
const OPENED: Event = { type: "opened" };
const READY: Event = { type: "ready" };
const closed = (code: number): Event => ({ type: "closed", code });
const due = (timer: "retry" | "ping" | "dead"): Event => ({ type: "due", timer });
const token = (outcome: "ok" | "failed" | "gone"): Event => ({ type: "token", outcome });
const UP = [START, OPENED, READY];

const kinds = (effects: Effect[]) => effects.map((effect) => effect.do);
const waits = (effects: Effect[]) =>
  effects.flatMap((effect) => (effect.do === "wait" ? [[effect.timer, effect.max]] : []));

suite("the life of a connection", () => {
  test("open, hello, ready, then a ping every 25 s", () => {
    assert.deepEqual(kinds(after(START)[1]).slice(-2), ["open", "wait"]);
    assert.deepEqual(after(START, OPENED)[1][0], { do: "hello" });
    const [state, effects] = after(...UP);
    assert.equal(state.phase, "ready");
    assert.deepEqual(waits(effects), [["ping", PING_MS]]);
    assert.deepEqual(waits(after(...UP, due("ping"))[1]), [
      ["dead", DEAD_MS],
      ["ping", PING_MS],
    ]);
  });

  test("any frame within 10 s of a ping is enough, none is a dead socket", () => {
    const [alive, effects] = after(...UP, due("ping"), { type: "frame" });
    assert.equal(alive.probing, false);
    assert.deepEqual(effects, [{ do: "cancel", timer: "dead" }]);
    assert.equal(after(...UP, due("ping"), due("dead"))[0].phase, "waiting");
    assert.equal(after(...UP, due("ping"), { type: "frame" }, due("dead"))[0].phase, "ready");
  });

  test("a socket that never opens, and a hello without an answer, are dead too", () => {
    for (const events of [[START], [START, OPENED]]) {
      const [state, effects] = after(...events, due("dead"));
      assert.equal(state.phase, "waiting");
      assert.ok(kinds(effects).includes("close"));
    }
  });

  for (const code of [1006, 1011, 1012, 4410, 4503]) {
    test(`${code}: come back`, () => {
      assert.equal(after(...UP, closed(code))[0].phase, "waiting");
      assert.ok(kinds(after(...UP, closed(code), due("retry"))[1]).includes("open"));
    });
  }

  for (const code of [1000, 1001, 4400, 4403, 4404, 4408, 4413, 4429]) {
    test(`${code}: do not`, () => {
      const [state, effects] = after(...UP, closed(code));
      assert.deepEqual([state.phase, state.code], ["closed", code]);
      assert.deepEqual(waits(effects), []);
    });
  }

  test("4401: once with a fresh token", () => {
    const [state, effects] = after(START, OPENED, closed(4401));
    assert.equal(state.phase, "token");
    assert.ok(kinds(effects).includes("token"));
    const retried: Event[] = [START, OPENED, closed(4401), token("ok"), OPENED];
    assert.equal(after(...retried, closed(4401))[0].phase, "closed");
    // After a ready it may be refused again, an hour later.
    assert.equal(after(...retried, READY, closed(4401))[0].phase, "token");
  });

  test("a token that cannot be fetched is fetched later, and one that is not there ends it", () => {
    const refused = [START, OPENED, closed(4401)];
    assert.equal(after(...refused, token("failed"))[0].phase, "waiting");
    assert.equal(after(...refused, token("failed"), due("retry"))[0].phase, "token");
    assert.deepEqual(after(...refused, token("gone"))[0].code, 4404);
  });

  test("waits grow to a limit, are never in step, and begin anew after a ready", () => {
    let [state, effects] = after(...UP);
    let last = 0;
    for (let failures = 0; failures < 12; failures++) {
      [state, effects] = reduce(state, failures ? due("dead") : closed(1006));
      const wait = effects.find((effect) => effect.do === "wait");
      assert.ok(wait?.do === "wait" && wait.timer === "retry");
      assert.ok(wait.max >= last && wait.max <= LONGEST_MS && wait.min === wait.max / 2);
      last = wait.max;
      [state] = reduce(state, due("retry"));
    }
    assert.equal(last, LONGEST_MS);
    [state] = reduce(state, OPENED);
    [state] = reduce(state, READY);
    assert.equal(state.failures, 0);
  });

  test("the network and the visitor coming back are worth a try at once", () => {
    for (const type of ["online", "shown"] as const) {
      assert.ok(kinds(after(...UP, closed(1006), { type })[1]).includes("open"));
      assert.deepEqual(after(...UP, { type })[1][0], { do: "ping" });
    }
  });

  test("without a network it waits for that, but not for ever", () => {
    const offline: Event[] = [...UP, { type: "offline" }];
    assert.deepEqual(waits(after(...offline)[1]), [["retry", OFFLINE_MS]]);
    assert.deepEqual(after(...offline, { type: "shown" })[1], []);
    assert.ok(kinds(after(...offline, { type: "online" })[1]).includes("open"));
    assert.ok(kinds(after(...offline, due("retry"))[1]).includes("open"));
    assert.deepEqual(waits(after(...UP, closed(1006), { type: "offline" })[1]), [
      ["retry", OFFLINE_MS],
    ]);
    // A socket that opens all the same shows that the browser was wrong.
    const wrong = [...offline, due("retry"), OPENED, READY, closed(1006)];
    assert.equal(waits(after(...wrong)[1])[0]![1], FIRST_MS);
  });

  test("a page that is left closes its socket, and opens one when it is come back to", () => {
    const [asleep, effects] = after(...UP, { type: "pagehide" });
    assert.equal(asleep.phase, "asleep");
    assert.ok(kinds(effects).includes("close"));
    assert.equal(reduce(asleep, due("retry"))[0], asleep);
    assert.ok(kinds(reduce(asleep, { type: "pageshow" })[1]).includes("open"));
    assert.equal(after(...UP, { type: "pageshow" })[0].phase, "ready");
  });

  test("the visitor can try again after an end, and a fresh ready can be asked for", () => {
    for (const events of [[...UP, closed(4429)], UP]) {
      const [state, effects] = after(...events, { type: "restart" });
      assert.equal(state.phase, "connecting");
      assert.ok(kinds(effects).indexOf("close") < kinds(effects).indexOf("open"));
    }
  });
});

/** A small generator, so that a failure can be repeated from its seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

test("whatever happens: one socket at most, timers only where they have a use, a way back", () => {
  const events: Event[] = [
    ...UP,
    { type: "frame" },
    ...[1000, 1006, 4401, 4503].map(closed),
    ...(["ok", "failed", "gone"] as const).map(token),
    ...(["retry", "ping", "dead"] as const).map(due),
    ...(["offline", "online", "shown", "pagehide", "pageshow", "restart"] as const).map((type) => ({
      type,
    })),
  ];
  for (let seed = 0; seed < 500; seed++) {
    const next = random(seed);
    let state = initial;
    let open = false;
    const timers = new Set<string>();
    for (let step = 0; step < 60; step++) {
      const event = events[Math.floor(next() * events.length)]!;
      if (event.type === "due") {
        if (!timers.delete(event.timer)) continue;
      } else if (["opened", "ready", "frame", "closed"].includes(event.type) && !open) continue;
      if (event.type === "closed") open = false;
      const [after, effects] = reduce(state, event);
      state = after;
      for (const effect of effects) {
        if (effect.do === "close") open = false;
        if (effect.do === "open") {
          assert.equal(open, false, `seed ${seed}: two sockets`);
          open = true;
        }
        if (effect.do === "hello" || effect.do === "ping") assert.ok(open, `seed ${seed}`);
        if (effect.do === "wait") timers.add(effect.timer);
        if (effect.do === "cancel") timers.delete(effect.timer);
      }
      const { phase } = state;
      assert.equal(open, ["connecting", "greeting", "ready"].includes(phase), `seed ${seed}`);
      assert.equal(timers.has("retry"), phase === "waiting", `seed ${seed} ${phase}`);
      if (phase === "connecting" || phase === "greeting") assert.ok(timers.has("dead"));
      if (phase === "ready") assert.ok(timers.has("ping"), `seed ${seed}`);
    }
  }
});
