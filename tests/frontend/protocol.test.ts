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

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const table: { server: { valid: Case[]; invalid: Case[] } } = JSON.parse(
  read("../fixtures/protocol.json"),
);
/** The documented types with their fields, and one frame of each. */
const [, page = ""] = read("../../docs/protocol.md").split("### Server to client\n");
const [, lines = ""] = /```jsonl\n(.*?)\n```/s.exec(page)!;
const examples: Record<string, unknown>[] = lines.split("\n").map((line) => JSON.parse(line));

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
  test("the documented ones are those that are known", () => {
    assert.deepEqual(examples.map(({ type }) => type).sort(), serverTypes().sort());
  });
  for (const frame of examples) {
    test(`read: the documented ${frame.type}, whole alone`, () => {
      assert.deepEqual(parseServerFrame(JSON.stringify(frame)), frame);
      const [, row = ""] = new RegExp(`^\\| \`${frame.type}\` \\|(.*?)\\|`, "m").exec(page)!;
      const [required = ""] = row.split("optional");
      for (const [, name = ""] of required.replace(/\{.*?\}|\(.*?\)/g, "").matchAll(/`(\w+)`/g)) {
        const { [name]: _, ...rest } = frame;
        assert.equal(parseServerFrame(JSON.stringify(rest)), null, name);
      }
    });
  }
  test("what is not text is no frame", () => {
    for (const data of [undefined, null, 1, {}, new ArrayBuffer(2)]) {
      assert.equal(parseServerFrame(data), null);
    }
  });
});
