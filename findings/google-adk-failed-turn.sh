#!/usr/bin/env bash
# Google ADK: a model that fails in the midst is told twice, and what it had said is nowhere kept.
#
# Guess: one event of the stream tells of the failure, as one of ADK's events (errorCode, errorMessage),
#        and the session keeps what the user has read: the text so far, marked as partial or interrupted.
# Seen:  google-adk 2.13.0 (Python 3.11), POST /run_sse: first an event with errorCode and errorMessage, then
#        a line of another shape, {"error": …, "error_details": …}, which is no event. The session holds the user's
#        message and an event of the agent's without content. So the model of the next turn gets two messages of
#        the user's in a row, which strict chat templates refuse, and never learns what it said.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check google-adk==2.13.0
mkdir -p "$folder/agents/poet"
echo "from . import agent" > "$folder/agents/poet/__init__.py"
cat > "$folder/agents/poet/agent.py" <<'PYTHON'
from google.adk.agents import Agent
from google.adk.models import BaseLlm, LlmResponse
from google.genai import types

def said(text, partial):
    content = types.Content(role="model", parts=[types.Part(text=text)])
    return LlmResponse(content=content, partial=partial)

class Breaks(BaseLlm):
    async def generate_content_async(self, llm_request, stream=False):
        roles = [content.role for content in llm_request.contents]
        if len(roles) > 1:
            yield said(f"roles: {roles}", False)
            return
        yield said("Roses are", True)
        raise RuntimeError("the model broke")

root_agent = Agent(name="poet", model=Breaks(model="breaks"), instruction="Write.")
PYTHON
cat > "$folder/seen.py" <<'PYTHON'
import json, os, signal, socket, subprocess, sys, time, urllib.request

folder = sys.argv[1]
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
log = open(f"{folder}/log", "w")
command = [f"{folder}/venv/bin/adk", "api_server", "--port", str(port)]
command += ["--session_service_uri", "memory://", f"{folder}/agents"]
server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data, {"content-type": "application/json"}
    )
    return urllib.request.urlopen(asked, timeout=60).read().decode()

def turn(text):
    message = {"role": "user", "parts": [{"text": text}]}
    body = {"appName": "poet", "userId": "u", "sessionId": "s", "newMessage": message}
    lines = ask("/run_sse", {**body, "streaming": True}).split("\n\n")
    return [json.loads(line.removeprefix("data: ")) for line in lines if line]

def texts(event):
    return [part["text"] for part in (event.get("content") or {}).get("parts", [])]

try:
    for _ in range(600):
        try:
            ask("/list-apps")
            break
        except OSError:
            time.sleep(0.2)
    ask("/apps/poet/users/u/sessions/s", {})
    told = turn("A poem, please")
    for each in told:
        print("stream: ", {k: each[k] for k in ("errorCode", "errorMessage", "error") if k in each} or texts(each))
    kept = json.loads(ask("/apps/poet/users/u/sessions/s"))["events"]
    for each in kept:
        print("session:", each["author"], texts(each), each.get("errorCode"))
    [*_, event, line] = told
    assert event["errorCode"] == "RuntimeError" and "author" in event
    assert line["error"] == "RuntimeError: the model broke" and "author" not in line
    assert [(each["author"], texts(each)) for each in kept] == [("user", ["A poem, please"]), ("poet", [])]
    [answer] = texts(turn("Go on")[-1])
    print("the next turn's", answer)
    assert answer == "roles: ['user', 'user']", answer
finally:
    os.killpg(server.pid, signal.SIGKILL)
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
