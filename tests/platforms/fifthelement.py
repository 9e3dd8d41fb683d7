"""fifthelement, as docs.fifthelement.ai describes it. Keys begin with `fe_` here.

Faults of its event stream: `crlf`, `cr`, `comments`, `bare` (no blank lines, as in the document's
sample), `bom`, `halves` (text cut between the halves of a character), `error` (an error event in
the midst), `undone` (no `[DONE]`), `ends` (neither).
`id-header` and `id-event` tell the conversation's id where the document does not promise it.
"""

from __future__ import annotations

import json
import re
from uuid import uuid4

from tests.platforms import faults, speech
from tests.platforms.checking import (
    Fields,
    Refused,
    bearer,
    check_agent,
    check_body,
    check_key,
    check_length,
    session,
)
from tests.platforms.state import state
from tests.platforms.wire import Dropped, Exchange

NAME = "fifthelement"
PATHS = re.compile(r"/v1/api/chat/(?P<slug>[^/]+)")
CHAT: Fields = {
    "message": (str, True),
    "stream": (bool, False),
    "conversationId": ((str, type(None)), False),
    "async": (bool, False),
}
ERRORS = {
    400: ("ValidationError", "Message field is required"),
    401: ("UnauthorizedError", "Invalid or missing API token"),
    404: ("NotFoundError", "Agent with slug '{slug}' not found"),
}


async def refuse(exchange: Exchange, status: int, why: str, headers: dict[str, str]) -> None:
    """The document's error: `{"data": null, "error": {name, message, details}}`."""
    slug = exchange.path.rpartition("/")[2]
    name, message = ERRORS.get(status, ("Error", why))
    error = {"name": name, "message": message.format(slug=slug), "details": {}}
    await exchange.json({"data": None, "error": error}, status, headers)


async def handle(exchange: Exchange, match: re.Match[str]) -> None:
    key = bearer(exchange)
    body = check_body(exchange, CHAT)
    message = body["message"]
    fault = await faults.met(exchange, NAME, message, match["slug"], key)
    check_key(key, "fe_")
    check_agent(match["slug"])
    if exchange.method != "POST":
        raise Refused(405)
    check_length(message)
    name = body.get("conversationId") or _new_conversation()
    said = session(NAME, name)
    said.append({"role": "user", "text": message})
    words = speech.spoken(exchange, message, (len(said) + 1) // 2, fault)
    if body.get("stream", False):
        text = await _stream(exchange, name, words, fault)
    else:
        text = await _whole(exchange, name, words)
    said.append({"role": "assistant", "text": text})


async def _whole(exchange: Exchange, name: str, words: speech.Words) -> str:
    text = ""
    try:
        async for word in words:
            text += word
    except Dropped:
        await exchange.start(200, "application/json", {"content-length": "1000"})
        await exchange.send(b'{"data": {')
        raise
    metadata = {"model": "gpt-4", "tokens": 150}
    data = {"response": text, "conversationId": name, "metadata": metadata}
    await exchange.json({"data": data, "error": None})
    return text


async def _stream(exchange: Exchange, name: str, words: speech.Words, fault: str) -> str:
    end = {"crlf": b"\r\n", "cr": b"\r"}.get(fault, b"\n")
    between = b"" if fault == "bare" else end

    def line(text: str) -> bytes:
        comment = b": still here" + end + between if fault == "comments" else b""
        return comment + f"data: {text}".encode() + end + between

    def frame(piece: str) -> bytes:
        return line(json.dumps({"chunk": piece}, ensure_ascii=fault == "halves"))

    headers = {"x-conversation-id": name} if fault == "id-header" else {}
    await exchange.start(200, "text/event-stream", headers)
    if fault == "bom":
        await exchange.send(b"\xef\xbb\xbf")
    if fault == "id-event":
        await exchange.send(line(json.dumps({"conversationId": name})))
    last = b"" if fault in ("undone", "ends") else line("[DONE]")
    if fault == "error":
        error = {"name": "InternalError", "message": "the model broke", "details": {}}
        last = b"event: error" + end + line(json.dumps({"data": None, "error": error}))
    return await speech.stream(exchange, words, frame, fault, last)


def _new_conversation() -> str:
    name = f"conv_{uuid4().hex[:6]}"
    state.sessions[NAME, name] = []
    return name
