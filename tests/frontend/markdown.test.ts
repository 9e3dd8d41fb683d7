import assert from "node:assert/strict";
import { test } from "node:test";
import { unescapeAll } from "../../chatwidget/frontend/markdown/entities.ts";
import { readInline } from "../../chatwidget/frontend/markdown/inline.ts";
import { formula } from "../../chatwidget/frontend/markdown/math.ts";
import { textOf } from "../../chatwidget/frontend/markdown/nodes.ts";
import { definitionOf, labelOf } from "../../chatwidget/frontend/markdown/references.ts";
import { alignmentsOf, cellsOf } from "../../chatwidget/frontend/markdown/tables.ts";
import { hidden, imageAllowed, linkUrl } from "../../chatwidget/frontend/markdown/urls.ts";

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

test("a relative address is relative to the page, and nothing else is", () => {
  const page = "https://shop.example/lamps/aurora?x=1";
  const cases: [string, string | null][] = [
    ["/returns", "https://shop.example/returns"],
    ["../mugs", "https://shop.example/mugs"],
    ["boreal", "https://shop.example/lamps/boreal"],
    ["terms.html", "https://shop.example/lamps/terms.html"],
    ["?y", "https://shop.example/lamps/aurora?y"],
    ["#z", "https://shop.example/lamps/aurora?x=1#z"],
    ["//other.example/", "https://other.example/"],
    ["www.shop.example", "http://www.shop.example/"],
    ["example.com", null],
    ["javascript:x", null],
  ];
  for (const [address, url] of cases) assert.equal(linkUrl(address, page)?.href ?? null, url);
  for (const base of ["about:srcdoc", "data:text/html,x", "javascript:x"]) {
    assert.equal(linkUrl("/returns", base), null, base);
  }
});

test("what a link's text hides of where it leads", () => {
  const cases: [string, string, string][] = [
    ["https://evil.example/", "https://bank.example/login", "evil.example"],
    ["https://bank.example.evil.example/", "bank.example", "bank.example.evil.example"],
    ["https://evil.example/", "Go to bank.example now", "evil.example"],
    ["https://evil.example/", "Log in", ""],
    ["https://www.bank.example/", "bank.example", ""],
    ["https://bank.example@evil.example/", "https://bank.example@evil.example/", "evil.example"],
    ["https://xn--pple-43d.com/", "Log in", "xn--pple-43d.com"],
    ["mailto:me@evil.example", "help@bank.example", "me@evil.example"],
    ["tel:+19005550199", "+1 800 555 0100", "+19005550199"],
    ["tel:+18005550100", "0800 555 0100", ""],
  ];
  for (const [url, text, shown] of cases) assert.equal(hidden(new URL(url), text), shown, text);
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

test("escapes and numbered entities", () => {
  const cases: [string, string][] = [
    ["\\*a\\\\ \\a", "*a\\ \\a"],
    ["&#65;&#x41;&#X41;", "AAA"],
    ["&#0;&#xD800;&#x110000;", "\ufffd\ufffd\ufffd"],
    ["&amp", "&amp"],
  ];
  for (const [text, meant] of cases) assert.equal(unescapeAll(text), meant);
});

test("a row's cells", () => {
  assert.deepEqual(cellsOf("| a | b\\|c |"), ["a", "b|c"]);
  assert.deepEqual(cellsOf("a|  |b"), ["a", "", "b"]);
  assert.deepEqual(cellsOf("| `a|b` | ``c`|`` | `d | e"), ["`a|b`", "``c`|``", "`d", "e"]);
  assert.deepEqual(cellsOf("|"), [""]);
});

test("a delimiter row's alignments", () => {
  assert.deepEqual(alignmentsOf("|---|:--|:-:|-:|"), ["", "left", "center", "right"]);
  assert.equal(alignmentsOf("| - | x |"), null);
  assert.equal(alignmentsOf("text"), null);
  assert.equal(alignmentsOf("|-".repeat(65)), null);
});

test("where a formula ends, and what is none", () => {
  const cases: [string, number][] = [
    ["\\(x_1\\) y", 7],
    ["\\[a\\\\b\\]", 8],
    ["$x$ y", 3],
    ["$$a$$", 5],
    ["$5 and $10", 0],
    ["$HOME and $PATH", 0],
    ["\\[Your Name\\]", 0],
    ["\\(x", 0],
  ];
  for (const [text, end] of cases) assert.equal(formula(text, 0, true), end, text);
  assert.equal(formula("\\(x", 0, false), -1);
});

test("definitions", () => {
  const found = (text: string, asked = false) => definitionOf(text, true, () => asked);
  assert.deepEqual(found('[a]: /b "c"\nd'), [12, "a", { address: "/b", title: "c" }]);
  assert.deepEqual(found("[a]:\n  <b c>"), [12, "a", { address: "b c", title: "" }]);
  assert.equal(found("[a]: /b c")[0], 0);
  assert.equal(found("[^1]: b")[0], 0);
  assert.equal(found("[Agent]: Yes.")[0], 0);
  assert.equal(found("[Agent]: Yes.", true)[0], 13);
  assert.equal(definitionOf("[a]: ht", false, () => false)[0], 7);
  assert.equal(definitionOf("[Agent]: Yes, w", false, () => false)[0], 0);
  assert.equal(labelOf(" ẞ  A\nb "), labelOf("ss a b"));
});

const options = { defined: () => undefined };

test("while it comes, a text is shown as it most likely ends", () => {
  const shown = (text: string) => textOf(readInline(text, false, options));
  assert.equal(shown("Dear [Your Na"), "Dear");
  assert.equal(shown("Dear [Your Name]"), "Dear");
  assert.equal(shown("Dear [Your Name](https://sho"), "Dear");
  assert.equal(shown("Dear [Your Name], i"), "Dear [Your Name], i");
  const long = `Dear [${"very ".repeat(16)}much`;
  assert.equal(shown(long), long);
  assert.equal(shown("some **bo"), "some bo");
  assert.equal(shown("4*2"), "4*2");
  assert.equal(shown("a ![pictu"), "a");
  assert.equal(shown("a `co"), "a co");
  assert.equal(shown("a \\(x_"), "a");
});

test("in the end, what was left open is text", () => {
  for (const text of ["Dear [Your Name", "some **bo", "a ![pictu", "a `co", "H<sub>2"]) {
    assert.equal(textOf(readInline(text, true, options)), text);
  }
});
