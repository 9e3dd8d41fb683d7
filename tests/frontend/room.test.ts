import assert from "node:assert/strict";
import { test } from "node:test";
import { Times } from "../../chatwidget/frontend/frame/view/room.ts";

const NOW = new Date(2026, 10, 20, 0, 30);
const at = (days: number, hour = 12) => new Date(2026, 10, 20 + days, hour).toISOString();

test("days are told from midnight to midnight, in the visitor's language", () => {
  const english = new Times("en");
  assert.equal(english.day(at(0, 0), NOW), "Today");
  assert.equal(english.day(at(-1, 23), NOW), "Yesterday");
  assert.match(english.day(at(-9), NOW), /November 11/);
  assert.equal(new Times("es").day(at(-1), NOW), "Ayer");
  assert.equal(new Times("ja").day(at(0), NOW), "今日");
});

test("waits are told in seconds, then minutes", () => {
  const times = new Times("en");
  assert.equal(times.wait(1), "in 1 second");
  assert.equal(times.wait(40.2), "in 41 seconds");
  assert.equal(times.wait(600), "in 10 minutes");
});

test("a time that cannot be read does not break the conversation", () => {
  assert.equal(new Times("en").day("soon", new Date()), "Today");
});
