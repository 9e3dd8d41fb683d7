import assert from "node:assert/strict";
import { test } from "node:test";
import { Times } from "../../chatwidget/frontend/frame/view/room.ts";

const NOW = new Date(2026, 10, 20, 0, 30);
const at = (days: number, hour = 12) => new Date(2026, 10, 20 + days, hour).toISOString();

const day = (times: Times, iso: string) => times.day(times.midnight(iso), NOW);

test("days are told from midnight to midnight, in the visitor's language", () => {
  const english = new Times("en");
  assert.equal(day(english, at(0, 0)), "Today");
  assert.equal(day(english, at(-1, 23)), "Yesterday");
  assert.match(day(english, at(-9)), /November 11/);
  assert.equal(day(new Times("es"), at(-1)), "Ayer");
  assert.equal(day(new Times("ja"), at(0)), "今日");
});

test("waits are told in seconds, then minutes", () => {
  const times = new Times("en");
  assert.equal(times.wait(1), "in 1 second");
  assert.equal(times.wait(40.2), "in 41 seconds");
  assert.equal(times.wait(600), "in 10 minutes");
});

test("a time that cannot be read does not break the conversation", () => {
  const times = new Times("en");
  assert.equal(times.day(times.midnight("soon"), new Date()), "Today");
  assert.match(times.clock("soon"), /:/);
});
