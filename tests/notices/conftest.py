"""A receiver of webhooks in this process, which does what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook as Verifier

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Received:
    """One request, as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> dict[str, Any]:
        """What it says; raises WebhookVerificationError where the signature is wrong."""
        told: dict[str, Any] = Verifier(secret).verify(self.body, self.headers)
        return told


@dataclass
class Receiver:
    """Answers with each of `answers` in turn: a status, or what makes an answer; then with 204."""

    answers: list[int | Answer] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    url: str = ""
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(headers, await request.read()))
        async with self._came:
            self._came.notify_all()
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, int):
            return web.Response(status=answer, text="" if answer == 204 else "as you wish")
        return await answer(request)

    async def until(self, count: int) -> list[Received]:
        """Once so many requests have come."""
        async with asyncio.timeout(60), self._came:
            await self._came.wait_for(lambda: len(self.received) >= count)
        return self.received

    def held(self) -> tuple[asyncio.Event, asyncio.Event]:
        """The next notice has come; and what lets its sender have the answer."""
        asked, let_go = asyncio.Event(), asyncio.Event()

        async def slow(_: web.Request) -> web.StreamResponse:
            asked.set()
            await let_go.wait()
            return web.Response(status=200)

        self.answers = [slow]
        return asked, let_go


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()
