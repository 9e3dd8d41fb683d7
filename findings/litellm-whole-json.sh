#!/usr/bin/env bash
# litellm: a server that answers a request for a stream with one JSON document is an empty answer.
#
# Guess: as the document is a valid chat completion, litellm makes a chunk of it, or raises an error that
#        says what came instead of events.
# Seen:  litellm 1.108.7 (Python 3.11), providers openai, lm_studio and hosted_vllm alike: no text at all, and
#        finish_reason "stop": the model seems to have answered with nothing. Without `stream` the same
#        document comes out whole.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check litellm==1.108.7
cat > "$folder/seen.py" <<'PYTHON'
import http.server, json, os, threading

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm

choice = {
    "index": 0,
    "message": {"role": "assistant", "content": "As far as I know"},
    "finish_reason": "stop",
}
value = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
said = json.dumps(value).encode()

class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
for provider in ("openai", "lm_studio", "hosted_vllm"):
    asked = {
        "model": f"{provider}/m",
        "api_base": f"http://127.0.0.1:{server.server_port}/v1",
        "api_key": "x",
        "messages": [{"role": "user", "content": "Hello"}],
    }
    whole = litellm.completion(**asked).choices[0].message.content
    chunks = list(litellm.completion(**asked, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    reason = chunks[-1].choices[0].finish_reason
    print(f"{provider}: {whole!r}; as a stream {text!r}, finish_reason {reason}")
    assert (whole, text, reason) == ("As far as I know", "", "stop")
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
