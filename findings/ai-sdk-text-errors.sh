#!/usr/bin/env bash
# Vercel's AI SDK: a text stream whose model fails is a whole answer to everybody who reads it.
#
# Guess: where the model fails in the midst, toTextStreamResponse() breaks its body off, or the response says
#        so in some other way; and where it fails before its first word, the status is not 200.
# Seen:  ai 7.0.173: status 200 both times. The body that failed in the midst ends as one that is whole does; the
#        other ends at once, empty. Only the UI message stream (toUIMessageStreamResponse) tells of errors.
#        So a reader of text streams cannot know that an answer is cut off, and must take no bytes for a failure.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" ai@7.0.173
cat > "$folder/seen.mjs" <<'JAVASCRIPT'
import assert from "node:assert/strict";
import { simulateReadableStream, streamText } from "ai";
import * as testing from "ai/test";

const Mock = testing.MockLanguageModelV4 ?? testing.MockLanguageModelV3;
const answer = (...chunks) =>
  streamText({
    model: new Mock({ doStream: async () => ({ stream: simulateReadableStream({ chunks }) }) }),
    prompt: "Hello",
    onError: () => {},
  });
const error = { type: "error", error: new Error("the model broke") };
const begun = [
  { type: "text-start", id: "t" },
  { type: "text-delta", id: "t", delta: "As far as" },
];

for (const [what, chunks, text] of [
  ["in the midst", [...begun, error], "As far as"],
  ["at once", [error], ""],
]) {
  const response = answer(...chunks).toTextStreamResponse();
  const body = await response.text(); // rejects where the body breaks off
  console.log(`fails ${what}: ${response.status}, ${JSON.stringify(body)}, ended properly`);
  assert.deepEqual([response.status, body], [200, text]);
}
const told = await answer(...begun, error).toUIMessageStreamResponse().text();
console.log(`as a UI message stream: ${told.split("\n").find((line) => line.includes('"error"'))}`);
assert.match(told, /"type":"error"/);
JAVASCRIPT
node "$folder/seen.mjs"
