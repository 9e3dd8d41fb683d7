#!/usr/bin/env bash
# Ollama's and Hugging Face's clients for Python: a word with U+2028 in it ends the answer by a JSONDecodeError.
#
# Guess: in NDJSON and in server-sent events a line ends at CR or LF and nowhere else. U+0085, U+2028 and U+2029 stand in
#        JSON's strings as they are (RFC 8259 has only controls below U+0020 escaped), and models write
#        them: they come with what was pasted from word processors and PDFs.
# Seen:  ollama 0.6.3 and huggingface_hub 2.4.0 (Python 3.11) cut lines by `iter_lines()` of httpx and httpx2, which ends one at
#        whatever `str.splitlines` does: the piece raises JSONDecodeError, the rest of the answer is lost. The server need only write its
#        JSON with `ensure_ascii=False`, as servers in Python do that speak these APIs; Go's own encoder escapes U+2028
#        and U+2029, but not U+0085. ollama 0.6.4 for npm reads all of it. What works: lines of bytes, `splitlines` on them.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check ollama==0.6.3 huggingface_hub==2.4.0
npm install --silent --no-audit --no-fund --prefix "$folder" ollama@0.6.4
cat > "$folder/seen.mjs" <<'JAVASCRIPT'
import { Ollama } from "ollama";

const messages = [{ role: "user", content: "Hi" }];
const texts = [];
for await (const each of await new Ollama({ host: process.argv[2] }).chat({ model: "m", messages, stream: true })) {
  texts.push(each.message.content);
}
console.log(JSON.stringify(texts));
JAVASCRIPT
cat > "$folder/seen.py" <<'PYTHON'
import http.server, json, subprocess, sys, threading

from huggingface_hub import InferenceClient
from ollama import Client

MESSAGES = [{"role": "user", "content": "Hi"}]
middle = ""

def texts():
    return ["one", f"two{middle}three", "four"]

class Answer(http.server.BaseHTTPRequestHandler):
    def log_message(self, *told): pass

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        lines = self.path == "/api/chat"
        self.send_header("content-type", "application/x-ndjson" if lines else "text/event-stream")
        self.end_headers()
        for number, text in enumerate(texts(), 1):
            said = {"role": "assistant", "content": text}
            if lines:
                line = {"model": "m", "message": said, "done": number == len(texts())}
                line = json.dumps(line, ensure_ascii=False) + "\n"
            else:
                choice = {"index": 0, "delta": said, "finish_reason": None}
                chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
                line = f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
            self.wfile.write(line.encode())

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
server.handle_error = lambda *told: None  # who fails in the midst hangs up
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_address[1]}"
face = InferenceClient(base_url=address, api_key="none")

def by_ollama():
    for each in Client(host=address).chat(model="m", messages=MESSAGES, stream=True):
        yield each.message.content

def by_hugging_face():
    for each in face.chat_completion(MESSAGES, stream=True):
        yield each.choices[0].delta.content

def all_of(pieces):
    found = []
    try:
        for piece in pieces:
            found.append(piece)
    except json.JSONDecodeError as error:
        found.append(type(error).__name__)
    return found

for middle in (" ", "\x85", "\u2028", "\u2029"):
    name = f"U+{ord(middle):04X}"
    node = json.loads(subprocess.check_output(["node", f"{sys.argv[1]}/seen.mjs", address]))
    seen = all_of(by_ollama()), all_of(by_hugging_face()), node
    print(f"{name}: ollama {seen[0]}, huggingface_hub {seen[1]}, ollama for npm {node}")
    cut = texts() if middle == " " else ["one", "JSONDecodeError"]
    assert seen == (cut, cut, texts()), seen
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
