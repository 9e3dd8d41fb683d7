import assert from "node:assert/strict";
import { test } from "node:test";
import { type ToFrame, unwire, wire } from "../../chatwidget/frontend/messages.ts";

test("a message survives the wire", () => {
  const message: ToFrame = { type: "send", text: "hi" };
  assert.deepEqual(unwire(wire(message)), { chatwidget: 1, ...message });
});

test("what is not ours, or of another version, is not a message", () => {
  for (const data of [null, undefined, "open", 1, [], {}, { type: "open" }, { chatwidget: 2 }]) {
    assert.equal(unwire(data), null);
  }
});
