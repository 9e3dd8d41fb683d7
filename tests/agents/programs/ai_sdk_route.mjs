// A route of Vercel's AI SDK, as a Next.js app has it: POST /api/chat, and /api/text as a text stream.
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { convertToModelMessages, simulateReadableStream, streamText } from "ai";
import { MockLanguageModelV4 as V4, MockLanguageModelV3 as V3 } from "ai/test";

const Mock = V4 ?? V3;
const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

function* pieces(text, turn) {
  if (text.endsWith("FAIL")) throw new Error("broke before the first word");
  yield `Echo ${turn}`;
  yield ": ";
  if (text.endsWith("BREAK")) throw new Error("broke in the midst");
  yield text;
  yield " é世😀";
  yield " end";
}

function model(text, turn) {
  return new Mock({
    doStream: async () => {
      if (text.endsWith("FAIL")) throw new Error("broke before the first word");
      const slow = text.endsWith("SLOW");
      const words = slow ? Array.from({ length: 1000 }, (_, n) => `w${n} `) : null;
      const chunks = [{ type: "text-start", id: "t" }];
      try {
        for (const delta of words ?? pieces(text, turn)) chunks.push({ type: "text-delta", id: "t", delta });
        chunks.push({ type: "text-end", id: "t" });
        chunks.push({ type: "finish", finishReason: { unified: "stop", raw: "stop" }, usage });
      } catch (error) {
        chunks.push({ type: "error", error });
      }
      return { stream: simulateReadableStream({ chunks, chunkDelayInMs: slow ? 50 : 5 }) };
    },
  });
}

createServer(async (request, response) => {
  if (request.headers.authorization !== "Bearer agent-key") {
    response.writeHead(401).end("Wrong key");
    return;
  }
  let body = "";
  for await (const chunk of request) body += chunk;
  const { messages } = JSON.parse(body);
  const users = messages.filter((message) => message.role === "user");
  const text = users.at(-1).parts.map((part) => part.text).join("").split("\n\n").at(-1);
  const abort = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) {
      abort.abort();
      writeFileSync(process.env.STOPPED, "stopped");
    }
  });
  const result = streamText({
    model: model(text, users.length),
    messages: await convertToModelMessages(messages),
    abortSignal: abort.signal,
    onError: () => {},
  });
  if (request.url === "/api/text") result.pipeTextStreamToResponse(response);
  else result.pipeUIMessageStreamToResponse(response);
}).listen(Number(process.argv[2]), "127.0.0.1");
