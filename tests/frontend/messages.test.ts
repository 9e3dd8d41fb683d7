import assert from "node:assert/strict";
import { test } from "node:test";
import { readState, type State } from "../../chatwidget/frontend/messages.ts";

const STATE: State = {
  chatwidget: 1,
  page: { url: "https://shop.example/", title: "Shop", referrer: "" },
  open: true,
  inline: false,
  texts: [],
};

test("a state is read as it is", () => {
  assert.equal(readState(STATE), STATE);
});

test("what is not ours, or of another version, is no state", () => {
  for (const data of [null, undefined, "open", 1, [], {}, { open: true }, { chatwidget: 2 }]) {
    assert.equal(readState(data), null);
  }
});
