import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import * as staff from "../../chatwidget/frontend/admin/staff-protocol.ts";
import { declared, parseServerFrame } from "../../chatwidget/frontend/frame/protocol.ts";

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

const keys = (fields: object = {}): string[] => Object.keys(fields).sort();
/** The cell of the row for this type of frame, whose first cells are these. */
const cell = (table: string, ...first: string[]): string =>
  table.split(`\n| ${first.join(" | ")} |`)[1]!.split("|")[0]!;
/** The names in a cell, without those of an object's own fields. */
const names = (cell: string): string[] =>
  [...cell.replace(/\{.*?\}|\(.*?\)/g, "").matchAll(/`(\w+)`/g)].map(([, name]) => name!).sort();

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
  const { FRAMES, messageFields } = declared();
  test("the documented ones are those that are known", () => {
    assert.deepEqual(examples.map(({ type }) => type).sort(), keys(FRAMES));
  });
  for (const frame of examples) {
    const fields = cell(page, `\`${frame.type}\``);
    test(`read: the documented ${frame.type}, whole alone`, () => {
      assert.deepEqual(parseServerFrame(JSON.stringify(frame)), frame);
      for (const name of names(fields.split("optional")[0]!)) {
        const { [name]: _, ...rest } = frame;
        assert.equal(parseServerFrame(JSON.stringify(rest)), null, name);
      }
    });
    test(`each field of the documented ${frame.type} is declared, and no other`, () => {
      assert.deepEqual(keys(FRAMES[frame.type as keyof typeof FRAMES]), names(fields));
    });
  }
  test("each documented field of a message is declared, and no other", () => {
    const [, told = ""] = /A message is\n(.*?)Roles are/s.exec(page)!;
    const json = [...told.matchAll(/"(\w+)":/g)].map(([, name]) => name!);
    const prose = told.split("```").at(-1)!;
    assert.deepEqual([...new Set([...json, ...names(prose)])].sort(), keys(messageFields));
  });
  test("what is not text is no frame", () => {
    for (const data of [undefined, null, 1, {}, new ArrayBuffer(2)]) {
      assert.equal(parseServerFrame(data), null);
    }
  });
});

suite("frames for staff", () => {
  const { STAFF_FRAMES, lineFields } = staff.declared();
  const desk = read("../../docs/desk.md");
  test("the documented ones are those that are known", () => {
    const types = [...desk.matchAll(/^\| `(\w+)` \| the server \|/gm)].map(([, type]) => type!);
    assert.deepEqual(types.sort(), keys(STAFF_FRAMES));
  });
  for (const [type, fields] of Object.entries(STAFF_FRAMES)) {
    test(`each documented field of ${type} is declared, and no other`, () => {
      assert.deepEqual(keys(fields), names(cell(desk, `\`${type}\``, "the server")));
    });
  }
  test("each documented field of a line of the list is declared, and no other", () => {
    const [, line = ""] = /\{(.*?)\}/.exec(cell(desk, "`live`", "the server"))!;
    assert.deepEqual(names(line), keys(lineFields));
  });
});
