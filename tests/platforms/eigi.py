"""eigi, as docs.eigi.ai describes it. Keys begin with `vk_`."""

from __future__ import annotations

import re
from uuid import uuid4

from tests.platforms import faults, speech
from tests.platforms.checking import (
    Fields,
    Refused,
    check_agent,
    check_body,
    check_key,
    check_length,
    session,
)
from tests.platforms.state import state
from tests.platforms.wire import Exchange

NAME = "eigi"
PATHS = re.compile(r"/v1/public/(?:chat|agents/(?P<agent>[^/]+)/first-message)")
FIRST_MESSAGE = (
    "Hello! Welcome to Acme Corp support. I'm your AI assistant, ready to help with any questions "
    "about our products, services, or your account. How can I assist you today?"
)
CHAT: Fields = {
    "agent_id": (str, True),
    "message": (str, True),
    "session_id": (str, False),
    "streaming": (bool, False),
    "metadata": (dict, False),
}
REASONS = {
    401: "Invalid API key",
    403: "API key owner doesn't have access to this agent",
    404: "Agent not found",
}


async def refuse(exchange: Exchange, status: int, why: str, headers: dict[str, str]) -> None:
    """The document's error: `{"detail": …}`."""
    await exchange.json({"detail": REASONS.get(status, why)}, status, headers)


async def handle(exchange: Exchange, match: re.Match[str]) -> None:
    key = exchange.headers.get("x-api-key", "")
    if match["agent"]:
        agent, message = match["agent"], ""
    else:
        body = check_body(exchange, CHAT)
        agent, message = body["agent_id"], body["message"]
    fault = await faults.met(exchange, NAME, message, agent, key)
    check_key(key, "vk_")
    check_agent(agent)
    if match["agent"]:
        if exchange.method != "GET":
            raise Refused(405)
        await exchange.json(
            {"session_id": _new_session(), "first_message": FIRST_MESSAGE, "agent_id": agent}
        )
        return
    check_length(message, 4000)
    name = body.get("session_id") or _new_session()
    said = session(NAME, name)
    said.append({"role": "user", "text": message})
    words = speech.spoken(exchange, message, (len(said) + 1) // 2, fault)
    if not body.get("streaming", True):
        text = "".join([word async for word in words])
        await exchange.json({"response": text, "session_id": name})
    elif fault == "gzip":
        text = "".join([word async for word in words])
        await speech.zipped(exchange, text, "text/plain; charset=utf-8")
    else:
        headers = {} if fault == "no-session" else {"X-Session-ID": name}
        if fault == "cookie":
            headers["set-cookie"] = "visitor=1; Path=/"
        await exchange.start(200, "text/plain; charset=utf-8", headers)
        text = await speech.stream(exchange, words, str.encode, fault)
    said.append({"role": "assistant", "text": text})


def _new_session() -> str:
    name = str(uuid4())
    state.sessions[NAME, name] = []
    return name
