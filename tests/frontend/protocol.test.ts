import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { parseServerFrame, serverTypes } from "../../chatwidget/frontend/frame/protocol.ts";

interface Case {
  name: string;
  frame?: { type?: string };
  raw?: string;
  repeat?: [string, string, number, string];
}

const file = new URL("../fixtures/protocol.json", import.meta.url);
const table: { server: { valid: Case[]; invalid: Case[] } } = JSON.parse(
  readFileSync(file, "utf8"),
);

function text({ frame, raw, repeat }: Case): string {
  if (repeat) return repeat[0] + repeat[1].repeat(repeat[2]) + repeat[3];
  return raw ?? JSON.stringify(frame);
}

suite("frames of the server", () => {
  for (const each of table.server.valid) {
    test(`read: ${each.name}`, () => {
      assert.deepEqual(parseServerFrame(text(each)), each.frame);
    });
  }
  for (const each of table.server.invalid) {
    test(`refused: ${each.name}`, () => {
      assert.equal(parseServerFrame(text(each)), null);
    });
  }
  test("the table has every type", () => {
    const known = new Set(table.server.valid.map(({ frame }) => frame?.type));
    assert.deepEqual([...known].sort(), serverTypes().sort());
  });
  test("what is not text is no frame", () => {
    for (const data of [undefined, null, 1, {}, new ArrayBuffer(2)]) {
      assert.equal(parseServerFrame(data), null);
    }
  });
});
