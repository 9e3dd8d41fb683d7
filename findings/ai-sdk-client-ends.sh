#!/usr/bin/env bash
# Vercel's AI SDK in the browser: one chunk too many ends the answer, and a missing end does not.
#
# Guess: the chat of the UI message stream passes over a chunk of a type that it does not know, as a later version of the server
#        may send one, and over an event that has a name ("ping"), as EventSource gives it to nobody who has not asked. A
#        stream that ends without `finish` and [DONE] was cut off, and the chat says so.
# Seen:  ai 7.0.173, AbstractChat (what useChat runs): the other way round. Either event is AI_TypeValidationError: status
#        "error", and the rest of the answer is not read. Unknown fields, ids, comments and types that begin with "data-" pass. Cut
#        off, it is "ready", onFinish has isError, isAbort and isDisconnect false, as with a whole answer: only that
#        there is no finishReason, and that the text's own state is still "streaming", tells. So a server sends `data-…` or
#        nothing, and a client looks at finishReason.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" ai@7.0.173
cat > "$folder/seen.mjs" <<'JAVASCRIPT'
import assert from "node:assert/strict";
import { AbstractChat, DefaultChatTransport } from "ai";

class Chat extends AbstractChat {}
class State {
  status = "ready";
  error = undefined;
  messages = [];
  pushMessage(message) {
    this.messages = [...this.messages, message];
  }
  popMessage() {
    this.messages = this.messages.slice(0, -1);
  }
  replaceMessage(at, message) {
    this.messages = this.messages.with(at, message);
  }
  snapshot(value) {
    return structuredClone(value);
  }
}

const event = (chunk) => `data: ${JSON.stringify(chunk)}\n\n`;
const [start, open, one, two, close, finish] = [
  { type: "start" },
  { type: "text-start", id: "t" },
  { type: "text-delta", id: "t", delta: "One" },
  { type: "text-delta", id: "t", delta: " two" },
  { type: "text-end", id: "t" },
  { type: "finish", finishReason: "stop" },
].map(event);
const done = "data: [DONE]\n\n";
const answer = (...between) => [start, open, one, ...between, two, close, finish, done];

async function told(events) {
  let ended;
  const chat = new Chat({
    id: "1",
    state: new State(),
    transport: new DefaultChatTransport({ fetch: async () => new Response(events.join("")) }),
    onFinish: ({ isError, isAbort, isDisconnect, finishReason }) => {
      ended = [isError || isAbort || isDisconnect, finishReason];
    },
  });
  await chat.sendMessage({ text: "Hi" });
  const part = chat.messages.at(-1).parts.find(({ type }) => type === "text");
  return [chat.status, part.text, part.state, ...ended];
}

const whole = ["ready", "One two", "done", false, "stop"];
const failed = ["error", "One", "streaming", true, undefined];
for (const [name, events, expected] of [
  ["whole", answer(), whole],
  ["a data- type", answer(event({ type: "data-usage", data: { tokens: 3 } })), whole],
  ["a comment", answer(": alive\n\n"), whole],
  ["an unknown type", answer(event({ type: "usage", tokens: 3 })), failed],
  ["a named event", answer("event: ping\ndata: {}\n\n"), failed],
  ["cut off", answer().slice(0, 4), ["ready", "One two", "streaming", false, undefined]],
]) {
  const seen = await told(events);
  console.log(`${name}: ${JSON.stringify(seen)}`);
  assert.deepEqual(seen, expected);
}
JAVASCRIPT
node "$folder/seen.mjs"
