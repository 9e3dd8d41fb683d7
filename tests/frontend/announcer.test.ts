import assert from "node:assert/strict";
import { test } from "node:test";
import { Announcer, spoken } from "../../chatwidget/frontend/frame/announcer.ts";
import { type Chat, type Entry, emptyChat } from "../../chatwidget/frontend/frame/conversation.ts";
import type { ServerFrame } from "../../chatwidget/frontend/frame/protocol.ts";
import { uiWords } from "../../chatwidget/frontend/frame/view/ui-words.ts";

function chat(text: string, status: string, attempt = 1, role = "assistant"): Chat {
  const message: Entry = {
    ...{ id: "m", seq: 1, role, text, status, attempt, created_at: "" },
    ...{ length: text.length, acked: 0 },
  };
  return { ...emptyChat(), messages: [message] };
}

function hear(...steps: [Chat, ServerFrame["type"]?][]): string[] {
  const said: string[] = [];
  const announcer = new Announcer(
    (text) => said.push(text),
    ({ status, ui }) => (status === "failed" ? "It failed." : uiWords(ui)),
  );
  for (const [state, type = "message"] of steps) announcer.update(state, type);
  return said;
}

test("a reply is told by whole sentences, each once", () => {
  const text = "Yes. We ship to Chile! It takes a week";
  const steps = [...text].map((_, i): [Chat] => [chat(text.slice(0, i + 1), "streaming")]);
  assert.deepEqual(hear(...steps, [chat(text, "complete")], [chat(text, "complete")]), [
    "Yes.",
    "We ship to Chile!",
    "It takes a week",
  ]);
});

test("history is not told, what goes on from it is", () => {
  assert.deepEqual(
    hear([chat("Old. News", "streaming"), "ready"], [chat("Old. News. More.", "complete")]),
    [". More."],
  );
  assert.deepEqual(
    hear([chat("Old.", "complete"), "ready"], [chat("Old.", "complete"), "ready"]),
    [],
  );
});

test("the page's greeting is told once, whatever the server calls it", () => {
  const [page] = chat("Hello!", "complete").messages;
  const as = (id: string): Chat => ({
    ...emptyChat(),
    messages: [{ ...page!, id, client: "page" }],
  });
  assert.deepEqual(hear([{ ...as("page") }], [as("m"), "ready"], [as("m"), "message"]), ["Hello!"]);
});

test("older messages are not told", () => {
  const now = chat("Now.", "complete");
  const older = { ...now.messages[0]!, id: "older", text: "Long ago." };
  const both = { ...now, messages: [older, ...now.messages] };
  const more = chat("More.", "complete", 2);
  assert.deepEqual(
    hear(
      [now],
      [both, "history"],
      [both, "pong"],
      [{ ...both, messages: [older, ...more.messages] }],
    ),
    ["Now.", "More."],
  );
});

test("what was missed in a cut is told, the visitor's own words are not", () => {
  assert.deepEqual(hear([chat("One. ", "streaming")], [chat("One. Two. ", "complete"), "ready"]), [
    "One.",
    "Two.",
  ]);
  assert.deepEqual(hear([chat("Hello.", "complete", 1, "user")]), []);
});

test("a second attempt is told from its beginning", () => {
  assert.deepEqual(hear([chat("One. T", "failed")], [chat("Two.", "complete", 2)]), [
    "One. T It failed.",
    "Two.",
  ]);
});

test("why a reply is not whole is told once, for each attempt", () => {
  const failed = chat("", "failed");
  const again = chat("", "failed", 2);
  assert.deepEqual(
    hear([chat("", "pending")], [failed], [chat("", "failed"), "ready"], [again], [again, "pong"]),
    ["It failed.", "It failed."],
  );
  assert.deepEqual(hear([failed, "ready"], [chat("", "failed")]), []);
});

test("a reply that is cards alone is told without their addresses", () => {
  const data = [
    { title: "Mug: blue", price: "$9", image: "https://a.example/m", url: "https://a.example/mug" },
  ];
  const cards = chat("", "complete");
  Object.assign(cards.messages[0]!, { ui: { type: "product-grid", data } });
  assert.deepEqual(hear([chat("", "pending")], [cards]), ["Mug: blue $9"]);
});

test("buttons are told by what they say, not by what they send", () => {
  const asked = chat("Sure?", "complete");
  const data = [{ title: "Yes", payload: "/confirm" }, { title: "No" }];
  Object.assign(asked.messages[0]!, { ui: { type: "buttons", data } });
  assert.deepEqual(hear([chat("", "pending")], [asked]), ["Sure? Yes No"]);
});

test("sentences of scripts without spaces", () => {
  assert.deepEqual(hear([chat("はい。送れます", "streaming")]), ["はい。"]);
});

test("Markdown's signs are not read out", () => {
  assert.equal(
    spoken("## **Ship** to [Chile](https://x.example)\n\n- a `b`\n| c | d |\n|---|---|\n"),
    "Ship to Chile a b c d",
  );
});
