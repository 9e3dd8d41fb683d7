#!/usr/bin/env bash
# LangGraph's server: what a run that failed had been told stays in its thread, and what it had said does not.
#
# Guess: a run is a transaction of its thread: one that fails leaves the thread as it was before, so that its
#        message can be sent again. Or else all is kept: the message, and the words that were streamed.
# Seen:  langgraph-cli 0.4.40, langgraph-api 0.16.7 (Python 3.11), stream_mode messages-tuple: the user's message
#        stays, the streamed words are gone. Sent again, the message is there twice, in a row, which strict chat
#        templates refuse; and the model cannot know what the user has read. `multitask_strategy: rollback`
#        changes nothing of that.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check uv
"$folder/venv/bin/uv" pip install --quiet --python "$folder/venv/bin/python" \
  "langgraph-cli[inmem]==0.4.40" langgraph-api==0.16.7 langchain-core
cat > "$folder/app.py" <<'PYTHON'
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langgraph.graph import END, START, MessagesState, StateGraph

class Breaks(BaseChatModel):
    _llm_type = "breaks"
    def _generate(self, messages, *args, **kwargs):
        return ChatResult(generations=[ChatGeneration(message=AIMessage(""))])
    async def _astream(self, messages, *args, **kwargs):
        yield ChatGenerationChunk(message=AIMessageChunk("Roses are"))
        if len(messages) == 1:
            raise RuntimeError("the model broke")
        yield ChatGenerationChunk(message=AIMessageChunk(" red"))

async def answer(state: MessagesState):
    return {"messages": [await Breaks().ainvoke(state["messages"])]}

graph = StateGraph(MessagesState).add_node("answer", answer)
graph = graph.add_edge(START, "answer").add_edge("answer", END).compile()
PYTHON
echo '{"dependencies": ["."], "graphs": {"poet": "./app.py:graph"}}' > "$folder/langgraph.json"
cat > "$folder/seen.py" <<'PYTHON'
import json, os, signal, socket, subprocess, sys, time, urllib.request

folder = sys.argv[1]
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
log = open(f"{folder}/log", "w")
command = [f"{folder}/venv/bin/langgraph", "dev", "--no-browser", "--no-reload", "--port", str(port)]
server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)

def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data, {"content-type": "application/json"}
    )
    return urllib.request.urlopen(asked, timeout=60).read().decode().replace("\r\n", "\n")

def run(thread):
    message = {"role": "user", "content": "A poem, please"}
    body = {"assistant_id": "poet", "input": {"messages": [message]}}
    body |= {"stream_mode": ["messages-tuple"], "multitask_strategy": "rollback"}
    events = [each for each in ask(f"/threads/{thread}/runs/stream", body).split("\n\n") if each]
    words, end = "", ""
    for each in events:
        kind, _, data = each.partition("\ndata: ")
        if kind == "event: messages":
            words += json.loads(data)[0]["content"]
        elif kind == "event: error":
            end = json.loads(data)["message"]
    return words, end

def kept(thread):
    messages = json.loads(ask(f"/threads/{thread}/state"))["values"]["messages"]
    return [(each["type"], each["content"]) for each in messages]

try:
    for _ in range(600):
        try:
            ask("/ok")
            break
        except OSError:
            time.sleep(0.2)
    thread = json.loads(ask("/threads", {}))["thread_id"]
    said = run(thread)
    print("streamed:", said)
    print("kept:    ", kept(thread))
    assert said == ("Roses are", "the model broke")
    assert kept(thread) == [("human", "A poem, please")]
    said = run(thread)
    print("again:   ", said)
    print("kept:    ", kept(thread))
    assert kept(thread) == [("human", "A poem, please")] * 2 + [("ai", "Roses are red")]
finally:
    os.killpg(server.pid, signal.SIGKILL)
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
