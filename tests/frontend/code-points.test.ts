import assert from "node:assert/strict";
import { test } from "node:test";
import { after, points, sendable } from "../../chatwidget/frontend/frame/code-points.ts";

const TEXTS = [
  "",
  "abc",
  "a👍b",
  "👩‍👩‍👧‍👦",
  "\ud83d",
  "\udc4d",
  "\ud83d\ud83d\udc4d",
  "e\u0301",
  "日本",
];

test("points counts as Python does: lone surrogates are one each", () => {
  for (const text of TEXTS) assert.equal(points(text), [...text].length);
});

test("after drops code points, never half of one", () => {
  for (const text of TEXTS) {
    for (let count = 0; count <= points(text) + 1; count++) {
      assert.equal(after(text, count), [...text].slice(count).join(""));
    }
  }
});

test("what the server refuses is not in what is sent", () => {
  assert.equal(sendable("  a\0b\ud83d c👍\n"), "ab\ufffd c👍");
  assert.equal(sendable(" \n\t\u00a0"), "");
});
