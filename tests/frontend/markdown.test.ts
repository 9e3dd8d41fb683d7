import assert from "node:assert/strict";
import { test } from "node:test";
import { alignmentsOf, cellsOf } from "../../chatwidget/frontend/markdown/blocks.ts";
import { imageAllowed, linkUrl, unescapeAll } from "../../chatwidget/frontend/markdown/urls.ts";

test("four schemes may be linked to", () => {
  for (const source of [
    "https://shop.example/a?b#c",
    "HTTP://shop.example",
    "mailto:a@b.example",
    "tel:+49",
  ]) {
    assert.ok(linkUrl(source), source);
  }
});

test("no other scheme may, however it is written", () => {
  for (const source of [
    "javascript:alert(1)",
    " \u0001JaVaScRiPt:alert(1)",
    "java\tscr\nipt:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "blob:https://shop.example/x",
    "file:///etc/passwd",
    "//shop.example",
    "/relative",
    "",
  ]) {
    assert.equal(linkUrl(source), null, source);
  }
});

test("images come over https from hosts that were named", () => {
  const hosts = ["cdn.example", "cdn.example:8443"];
  const allowed = (address: string) => imageAllowed(new URL(address), hosts);
  assert.ok(allowed("https://cdn.example/a.png"));
  assert.ok(allowed("https://cdn.example:8443/a.png"));
  assert.ok(!allowed("http://cdn.example/a.png"));
  assert.ok(!allowed("https://cdn.example:9443/a.png"));
  assert.ok(!allowed("https://cdn.example.evil.example/a.png"));
  assert.ok(!allowed("https://cdn.example@evil.example/a.png"));
});

test("escapes and entities", () => {
  const cases: [string, string][] = [
    ["\\*a\\\\ \\a", "*a\\ \\a"],
    ["&amp;&lt;&#65;&#x41;&#X41;", "&<AAA"],
    ["&#0;&#xD800;&#x110000;", "\ufffd\ufffd\ufffd"],
    ["&constructor; &bogus; &amp", "&constructor; &bogus; &amp"],
  ];
  for (const [text, meant] of cases) assert.equal(unescapeAll(text), meant);
});

test("a row's cells", () => {
  assert.deepEqual(cellsOf("| a | b\\|c |"), ["a", "b|c"]);
  assert.deepEqual(cellsOf("a|  |b"), ["a", "", "b"]);
  assert.deepEqual(cellsOf("|"), [""]);
});

test("a delimiter row's alignments", () => {
  assert.deepEqual(alignmentsOf("|---|:--|:-:|-:|"), ["", "left", "center", "right"]);
  assert.equal(alignmentsOf("| - | x |"), null);
  assert.equal(alignmentsOf("text"), null);
});
