"""A bare OpenAI-compatible server, for proxies to stand before."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from typing import Any

from echo import pieces
from fastapi import FastAPI, Header
from fastapi.responses import JSONResponse, StreamingResponse

app = FastAPI()


@app.get("/v1/models")
async def models() -> Any:
    return {"object": "list", "data": [{"id": "echo", "object": "model"}]}


@app.post("/v1/chat/completions")
async def chat(body: dict[str, Any], authorization: str = Header("")) -> Any:
    said = [m for m in body["messages"] if m["role"] == "user"]
    text = str(said[-1]["content"]).rpartition("\n\n")[2]
    if text.endswith("FAIL"):
        error = {"message": "broke before the first word", "type": "server_error", "code": "boom"}
        return JSONResponse({"error": error}, int(os.environ.get("FAIL_STATUS", "500")))
    if not body.get("stream"):
        whole = "".join([piece async for piece in pieces(text, len(said))])
        message = {"role": "assistant", "content": whole}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": "echo",
            "choices": [choice],
        }

    def chunk(delta: dict[str, str], reason: str | None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        value = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "echo"}
        return f"data: {json.dumps({**value, 'choices': [choice]})}\n\n"

    async def stream() -> AsyncIterator[str]:
        yield chunk({"role": "assistant", "content": ""}, None)
        try:
            async for piece in pieces(text, len(said)):
                yield chunk({"content": piece}, None)
        except RuntimeError as error:
            told = {"error": {"message": str(error), "type": "server_error"}}
            yield f"data: {json.dumps(told)}\n\n"
            return
        yield chunk({}, "stop")
        yield "data: [DONE]\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream")
