#!/usr/bin/env bash
# litellm: an answer that its server cut off ends with finish_reason "stop".
#
# Guess: litellm hands chunks on as they come: where the server's stream ends without a finish_reason, so
#        does litellm's, or it raises; and a reason that it does not know comes out as it is.
# Seen:  litellm 1.108.7 (Python 3.11): three streams that break off after two words, with [DONE], without it, and
#        with a reason of the server's own, "evicted", all come out as the same whole answer: a last chunk with
#        "stop", and counts of tokens that litellm made itself. Its proxy passes that on. Behind it llama-cpp-python's
#        server, which ends a running answer without a reason when another request comes, looks as if it
#        had said all there was.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check litellm==1.108.7
cat > "$folder/seen.py" <<'PYTHON'
import http.server, json, os, threading

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm

def chunk(delta, reason=None):
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    value = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return f"data: {json.dumps({**value, 'choices': [choice]})}\n\n".encode()

ENDS = {
    "nothing": b"",
    "[DONE]": b"data: [DONE]\n\n",
    "evicted": chunk({}, "evicted") + b"data: [DONE]\n\n",
    "length": chunk({}, "length") + b"data: [DONE]\n\n",
}

class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(chunk({"role": "assistant", "content": "As far"}) + chunk({"content": " as"}))
        self.wfile.write(ENDS[body["messages"][0]["content"]])

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}/v1"
found = {}
for end in ENDS:
    said = litellm.completion(
        model="openai/m", api_base=address, api_key="x", stream=True, max_retries=0,
        messages=[{"role": "user", "content": end}], stream_options={"include_usage": True},
    )
    chunks = list(said)
    reasons = [each.choices[0].finish_reason for each in chunks if each.choices[0].finish_reason]
    tokens = [each.usage.completion_tokens for each in chunks if getattr(each, "usage", None)]
    found[end] = reasons
    print(f"the server ends with {end}: litellm says {reasons}, and {tokens} tokens")
    assert tokens and tokens[0] > 0
assert found == {"nothing": ["stop"], "[DONE]": ["stop"], "evicted": ["stop"], "length": ["length"]}
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
