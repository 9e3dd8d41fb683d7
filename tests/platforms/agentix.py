"""agentix, as docs.agentix.cl describes it. Keys begin with `agx_live_`.

A message with the word “products” is answered with a product grid in `X-UI-Spec`. Faults of that
header: `ui-malformed`, `ui-list`, `ui-40k`, `ui-100k`, `ui-400k`, `ui-nul`, `ui-unknown` (of no
known type).
"""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

from tests.platforms import faults, speech
from tests.platforms.checking import (
    Breach,
    Fields,
    Refused,
    bearer,
    check_agent,
    check_body,
    check_key,
    check_length,
)
from tests.platforms.state import state
from tests.platforms.wire import Exchange

NAME = "agentix"
PATHS = re.compile(r"/api/public/agents/(?P<agent>[^/]+)(?P<chat>/chat)?")
CHAT: Fields = {
    "message": (str, True),
    "sessionId": (str, True),
    "visitorId": (str, False),
    "visitorEmail": (str, False),
    "visitorName": (str, False),
    "metadata": (dict, False),
}
CODES = {
    400: "INVALID_REQUEST_DATA",
    401: "INVALID_API_KEY",
    403: "AGENT_NOT_PUBLIC",
    404: "AGENT_NOT_FOUND",
    429: "RATE_LIMITED",
}
WELCOME = "Welcome to our shop! What are you looking for?"
PRODUCT = {
    "title": "Blue Widget",
    "price": "$24.99",
    "image": "https://cdn.example.com/blue.png",
    "url": "https://shop.example.com/blue",
}


async def refuse(exchange: Exchange, status: int, why: str, headers: dict[str, str]) -> None:
    """An error with the document's code; the JSON around it is not documented."""
    code = why.rpartition(" ")[2] if why.isupper() else CODES.get(status, "INTERNAL_ERROR")
    await exchange.json({"error": {"code": code, "message": why}}, status, headers)


async def handle(exchange: Exchange, match: re.Match[str]) -> None:
    key = bearer(exchange) or exchange.headers.get("x-api-key", "")
    body = check_body(exchange, CHAT) if match["chat"] else {}
    message = body.get("message", "")
    fault = await faults.met(exchange, NAME, message, match["agent"], key)
    check_key(key, "agx_live_")
    check_agent(match["agent"])
    if exchange.method != ("POST" if match["chat"] else "GET"):
        raise Refused(405)
    if not match["chat"]:
        await exchange.json(_agent(match["agent"]))
        return
    check_length(message)
    if not body["sessionId"]:
        raise Breach("sessionId is empty")
    said = state.sessions.setdefault((NAME, body["sessionId"]), [])
    said.append({"role": "user", "text": message})
    headers = {"X-Conversation-Id": f"c-{body['sessionId']}", "X-Message-Id": f"m-{uuid4().hex}"}
    if spec := _spec(message, fault):
        headers["X-UI-Spec"] = spec
    words = speech.spoken(exchange, message, (len(said) + 1) // 2, fault)
    await exchange.start(200, "text/plain; charset=utf-8", headers)
    text = await speech.stream(exchange, words, str.encode, fault)
    said.append({"role": "assistant", "text": text})


def _agent(name: str) -> dict[str, Any]:
    """What the platform says of its agent; one named `bare` says little."""
    if "bare" in name:
        return {"name": "Bare"}
    return {
        "name": "Shop assistant",
        "welcomeMessage": WELCOME,
        "placeholderText": "Ask about our products",
        "theme": {"primaryColor": "#0f766e", "fontFamily": "Inter"},
        "features": {
            "enableMarkdown": True,
            "enableEmailCapture": "email" in name,
            "enableLeadCapture": False,
            "enableRating": True,
        },
        "limits": {"maxMessageLength": 1000, "rateLimitPerMinute": 60},
    }


def _spec(message: str, fault: str) -> str:
    grid = {"type": "product-grid", "data": [PRODUCT]}
    if products := {"ui-40k": 290, "ui-100k": 750, "ui-400k": 3000}.get(fault):
        return json.dumps({"type": "product-grid", "data": [PRODUCT] * products})
    broken = {
        "ui-malformed": '{"type": "product-grid", "data": [',
        "ui-list": json.dumps([PRODUCT]),
        "ui-nul": json.dumps({"type": "product-grid", "data": [{"title": "a\0b"}]}),
        "ui-unknown": json.dumps({"type": "hologram", "data": {}}),
    }
    return broken.get(fault) or (json.dumps(grid) if "products" in message else "")
