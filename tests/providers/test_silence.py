"""A platform that has said all, and then neither ends its answer nor lets go of the connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from chatwidget.conf import ProviderConfig, Secret
from chatwidget.providers import openai
from chatwidget.providers.base import Turn
from chatwidget.providers.registry import make_provider
from tests.providers.conftest import PERSON, outcome


def chunk(**choice: Any) -> bytes:
    return b"data: %s\n\n" % json.dumps({"choices": [{"index": 0, **choice}]}).encode()


TEXT = chunk(delta={"content": "Hi"})
LAST = chunk(delta={}, finish_reason="stop")
DELTA = b'data: {"type": "response.output_text.delta", "delta": "Hi"}\n\n'
COMPLETED = (
    b'data: {"type": "response.completed", "response": {"id": "r", "status": "completed"}}\n\n'
)
DESCRIPTION = {
    "request": {"url": "{base}/chat", "body": {"message": "{text}"}},
    "answer": {"framing": "ndjson", "text": [{"path": "text"}], "end": ["done=true"]},
}
# Provider, its options, and all that it is sent.
SAID: dict[str, tuple[str, dict[str, Any], bytes]] = {
    "finish_reason": ("openai", {}, TEXT + LAST),
    "[DONE]": ("openai", {}, TEXT + LAST + b"data: [DONE]\n\n"),
    "a response": ("openai", {"api": "responses"}, DELTA + COMPLETED),
    "an end by a description": (
        "generic",
        {"description": DESCRIPTION},
        b'{"text": "Hi"}\n{"done": true}\n',
    ),
}


class Silent:
    """Sends `said`, and then nothing; `left` when the connection is gone."""

    def __init__(self) -> None:
        self.said = b""
        self.url = ""
        self.left = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(self.said)
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()
        return response


@pytest.fixture
async def silent() -> AsyncIterator[Silent]:
    found = Silent()
    app = web.Application()
    app.router.add_post("/{path:.*}", found.answer)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


@pytest.mark.parametrize("end", SAID)
async def test_no_connection_is_held_or_kept_for_another(
    silent: Silent, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(openai, "LAST_SECONDS", 0.1)
    provider, options, silent.said = SAID[end]
    config = ProviderConfig(provider, silent.url, "m", Secret("sk-0123456789"), options)
    found = await outcome(make_provider(config), Turn("Hello", PERSON, "1"))
    assert (found.text, found.error) == ("Hi", None)
    async with asyncio.timeout(30):
        await silent.left.wait()  # in the pool it would be open still
