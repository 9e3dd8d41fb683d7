#!/usr/bin/env bash
# LitServe's OpenAI specification and OpenAI's own Python client: a model that fails in the midst is a
# stream that ends in peace.
#
# Guess: LitServe writes an event with `error` in it, which it does, and the client raises APIError, as
#        it does for such an event of any other server.
# Seen:  litserve 0.2.19, openai 3.57.0 (Python 3.11): the event is the body's last line, and no blank line
#        comes after it, so it is never dispatched (as the standard of server-sent events has it). The
#        client's loop ends without a word. All that tells is that no chunk had a finish_reason.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check litserve==0.2.19 openai==3.57.0
cat > "$folder/server.py" <<'PYTHON'
import sys
import litserve

class Breaks(litserve.LitAPI):
    def setup(self, device): pass
    def predict(self, request):
        yield "As far"
        yield " as"
        raise RuntimeError("the model broke")

if __name__ == "__main__":
    server = litserve.LitServer(Breaks(spec=litserve.OpenAISpec()), accelerator="cpu")
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="error")
PYTHON
cat > "$folder/seen.py" <<'PYTHON'
import json, os, signal, socket, subprocess, sys, time, urllib.request
from openai import OpenAI

folder = sys.argv[1]
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
log = open(f"{folder}/log", "w")
server = subprocess.Popen(
    [sys.executable, f"{folder}/server.py", str(port)], stdout=log, stderr=log, start_new_session=True
)
address = f"http://127.0.0.1:{port}"
messages = [{"role": "user", "content": "Hello"}]
try:
    for _ in range(600):
        try:
            if urllib.request.urlopen(f"{address}/health").status == 200:
                break
        except OSError:
            time.sleep(0.2)
    body = json.dumps({"model": "m", "stream": True, "messages": messages}).encode()
    asked = urllib.request.Request(
        f"{address}/v1/chat/completions", body, {"content-type": "application/json"}
    )
    last = urllib.request.urlopen(asked).read().rpartition(b"\n\n")[2]
    print(f"the body's last bytes: {last!r}")
    client = OpenAI(base_url=f"{address}/v1", api_key="x", max_retries=0)
    chunks = list(client.chat.completions.create(model="m", stream=True, messages=messages))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    reasons = {chunk.choices[0].finish_reason for chunk in chunks}
    print(f"the client: {text!r}, finish_reason {reasons}, no exception")
    assert last.startswith(b'data: {"error"') and not last.endswith(b"\n"), last
    assert text == "As far as" and reasons == {None}
finally:
    os.killpg(server.pid, signal.SIGKILL)
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
