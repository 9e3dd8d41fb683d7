import assert from "node:assert/strict";
import { test } from "node:test";
import { places } from "../../chatwidget/frontend/admin/marks.ts";

const marked = (text: string, ...words: string[]) =>
  places(text, words).map(([start, end]) => text.slice(start, end));

test("words that begin so are marked whole, whatever their case, accents and composition", () => {
  assert.deepEqual(marked("Ein Café, zwei CAFE\u0301S, Kaffee", "cafe"), ["Café", "CAFE\u0301S"]);
  assert.deepEqual(marked("Order AB-12345x", "ab", "123"), ["AB", "12345x"]);
  assert.deepEqual(marked("Straße, Łódź", "strasse", "lod"), ["Straße", "Łódź"]);
  assert.deepEqual(marked("decafe", "cafe"), []);
});

test("in a script without spaces, the characters themselves", () => {
  assert.deepEqual(marked("東京都に荷物を", "荷物", "物を"), ["荷物", "物を"]);
  assert.deepEqual(marked("我的订单在哪里？订单", "订单"), ["订单", "订单"]);
  assert.deepEqual(marked("สินค้าหมดหรือยัง", "หมด"), ["หมด"]);
  assert.deepEqual(marked("สินค้าหมดหรือยัง", "สนคา"), ["สินค้า"]); // as it is folded
});

test("nothing is marked where nothing was searched for", () => {
  assert.deepEqual(marked("anything", ...[]), []);
});
