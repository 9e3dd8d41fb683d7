#!/usr/bin/env bash
# A2A's Python SDK: the stream of a task that fails does not say that it has failed.
#
# Guess: where an agent raises in the midst, its stream ends with a status update, TASK_STATE_FAILED, as it
#        ends with TASK_STATE_COMPLETED where all is well: that is what who asks later is told.
# Seen:  a2a-sdk 1.3.0 (Python 3.11): the last state in the stream is TASK_STATE_WORKING; then a JSON-RPC error
#        comes, in an event of the type "error", which a browser's EventSource takes for a failed connection. GetTask
#        says TASK_STATE_FAILED a moment later. Asked without a stream, the answer is that error alone: no task,
#        no id, nothing of what the agent had made until then, though the task is there and failed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "a2a-sdk[http-server]==1.3.0" uvicorn
cat > "$folder/server.py" <<'PYTHON'
from a2a.helpers import new_task_from_user_message, new_text_part
from a2a.server.agent_execution import AgentExecutor
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, AgentSkill
from starlette.applications import Starlette

class Breaks(AgentExecutor):
    async def execute(self, context, event_queue):
        task = context.current_task or new_task_from_user_message(context.message)
        await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        await updater.start_work()
        await updater.add_artifact([new_text_part("As far as")], artifact_id="a1")
        raise RuntimeError("the model broke")

    async def cancel(self, context, event_queue): pass

card = AgentCard(
    name="Breaks", description="breaks", version="1.0.0",
    default_input_modes=["text/plain"], default_output_modes=["text/plain"],
    capabilities=AgentCapabilities(streaming=True),
    supported_interfaces=[
        AgentInterface(protocol_binding="JSONRPC", url="http://127.0.0.1/", protocol_version="1.0")
    ],
    skills=[AgentSkill(id="s", name="S", description="s", tags=["s"])],
)
handler = DefaultRequestHandler(
    agent_executor=Breaks(), task_store=InMemoryTaskStore(), agent_card=card
)
app = Starlette(routes=create_jsonrpc_routes(handler, "/"))
PYTHON
cat > "$folder/seen.py" <<'PYTHON'
import json, os, signal, socket, subprocess, sys, time, urllib.request

folder = sys.argv[1]
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
log = open(f"{folder}/log", "w")
command = [sys.executable, "-m", "uvicorn", "server:app", "--app-dir", folder, "--port", str(port)]
server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

def ask(method, params):
    body = json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).encode()
    headers = {"content-type": "application/json", "A2A-Version": "1.0"}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/", body, headers)
    return urllib.request.urlopen(asked, timeout=60).read().decode()

def message(number):
    return {"message": {"messageId": f"m{number}", "role": "ROLE_USER", "parts": [{"text": "Hello"}]}}

def task(name):
    for _ in range(50):
        found = json.loads(ask("GetTask", {"id": name}))["result"]
        if found["status"]["state"] != "TASK_STATE_WORKING":
            break
        time.sleep(0.1)
    return found

try:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.2)
    said = ask("SendStreamingMessage", message(1)).replace("\r\n", "\n")
    events = [event for event in said.split("\n\n") if event]
    values = [json.loads(event.partition("data: ")[2]) for event in events]
    results = [value["result"] for value in values[:-1]]
    print("stream:", *(json.dumps(each)[:90] for each in results), repr(events[-1]), sep="\n  ")
    states = [each["statusUpdate"]["status"]["state"] for each in results if "statusUpdate" in each]
    assert states == ["TASK_STATE_WORKING"], states
    assert events[-1].startswith("event: error") and values[-1]["error"]["message"] == "the model broke"
    found = task(results[0]["task"]["id"])
    print("GetTask:", found["status"]["state"], found["artifacts"])
    assert found["status"]["state"] == "TASK_STATE_FAILED" and found["artifacts"]
    alone = json.loads(ask("SendMessage", message(2)))
    print("without a stream:", alone)
    assert "result" not in alone and "task" not in json.dumps(alone).lower()
    listed = json.loads(ask("ListTasks", {}))["result"]["tasks"]
    print("ListTasks:", [each["status"]["state"] for each in listed])
    assert [each["status"]["state"] for each in listed] == ["TASK_STATE_FAILED"] * 2
finally:
    os.killpg(server.pid, signal.SIGKILL)
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
