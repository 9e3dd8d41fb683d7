import assert from "node:assert/strict";
import { test } from "node:test";
import {
  contrast,
  parse,
  properties,
  readable,
  SURFACE_DARK,
  SURFACE_LIGHT,
  textOn,
} from "../../chatwidget/frontend/frame/look.ts";

const AA = 4.5;
// A grid over all colours, its corners and greys included.
const PARTS = [0, 0x2a, 0x55, 0x77, 0x80, 0xaa, 0xd4, 0xff];
const hex = (part: number) => part.toString(16).padStart(2, "0");
const COLOURS = PARTS.flatMap((r) =>
  PARTS.flatMap((g) => PARTS.map((b) => `#${hex(r)}${hex(g)}${hex(b)}`)),
);

test("contrast is WCAG's", () => {
  assert.equal(contrast([0, 0, 0], [255, 255, 255]), 21);
  assert.ok(Math.abs(contrast(parse("#767676"), [255, 255, 255]) - 4.54) < 0.01);
});

test("text on any colour has AA", () => {
  for (const color of COLOURS) assert.ok(contrast(parse(textOn(color)), parse(color)) >= AA, color);
});

test("any colour as text has AA on both themes' surfaces", () => {
  for (const color of COLOURS) {
    for (const surface of [SURFACE_LIGHT, SURFACE_DARK]) {
      assert.ok(contrast(parse(readable(color, surface)), parse(surface)) >= AA, color);
    }
  }
});

test("a colour that can be read is left alone", () => {
  assert.equal(readable("#1d4ed8", SURFACE_LIGHT), "#1d4ed8");
});

test("the properties are those that the style sheet uses", () => {
  const look = { color: "#ffd400", theme: "auto", radius: 40, font: "" } as const;
  assert.deepEqual(properties(look)["--on-accent"], "#000000");
  assert.deepEqual(properties(look)["--radius"], "24px");
  assert.ok(!("--font" in properties(look)));
});
