#!/usr/bin/env bash
# Hayhooks: an agent of Haystack's that uses a tool has three finish_reasons in one streamed answer, and
# no [DONE].
#
# Guess: the tool is the server's own affair: as from OpenAI, one choice has one finish_reason, in its last
#        chunk, and "data: [DONE]" ends the stream. "tool_calls" would mean that the client is to run it.
# Seen:  hayhooks 2.1.0, haystack-ai 3.4.1 (Python 3.11): "tool_calls" while the tool has yet to run,
#        "tool_call_results" (a word of Haystack's) when it has, then the text, then "stop"; no [DONE]. A client
#        that takes the first reason for the end, or hands the call to its caller, loses the answer.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check hayhooks==2.1.0 haystack-ai==3.4.1
mkdir -p "$folder/pipelines/clock"
cat > "$folder/pipelines/clock/pipeline_wrapper.py" <<'PYTHON'
from hayhooks import BasePipelineWrapper, streaming_generator
from haystack.components.agents import Agent
from haystack.components.generators.chat import MockChatGenerator
from haystack.dataclasses import ChatMessage, ToolCall
from haystack.tools import tool

@tool
def clock() -> str:
    """What time it is."""
    return "noon"

class PipelineWrapper(BasePipelineWrapper):
    def setup(self):
        call = ChatMessage.from_assistant(tool_calls=[ToolCall(tool_name="clock", arguments={})])
        model = MockChatGenerator(responses=[call, "It is noon."])
        self.pipeline = Agent(chat_generator=model, tools=[clock])
        self.pipeline.warm_up()

    def run_chat_completion(self, model, messages, body):
        asked = [ChatMessage.from_user(messages[-1]["content"])]
        return streaming_generator(pipeline=self.pipeline, pipeline_run_args={"messages": asked})
PYTHON
cat > "$folder/seen.py" <<'PYTHON'
import json, os, signal, socket, subprocess, sys, time, urllib.request

folder = sys.argv[1]
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
log = open(f"{folder}/log", "w")
command = [f"{folder}/venv/bin/hayhooks", "run", "--host", "127.0.0.1", "--port", str(port)]
command += ["--pipelines-dir", f"{folder}/pipelines"]
server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
try:
    for _ in range(600):
        try:
            if urllib.request.urlopen(f"http://127.0.0.1:{port}/status").status == 200:
                break
        except OSError:
            time.sleep(0.2)
    messages = [{"role": "user", "content": "What time is it?"}]
    body = json.dumps({"model": "clock", "stream": True, "messages": messages}).encode()
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions", body, {"content-type": "application/json"}
    )
    said = urllib.request.urlopen(asked).read().decode()
    seen = []
    for event in filter(None, said.split("\n\n")):
        choice = json.loads(event.removeprefix("data: "))["choices"][0]
        text, reason = choice["delta"].get("content"), choice["finish_reason"]
        seen += [("text", text)] if text else []
        seen += [("finish_reason", reason)] if reason else []
    print(*seen, sep="\n")
    print("[DONE]" if "[DONE]" in said else "no [DONE]")
    reasons = [what for kind, what in seen if kind == "finish_reason"]
    assert reasons == ["tool_calls", "tool_call_results", "stop"], reasons
    last = seen.index(("finish_reason", "tool_call_results"))
    assert "".join(what for kind, what in seen[last:] if kind == "text").strip() == "It is noon."
    assert "[DONE]" not in said
finally:
    os.killpg(server.pid, signal.SIGKILL)
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
