import assert from "node:assert/strict";
import { test } from "node:test";
import { trouble } from "../../chatwidget/frontend/admin/staff-socket.ts";
import { initial } from "../../chatwidget/frontend/frame/connection.ts";

test("what does not connect for long says what to look for", () => {
  const told = (phase: "waiting" | "connecting" | "ready" | "closed", failures: number) =>
    trouble({ ...initial, phase, failures });
  assert.deepEqual(
    [told("waiting", 1), told("waiting", 4), told("waiting", 5), told("connecting", 5)],
    ["lost", "lost", "stuck", ""],
  );
  assert.deepEqual([told("ready", 0), told("closed", 1)], ["", "signed_out"]);
});
