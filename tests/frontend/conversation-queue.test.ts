import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cut,
  emptyChat,
  enqueue,
  nextSend,
  release,
} from "../../chatwidget/frontend/frame/conversation.ts";
import type { ServerFrame } from "../../chatwidget/frontend/frame/protocol.ts";

import { AT, message, play, ready } from "./chat-frames.ts";

const accepted = (id: string, conversation: string, seq = 3): ServerFrame => {
  return { type: "accepted", id, conversation, message: message(seq, "user", id) };
};

test("one at a time, in order, each leaving when it is accepted", () => {
  let chat = play(emptyChat(), ready([], null))[0];
  chat = enqueue(enqueue(chat, "a", "a", AT), "b", "b", AT);
  let sent: { id: string } | undefined;
  [chat, sent] = nextSend(chat);
  assert.equal(sent?.id, "a");
  assert.equal(nextSend(chat)[1], undefined);
  chat = play(chat, accepted("a", "c"))[0];
  assert.equal(chat.conversation, "c");
  [chat, sent] = nextSend(chat);
  assert.equal(sent?.id, "b");
  chat = play(chat, accepted("b", "c", 5), accepted("a", "c"))[0];
  assert.deepEqual([chat.queue, chat.messages.map(({ id }) => id)], [[], ["m3", "m5"]]);
});

test("what was cut off is sent again under the same id", () => {
  let chat = enqueue(play(emptyChat(), ready([]))[0], "a", "a", AT);
  [chat] = nextSend(chat);
  const [again, sent] = nextSend(play(cut(chat), ready([]))[0]);
  assert.equal(sent?.id, "a");
  assert.equal(again.queue[0]!.tries, 2);
});

test("accepted in a conversation begun on an earlier socket: ask for that one", () => {
  let chat = enqueue(play(emptyChat(), ready([], null))[0], "a", "a", AT);
  [chat] = nextSend(chat);
  // Over a reload, too: all that is kept is the queue.
  for (const before of [chat, emptyChat(chat.queue)]) {
    const [resent] = nextSend(play(cut(before), ready([], null))[0]);
    const [next, effects] = play(resent, accepted("a", "begun"));
    assert.deepEqual(effects, [{ do: "reopen", conversation: "begun" }]);
    assert.deepEqual(next.queue, []);
  }
});

test("refused for now: waits, and is not taken for sent twice", () => {
  let chat = enqueue(play(emptyChat(), ready([], null))[0], "a", "a", AT);
  [chat] = nextSend(chat);
  const error = { type: "error", code: "rate_limited", detail: "", retryable: true } as const;
  const [paused, effects] = play(chat, { ...error, id: "a", retry_after: 7 });
  assert.deepEqual(effects, [{ do: "hold", seconds: 7 }]);
  assert.equal(nextSend(paused)[1], undefined);
  const [again, sent] = nextSend(release(paused));
  assert.equal(sent?.id, "a");
  assert.deepEqual(play(again, accepted("a", "c"))[1], []);
});

test("refused until a challenge is solved: goes again at once", () => {
  let chat = enqueue(play(emptyChat(), ready([], null))[0], "a", "a", AT);
  [chat] = nextSend(chat);
  const error = { type: "error", code: "rate_limited", detail: "", retryable: true } as const;
  const challenge = { kind: "altcha" };
  const [paused] = play(chat, { ...error, id: "a", retry_after: 3600, challenge });
  assert.equal(nextSend(paused)[1], undefined);
  const [solved] = play(paused, { type: "solved" });
  assert.equal(nextSend(solved)[1]?.id, "a");
});

test("refused for good: the text is given back, the next one goes", () => {
  let chat = enqueue(enqueue(play(emptyChat(), ready([]))[0], "a", "long", AT), "b", "b", AT);
  [chat] = nextSend(chat);
  const error = { code: "message_too_long", detail: "", retryable: false };
  const [next, effects] = play(chat, { type: "error", ...error, id: "a" });
  assert.ok(effects[0]?.do === "refused" && effects[0].text === "long");
  assert.equal(nextSend(next)[1]?.id, "b");
});

test("an error of something else does not touch it", () => {
  let chat = enqueue(play(emptyChat(), ready([]))[0], "a", "a", AT);
  [chat] = nextSend(chat);
  const error = { type: "error", code: "bad_request", detail: "", retryable: false } as const;
  assert.equal(play(chat, error, { ...error, id: "m1" })[0], chat);
});
