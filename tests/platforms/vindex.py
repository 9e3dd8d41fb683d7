"""vindex, as ai.amgaptech.com/docs describes it. Keys begin with `amgai_`."""

from __future__ import annotations

import re

from tests.platforms import faults, speech
from tests.platforms.checking import (
    Breach,
    Fields,
    check_body,
    check_fields,
    check_key,
    check_length,
)
from tests.platforms.state import state
from tests.platforms.wire import Dropped, Exchange

NAME = "vindex"
PATHS = re.compile(r"/api/chat")
CHAT: Fields = {"message": (str, True), "session_id": (str, True), "metadata": (dict, False)}
METADATA: Fields = {"url": (str, False), "title": (str, False)}


async def refuse(exchange: Exchange, status: int, why: str, headers: dict[str, str]) -> None:
    """The document's error: `{"error": …}`."""
    await exchange.json({"error": why}, status, headers)


async def handle(exchange: Exchange, match: re.Match[str]) -> None:
    key = exchange.headers.get("x-api-key", "")
    body = check_body(exchange, CHAT)
    message, name = body["message"], body["session_id"]
    fault = await faults.met(exchange, NAME, message, key)
    check_key(key, "amgai_")
    check_fields(body.get("metadata", {}), METADATA, "metadata")
    check_length(message, 2000)
    if not name or len(name) > 255:
        raise Breach("session_id is empty or too long")
    said = state.sessions.setdefault((NAME, name), [])
    said.append({"role": "user", "text": message})
    text = ""
    try:
        async for word in speech.spoken(exchange, message, (len(said) + 1) // 2, fault):
            text += word
    except Dropped:
        await exchange.start(200, "application/json", {"content-length": "1000"})
        await exchange.send(b'{"reply": "')
        raise
    await exchange.json({"reply": text, "session_id": name})
    said.append({"role": "assistant", "text": text})
