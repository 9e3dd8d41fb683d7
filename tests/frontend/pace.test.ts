import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { paced } from "../../chatwidget/frontend/frame/view/pace.ts";

test("what comes all the time is drawn thirty times a second, and what comes once at once", () => {
  let now = 1_000;
  const due: [at: number, call: (now: number) => void][] = [];
  const later = (at: number, call: (now: number) => void) => due.push([at, call]);
  mock.method(performance, "now", () => now);
  // Frames every 16 ms.
  const frame = (call: (now: number) => void) => later(Math.floor(now / 16 + 1) * 16, call);
  Object.assign(globalThis, { requestAnimationFrame: frame });
  mock.method(globalThis, "setTimeout", (call: () => void, ms: number) => later(now + ms, call));
  const drawn: number[] = [];
  const soon = paced(() => drawn.push(now));
  const pass = (until: number, change: boolean) => {
    for (; now < until; now++) {
      for (const each of due.filter(([at]) => at <= now)) {
        due.splice(due.indexOf(each), 1);
        each[1](now);
      }
      if (change) soon();
    }
  };
  pass(2_000, true);
  assert.ok(drawn.length > 25 && drawn.length < 34, `${drawn.length}`);
  pass(2_100, false);
  const before = drawn.length;
  soon();
  pass(2_117, false);
  assert.equal(drawn.length, before + 1);
  mock.restoreAll();
});
