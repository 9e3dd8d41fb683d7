"""A real server that tells a real receiver, and is killed or stopped while it does."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from tests.client import Chat
from tests.conftest import Serve
from tests.notices.conftest import Receiver
from tests.running import Server
from tests.services import Postgres

OVERDUE = """
from django.utils import timezone
from chatwidget.models import Notice
Notice.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
"""


async def overdue(server: Server) -> None:
    """As when the minute that a dead process has had for its notices is over."""
    await server.manage("shell", "-v0", "-c", OVERDUE)


@pytest.mark.parametrize("database", ["own", "postgresql"])
async def test_killed_between_sending_and_storing_it(
    serve: Serve, receiver: Receiver, postgres: Postgres, database: str
) -> None:
    """It is sent again, under the id by which the receiver knows that it has it."""
    server = await serve(db=await postgres.prepared() if database == "postgresql" else None)
    secret = (await server.manage("configure_webhook", receiver.url)).stdout.strip()
    asked = asyncio.Event()

    async def hold(_: web.Request) -> web.StreamResponse:
        asked.set()
        await asyncio.Event().wait()  # the server dies first
        raise AssertionError

    receiver.answers = [hold]
    async with Chat(server.url) as chat:
        await chat.hello()
        await chat.ask("Hello")
        await asked.wait()
        await server.kill()
    await overdue(server)
    await server.restart()
    first, again = await receiver.until(2)
    assert first.id == again.id
    assert first.body == again.body
    told = again.verified(secret)
    assert told["type"] == "conversation.started"
    assert told["data"]["message"]["text"] == "Hello"
    assert (await server.terminate()) is not None
    assert len(receiver.received) == 2


async def test_stopped_while_it_sends(serve: Serve, receiver: Receiver) -> None:
    """SIGTERM lets it finish: after the restart nothing is sent twice, and nothing is lost."""
    server = await serve()
    await server.manage("configure_webhook", receiver.url, "--event", "conversation.started")
    asked, let_go = receiver.held()
    async with Chat(server.url) as chat:
        await chat.hello()
        await chat.ask("Hello")
        await asked.wait()
    stopped = asyncio.create_task(server.terminate())
    async with asyncio.timeout(60):
        while "draining" not in server.log:
            await asyncio.sleep(0.05)  # another process says so
    let_go.set()
    await stopped
    await overdue(server)
    await server.restart()
    async with Chat(server.url) as chat:
        await chat.hello()
        await chat.ask("Another one")
        first, other = await receiver.until(2)
    assert first.id != other.id
    assert b"Another one" in other.body
