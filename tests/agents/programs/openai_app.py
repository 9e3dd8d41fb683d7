"""A bare OpenAI-compatible server, for proxies to stand before.

Words of its own at a message's end, beside the echo's: `BUSY` and `QUOTA` are refused, `LENGTH`,
`FILTER` and `CALL` end before the first word, `CUT` without a finish_reason, `HANG` not at all
after it; `WHOLE` comes as JSON, `ODD` in chunks of odd fields, `RECALL` is what it was told before.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from typing import Any

from echo import noted, pieces
from fastapi import FastAPI, Header
from fastapi.responses import JSONResponse, StreamingResponse

MOST = 3000  # characters, which are its context
ENDS = {"LENGTH": "length", "FILTER": "content_filter", "CALL": "tool_calls"}
REFUSED = {  # status, type, code
    "FAIL": (int(os.environ.get("FAIL_STATUS", "500")), "server_error", "boom"),
    "BUSY": (429, "requests", "rate_limit_exceeded"),
    "QUOTA": (429, "insufficient_quota", "insufficient_quota"),
}
SAID = {"QUOTA": "You exceeded your current quota, please check your plan and billing details."}

app = FastAPI()


@app.get("/v1/models")
async def models() -> Any:
    return {"object": "list", "data": [{"id": "echo", "object": "model"}]}


def refusal(status: int, kind: str, code: str, message: str) -> JSONResponse:
    noted("refused")
    error = {"message": message, "type": kind, "param": None, "code": code}
    return JSONResponse({"error": error}, status, {"Retry-After": "3"} if status == 429 else None)


def whole(text: str) -> dict[str, Any]:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    made = {"id": "c", "object": "chat.completion", "created": 1, "model": "echo"}
    return {**made, "choices": [choice]}


def chunk(delta: Any, reason: str | None = None, **more: Any) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    value = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "echo"}
    return f"data: {json.dumps({**value, 'choices': [choice], **more})}\n\n"


@app.post("/v1/chat/completions")
async def chat(body: dict[str, Any], authorization: str = Header("")) -> Any:
    said = [m for m in body["messages"] if m["role"] == "user"]
    text = str(said[-1]["content"]).rpartition("\n\n")[2]
    word = text.rpartition(" ")[2]
    if word in REFUSED:
        return refusal(*REFUSED[word], SAID.get(word, f"the answer to {word}"))
    if (most := sum(len(str(m["content"])) for m in body["messages"])) > MOST:
        told = f"This model's maximum context length is {MOST} tokens, your messages have {most}."
        return refusal(400, "invalid_request_error", "context_length_exceeded", told)
    if word == "RECALL":
        text = "".join(str(m["content"]) for m in body["messages"][:-1])
    if word == "WHOLE" or not body.get("stream"):
        return whole("".join([piece async for piece in pieces(text, len(said))]))
    return StreamingResponse(stream(text, word, len(said)), media_type="text/event-stream")


async def stream(text: str, word: str, turn: int) -> AsyncIterator[str]:
    yield chunk({"role": "assistant", "content": ""})
    if word in ENDS:
        yield chunk({}, ENDS[word])
        yield "data: [DONE]\n\n"
        return
    if word == "ODD":
        yield chunk({}, choices=[], error={}, usage=None)
        yield chunk(None, id=7, created="now")
        yield ": ping\n\nevent: status\ndata: {}\n\n"
    try:
        async for piece in pieces(text, turn):
            yield chunk({"content": piece})
    except RuntimeError as error:
        told = {"error": {"message": str(error), "type": "server_error"}}
        yield f"data: {json.dumps(told)}\n\n"
        return
    if word == "CUT":
        return
    yield chunk({}, "stop")
    if word == "HANG":
        await asyncio.sleep(50)
    yield "data: [DONE]\n\n"
