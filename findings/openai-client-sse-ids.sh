#!/usr/bin/env bash
# OpenAI's Python client behind sse-starlette: an event with an id, and the keep-alive that then ends the stream.
#
# Guess: a server may number its events and send a comment every while, as the event stream format provides and
#        sse-starlette does by itself; who reads the stream with the `openai` client never sees either.
# Seen:  openai 3.57.0 with sse-starlette 3.7.0 (Python 3.11): a comment alone is passed over, ids alone are passed
#        over, but the comment after an id raises JSONDecodeError in the midst of the answer: once an id has come, the
#        empty line that ends the comment counts as an event, whose empty data is read as JSON. The standard says
#        that nothing is dispatched where there is no data. A `retry:` of its own ends the stream the same way.
#        So an OpenAI-compatible server does best to send `data:` and comments, and nothing else.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    openai==3.57.0 sse-starlette==3.7.0 starlette==1.10.0 uvicorn
cat > "$folder/seen.py" <<'PYTHON'
import asyncio, json, socket, threading, time

import openai, uvicorn
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.routing import Route

def piece(text):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return json.dumps({"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})

async def answer(request):
    model = (await request.json())["model"]
    async def events():
        if model == "retry":
            yield {"retry": 3000}
        for number, text in enumerate(("one", "two")):
            yield ServerSentEvent(piece(text), id=str(number) if "ids" in model else None)
            if "pause" in model:
                await asyncio.sleep(2.5)
        yield "[DONE]"
    return EventSourceResponse(events(), ping=1 if "pause" in model else 600)

server = uvicorn.Server(uvicorn.Config(
    Starlette(routes=[Route("/v1/chat/completions", answer, methods=["POST"])]), log_level="error"))
listening = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=server.run, args=([listening],), daemon=True).start()
client = openai.OpenAI(
    base_url=f"http://127.0.0.1:{listening.getsockname()[1]}/v1", api_key="none", max_retries=0)

def ask(model):
    texts = []
    try:
        for each in client.chat.completions.create(
            model=model, stream=True, messages=[{"role": "user", "content": "Hi"}]
        ):
            texts.append(each.choices[0].delta.content)
    except json.JSONDecodeError as error:
        texts.append(type(error).__name__)
    print(f"{model}: {texts}")
    return texts

while not server.started:
    time.sleep(0.1)
assert ask("pause") == ["one", "two"]
assert ask("ids") == ["one", "two"]
assert ask("ids and pause") == ["one", "JSONDecodeError"]
assert ask("retry") == ["JSONDecodeError"]
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
