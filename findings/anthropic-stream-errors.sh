#!/usr/bin/env bash
# Anthropic's clients for Python and JavaScript: a stream that fails, and one that is cut off, are not the same in both.
#
# Guess: an `error` event in the midst ("overloaded_error") raises what the same error raises before the stream, where
#        it comes with status 529: OverloadedError, status 529, so that one rule decides what to try again. A stream
#        that ends without message_stop and stop_reason is an error in both.
# Seen:  anthropic 2.14.0 (Python 3.11): APIStatusError itself, whose status_code is 200: not OverloadedError, no
#        InternalServerError, and below 500. @anthropic-ai/sdk 1.14.0 (npm): APIError with status undefined. What both have is the body:
#        `error.error.type`. Cut off, `messages.stream` ends in peace in Python, and get_final_message() returns the
#        message so far, whose stop_reason is None: that is all that tells; in JavaScript finalMessage() raises. The
#        plain events (`stream=True`) end in peace in both.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check anthropic==2.14.0
npm install --silent --no-audit --no-fund --prefix "$folder" @anthropic-ai/sdk@1.14.0
cat > "$folder/seen.mjs" <<'JAVASCRIPT'
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: process.argv[2], apiKey: "none", maxRetries: 0 });
const asked = { model: "m", max_tokens: 9, messages: [{ role: "user", content: "Hi" }] };
const told = async (ask) => {
  try {
    return await ask();
  } catch (error) {
    return [error.constructor.name, error.status ?? null];
  }
};
const whole = await told(async () => (await client.messages.stream(asked).finalMessage()).stop_reason);
const events = await told(async () => {
  for await (const each of await client.messages.create({ ...asked, stream: true }));
  return "ended";
});
console.log(JSON.stringify([whole, events]));
process.exit();
JAVASCRIPT
cat > "$folder/seen.py" <<'PYTHON'
import http.server, json, subprocess, sys, threading

from anthropic import Anthropic, APIStatusError

ASKED = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
MESSAGE = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "m", "stop_reason": None,
           "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}
BEGUN = [
    {"type": "message_start", "message": MESSAGE},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "As far as"}},
]
ANSWERS = {"before the stream": (529, [ERROR]), "in the midst": (200, [*BEGUN, ERROR]), "cut off": (200, BEGUN)}
status, events = 200, []

class Answer(http.server.BaseHTTPRequestHandler):
    def log_message(self, *told): pass

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(status)
        self.send_header("content-type", "text/event-stream" if status == 200 else "application/json")
        self.end_headers()
        for each in events:
            said = json.dumps(each)
            self.wfile.write((f"event: {each['type']}\ndata: {said}\n\n" if status == 200 else said).encode())

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_address[1]}"
client = Anthropic(base_url=address, api_key="none", max_retries=0)

def whole():
    with client.messages.stream(**ASKED) as stream:
        return stream.get_final_message().stop_reason

def plain():
    for _ in client.messages.create(stream=True, **ASKED):
        pass
    return "ended"

def told(ask):
    try:
        return ask()
    except APIStatusError as error:
        return [type(error).__name__, error.status_code]

seen = {}
for name, (status, events) in ANSWERS.items():
    node = json.loads(subprocess.check_output(["node", f"{sys.argv[1]}/seen.mjs", address]))
    seen[name] = [told(whole), told(plain)], node
    print(f"{name}: Python {seen[name][0]}, JavaScript {node}")
assert seen == {
    "before the stream": ([["OverloadedError", 529]] * 2, [["OverloadedError", 529]] * 2),
    "in the midst": ([["APIStatusError", 200]] * 2, [["APIError", None]] * 2),
    "cut off": ([None, "ended"], [["AnthropicError", None], "ended"]),
}
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
