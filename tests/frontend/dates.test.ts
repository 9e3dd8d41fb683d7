import assert from "node:assert/strict";
import { test } from "node:test";
import { DateFormatter } from "../../chatwidget/frontend/frame/dates.ts";

const NOW = new Date(2026, 10, 20, 0, 30);
const at = (days: number, hour = 12) => new Date(2026, 10, 20 + days, hour).toISOString();

const day = (dates: DateFormatter, iso: string) => dates.day(dates.midnight(iso), NOW);

test("days are told from midnight to midnight, in the visitor's language", () => {
  const english = new DateFormatter("en");
  assert.equal(day(english, at(0, 0)), "Today");
  assert.equal(day(english, at(-1, 23)), "Yesterday");
  assert.match(day(english, at(-9)), /November 11/);
  assert.equal(day(new DateFormatter("es"), at(-1)), "Ayer");
  assert.equal(day(new DateFormatter("ja"), at(0)), "今日");
});

test("waits are told in seconds, then minutes", () => {
  const dates = new DateFormatter("en");
  assert.equal(dates.wait(1), "in 1 second");
  assert.equal(dates.wait(40.2), "in 41 seconds");
  assert.equal(dates.wait(600), "in 10 minutes");
});

test("a time that cannot be read does not break the conversation", () => {
  const dates = new DateFormatter("en");
  assert.equal(dates.day(dates.midnight("soon"), new Date()), "Today");
  assert.match(dates.clock("soon"), /:/);
});
