#!/usr/bin/env bash
# Google's GenAI clients: a comment, an id or a name in the stream of events, and the answer is an error in Python,
# and nothing in JavaScript.
#
# Guess: both read `alt=sse` as the standard of server-sent events has it, as the clients of OpenAI, Mistral and Cohere do:
#        a proxy before Gemini may keep the line alive by comments, number its events, name them, write `data:` without
#        a blank, or spread one JSON over several lines of data.
# Seen:  google-genai 3.6.1 (Python 3.11) takes every line that does not begin with "data: " for JSON and raises
#        UnknownApiResponseError at a comment, an id, a name, and at `data:{`. @google/genai 2.32.0 (npm) looks at the beginning of
#        each event alone: comments and `data:{` pass, of events with an id or a name before their data nothing is read
#        and nothing raised, the answer is empty; JSON over two lines of data is a SyntaxError there, and right in
#        Python. sse-starlette sends a comment every 15 s by itself. What both read: one line `data: {…}` each, no more.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check google-genai==3.6.1
npm install --silent --no-audit --no-fund --prefix "$folder" @google/genai@2.32.0
cat > "$folder/seen.mjs" <<'JAVASCRIPT'
import { GoogleGenAI } from "@google/genai";

const client = new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl: process.argv[2] } });
const texts = [];
try {
  for await (const each of await client.models.generateContentStream({ model: "m", contents: "Hi" })) {
    texts.push(each.text);
  }
} catch (error) {
  texts.push(error.constructor.name);
}
console.log(JSON.stringify(texts));
JAVASCRIPT
cat > "$folder/seen.py" <<'PYTHON'
import http.server, json, subprocess, sys, threading

from google import genai

TEXTS = ["one", "two"]
CHUNKS = [{"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}}]} for text in TEXTS]
SPELLED = {
    "as Google's": "data: {}\n\n",
    "comments": ": alive\n\ndata: {}\n\n",
    "ids": "id: 1\ndata: {}\n\n",
    "names": "event: message\ndata: {}\n\n",
    "no blank": "data:{}\n\n",
    "two lines": "data: {}\ndata: {}\n\n",
}
spelled = ""

class Answer(http.server.BaseHTTPRequestHandler):
    def log_message(self, *told): pass

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for chunk in map(json.dumps, CHUNKS):
            cut = chunk.index(",") + 1 if spelled.count("{}") > 1 else len(chunk)
            parts = [chunk[:cut], chunk[cut:]] if cut < len(chunk) else [chunk]
            self.wfile.write(spelled.format(*parts).encode())

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_address[1]}"

def in_python():
    client = genai.Client(api_key="none", http_options={"base_url": address})
    texts = []
    try:
        for each in client.models.generate_content_stream(model="m", contents="Hi"):
            texts.append(each.text)
    except Exception as error:
        texts.append(type(error).__name__)
    return texts

seen = {}
for name, spelled in SPELLED.items():
    node = json.loads(subprocess.check_output(["node", f"{sys.argv[1]}/seen.mjs", address]))
    seen[name] = in_python(), node
    print(f"{name}: Python {seen[name][0]}, JavaScript {node}")
failed = ["UnknownApiResponseError"]
assert seen == {
    "as Google's": (TEXTS, TEXTS),
    "comments": (failed, TEXTS),
    "ids": (failed, []),
    "names": (failed, []),
    "no blank": (failed, TEXTS),
    "two lines": (TEXTS, ["SyntaxError"]),
}
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
