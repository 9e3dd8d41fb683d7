#!/usr/bin/env bash
# Hugging Face's InferenceClient: a stream of an answer that nobody can read, since its client is gone.
#
# Guess: what `chat_completion(stream=True)` returns keeps what it reads from, as a stream of the `openai` client
#        does: a function may make a client, ask, and return the answer to who reads it.
# Seen:  huggingface_hub 2.4.0 (Python 3.11): the response belongs to the client, which nothing keeps: with the last name
#        of it the connection is closed, and the first piece raises StreamClosed ("Attempted to read or stream content, but
#        the stream has been closed"). `InferenceClient(…).chat_completion(…)` in one expression does so as well.
#        With the client in a variable beside the loop all is well. openai 3.57.0 reads either way.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check huggingface_hub==2.4.0 openai==3.57.0
cat > "$folder/seen.py" <<'PYTHON'
import http.server, json, threading

from huggingface_hub import InferenceClient
from openai import OpenAI

MESSAGES = [{"role": "user", "content": "Hi"}]
TEXTS = ["one", "two", "three"]

class Answer(http.server.BaseHTTPRequestHandler):
    def log_message(self, *told): pass

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for text in TEXTS:
            choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
            chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
server.handle_error = lambda *told: None  # whose client is gone hangs up
threading.Thread(target=server.serve_forever, daemon=True).start()
how = {"base_url": f"http://127.0.0.1:{server.server_address[1]}", "api_key": "none"}

def by_hugging_face():
    client = InferenceClient(**how)
    return client.chat_completion(MESSAGES, stream=True)

def by_openai():
    client = OpenAI(**how)
    return client.chat.completions.create(model="m", messages=MESSAGES, stream=True)

def read(name, stream):
    found = []
    try:
        for each in stream:
            found.append(each.choices[0].delta.content)
    except Exception as error:
        found.append(type(error).__name__)
    print(f"{name}: {found}")
    return found

kept = InferenceClient(**how)
assert read("huggingface_hub, the client is kept", kept.chat_completion(MESSAGES, stream=True)) == TEXTS
assert read("huggingface_hub, from a function", by_hugging_face()) == ["StreamClosed"]
assert read("openai, from a function", by_openai()) == TEXTS
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
