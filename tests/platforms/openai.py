"""An OpenAI-compatible server. Keys begin with `sk-`; the model `local` needs none.

Faults of its event stream: `crlf`, `cr`, `comments`, `bom`, `error`, `undone` (no `[DONE]`), `ends`
(neither `[DONE]` nor a finish_reason), `lines` (an event's data on several lines), `halves` (text
cut between the halves of a character).
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

from tests.platforms import faults, speech
from tests.platforms.checking import (
    Breach,
    Fields,
    Refused,
    bearer,
    check_agent,
    check_body,
    check_fields,
    check_key,
)
from tests.platforms.wire import Exchange

NAME = "openai"
PATHS = re.compile(r"/v1/chat/completions")
NUMBER = (int, float)
CHAT: Fields = {
    "model": (str, True),
    "messages": (list, True),
    "stream": (bool, False),
    "temperature": (NUMBER, False),
    "top_p": (NUMBER, False),
    "max_tokens": (int, False),
    "max_completion_tokens": (int, False),
}
MESSAGE: Fields = {"role": (str, True), "content": (str, True)}
ROLES = ("system", "user", "assistant")


async def refuse(exchange: Exchange, status: int, why: str, headers: dict[str, str]) -> None:
    error = {"message": why, "type": "invalid_request_error", "param": None, "code": None}
    await exchange.json({"error": error}, status, headers)


async def handle(exchange: Exchange, match: re.Match[str]) -> None:
    key = bearer(exchange)
    body = check_body(exchange, CHAT)
    message = _question(body["messages"])
    fault = await faults.met(exchange, NAME, message, body["model"], key)
    if body["model"] != "local":
        check_key(key, "sk-")
    check_agent(body["model"])
    if exchange.method != "POST":
        raise Refused(405)
    turn = sum(said["role"] == "user" for said in body["messages"])
    words = speech.spoken(exchange, message, turn, fault)
    if body.get("stream", False):
        await _stream(exchange, body["model"], words, fault)
    else:
        text = "".join([word async for word in words])
        choice = {"index": 0, "message": {"role": "assistant", "content": text}}
        await exchange.json({"object": "chat.completion", "choices": [choice]})


def _question(messages: list[Any]) -> str:
    """The last message, of the user's; before it, user and assistant take turns."""
    for message in messages:
        check_fields(message, MESSAGE, "message")
        if message["role"] not in ROLES:
            raise Breach(f"no role is named {message['role']!r}")
    if not messages or messages[-1]["role"] != "user" or not messages[-1]["content"].strip():
        raise Breach("the last message is not the user's")
    question: str = messages[-1]["content"]
    return question


async def _stream(exchange: Exchange, model: str, words: AsyncIterator[str], fault: str) -> None:
    end = {"crlf": b"\r\n", "cr": b"\r"}.get(fault, b"\n")

    def event(value: Any) -> bytes:
        indent = 1 if fault == "lines" else None
        shown = json.dumps(value, ensure_ascii=fault == "halves", indent=indent)
        comment = b": still here" + end + end if fault == "comments" else b""
        lines = [f"data: {line}".encode() + end for line in shown.split("\n")]
        return comment + b"".join(lines) + end

    def chunk(delta: dict[str, str], reason: str | None = None) -> bytes:
        return event(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": model,
                "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
            }
        )

    await exchange.start(200, "text/event-stream; charset=utf-8")
    if fault == "bom":
        await exchange.send(b"\xef\xbb\xbf")
    await exchange.send(chunk({"role": "assistant", "content": ""}))
    done = b"data: [DONE]" + end + end
    last = chunk({}, "stop") + done
    if fault == "undone":
        last = chunk({}, "stop")
    elif fault == "ends":
        last = b""
    elif fault == "error":
        last = event({"error": {"message": "the model broke", "type": "server_error"}})
    await speech.stream(exchange, words, lambda word: chunk({"content": word}), fault, last)
