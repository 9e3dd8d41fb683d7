#!/usr/bin/env bash
# LitServe: a client that leaves in the midst of a stream, and the generator that goes on for nobody.
#
# Guess: as with Starlette's own StreamingResponse, what `predict` yields is closed at most a piece or two
#        after the client has hung up, so that the worker is free for the next request.
# Seen:  litserve 0.2.19 (Python 3.11): the client hangs up after 3 of 60 pieces; `predict` is asked for all 60, and
#        the next request, which the one worker takes only then, waits for the rest. So "stop" saves nothing
#        here, and a few visitors who give up hold up everybody who comes after them.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check litserve==0.2.19
cat > "$folder/server.py" <<'PYTHON'
import sys, time
import litserve

class Count(litserve.LitAPI):
    def setup(self, device): pass
    def decode_request(self, request): return request["pieces"]
    def predict(self, pieces):
        for number in range(pieces):
            open(sys.argv[2], "a").write("x")
            yield str(number)
            time.sleep(0.05)
    def encode_response(self, output):
        for each in output:
            yield each + "\n"

if __name__ == "__main__":
    server = litserve.LitServer(Count(stream=True), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="error")
PYTHON
cat > "$folder/seen.py" <<'PYTHON'
import http.client, os, signal, socket, subprocess, sys, time

folder = sys.argv[1]
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
asked = f"{folder}/asked"
log = open(f"{folder}/log", "w")
command = [sys.executable, f"{folder}/server.py", str(port), asked]
server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

def ask(pieces, most):
    """The seconds until the first piece; hangs up after `most` of them."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    began = time.monotonic()
    client.request("POST", "/predict", f'{{"pieces": {pieces}}}', {"content-type": "application/json"})
    answer = client.getresponse()
    first = answer.readline()
    first_after = time.monotonic() - began
    for _ in range(most - 1):
        answer.readline()
    answer.close()
    client.close()
    return first_after

try:
    for _ in range(600):
        try:
            ask(1, 1)
            break
        except OSError:
            time.sleep(0.2)
    alone = ask(1, 1)
    time.sleep(1)
    before = os.path.getsize(asked)
    ask(60, 3)
    left = os.path.getsize(asked) - before
    waited = ask(1, 1)
    made = os.path.getsize(asked) - before - 1
    print(f"left after 3 pieces, {left} were made by then; {made} were made in the end")
    print(f"the next request's first piece: after {waited:.1f} s ({alone:.2f} s when nobody was there)")
    assert made == 60 and left < 30 and waited > 1
finally:
    os.killpg(server.pid, signal.SIGKILL)
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
