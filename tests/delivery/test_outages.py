"""The database or Redis is away: clear errors in bounded time, nothing accepted is lost, and
recovery by itself."""

from __future__ import annotations

import asyncio
import sqlite3
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing

import psycopg
import pytest

from tests.client import Closed, Frame
from tests.conftest import Serve
from tests.delivery.conftest import Database, Pair
from tests.delivery.visits import Visit, a_name, calls, transcript, well
from tests.platforms.control import Control
from tests.running import Server
from tests.services import Postgres, Redis

# What a visitor waits at most for an error, on a busy machine: a lock or a connection is waited for
# 5 s, a thread as long again.
BOUND = 20.0


async def answer(chat: Visit, text: str, client_id: str | None = None) -> tuple[Frame, float]:
    """Send, and take its `accepted` or `error`, and how long that took."""
    began = time.monotonic()
    frame = await chat.answer(text, client_id, 2 * BOUND)
    return frame, time.monotonic() - began


def is_unavailable(frame: Frame) -> bool:
    wanted = {"type": "error", "code": "unavailable", "retryable": True}
    return {key: frame.get(key) for key in wanted} == wanted


async def goes_on(
    chats: list[Visit], control: Control, held: str, reply: str, sent: list[tuple[str, str]]
) -> None:
    """After the outage: the reply in flight ends, and what was refused is taken when sent again."""
    await control.push(held, " and after")
    await control.end(held)
    for chat in chats:
        await chat.until_shown(seconds=30, id=reply, text="before and after", status="complete")
    for (client_id, text), chat in zip(sent, chats, strict=True):
        async with asyncio.timeout(30):
            while (await answer(chat, text, client_id))[0]["type"] == "error":
                await asyncio.sleep(0.2)  # as a client does that may try again
    for client_id, text in sent:
        assert client_id
        for chat in chats:
            await chat.until_shown(text=text.removeprefix("say:"), status="complete")
        assert await calls(control, text) == 1
    for chat in chats:
        await chat.rest()
        assert chat.shown.transcript == await transcript(chat.server, chat)


async def unwell(server: Server, part: str) -> None:
    """/healthz says so, in bounded time."""
    async with server.client() as client, asyncio.timeout(BOUND):
        answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    assert answer.json()[part] == "unavailable"


@asynccontextmanager
async def in_the_midst(
    here: Visit, there: Visit, control: Control, name: str
) -> AsyncIterator[str]:
    """Two tabs see a reply run."""
    await here.greeted()
    reply = await here.ask_held(control, name)
    await control.push(name, "before")
    await there.again(here)
    for chat in (here, there):
        await chat.until_text(reply, "before")
    yield reply


async def told_to_come_back(server: Server, known: Visit) -> None:
    async with Visit(server) as new:
        with pytest.raises(Closed) as closed:
            await new.hello(visitor=known.visitor)
        assert closed.value.code == 4503


async def refused(chats: list[Visit], sent: list[tuple[str, str]]) -> None:
    """Every send is answered by a clear error in bounded time, and nothing else hangs."""
    answers = await asyncio.gather(
        *(answer(chat, text, key) for chat, (key, text) in zip(chats, sent, strict=True))
    )
    for frame, seconds in answers:
        assert is_unavailable(frame), frame
        assert seconds < BOUND
    for chat in chats:
        await chat.rest()


async def test_sqlite_is_locked(serve: Serve, sqlite: Database, control: Control) -> None:
    url = await sqlite()
    server = await serve(db=f"{url}?timeout=1")
    name = a_name()
    sent = [(str(uuid.uuid4()), f"say:{a_name()}") for _ in range(2)]
    async with (
        Visit(server) as here,
        Visit(server) as there,
        in_the_midst(here, there, control, name) as reply,
    ):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as other:
            other.execute("BEGIN EXCLUSIVE")
            await refused([here, there], sent)
            # Text goes on: it is relayed from memory.
            await control.push(name, " and")
            for chat in (here, there):
                await chat.until_text(reply, "before and")
            # Reading waits for nobody in WAL mode.
            async with Visit(server) as new:
                await new.again(here)
                assert new.shown.messages[reply]["text"] == "before and"
            other.rollback()
        await control.push(name, " after")
        await control.end(name)
        for chat in (here, there):
            await chat.until_shown(id=reply, text="before and after", status="complete")
        for key, text in sent:
            assert (await answer(here, text, key))[0]["type"] == "accepted"
            await there.until_shown(text=text.removeprefix("say:"), status="complete")
            assert await calls(control, text) == 1


async def test_postgresql_is_restarted(workers: Pair, control: Control, postgres: Postgres) -> None:
    first, second = workers.a, workers.b
    name = a_name()
    sent = [(str(uuid.uuid4()), f"say:{a_name()}") for _ in range(2)]
    async with (
        Visit(first) as here,
        Visit(second) as there,
        in_the_midst(here, there, control, name) as reply,
    ):
        await postgres.stop()
        try:
            await asyncio.gather(
                refused([here, there], sent),
                told_to_come_back(first, here),
                unwell(second, "database"),
            )
        finally:
            await postgres.start()
        await well(second)
        await goes_on([here, there], control, name, reply, sent)


async def test_postgresql_hangs(workers: Pair, control: Control, postgres: Postgres) -> None:
    """It is there and says nothing: told as one that is away, however many threads wait for it."""
    first, second = workers.a, workers.b
    name = a_name()
    sent = [(str(uuid.uuid4()), f"say:{a_name()}") for _ in range(2)]
    async with (
        AsyncExitStack() as stack,
        Visit(first) as here,
        Visit(second) as there,
        in_the_midst(here, there, control, name) as reply,
    ):
        crowd = [Visit(first) for _ in range(12)]
        for chat in crowd:
            await stack.enter_async_context(chat)
            await chat.greeted()
        asked = [(str(uuid.uuid4()), f"say:{a_name()}") for _ in crowd]
        async with postgres.hung():
            await asyncio.gather(
                refused([here, there], sent),
                refused(crowd, asked),
                told_to_come_back(first, here),
                unwell(second, "database"),
            )
        await well(second)
        await goes_on([here, there], control, name, reply, sent)
        for chat, (client_id, text) in zip(crowd, asked, strict=True):
            assert (await answer(chat, text, client_id))[0]["type"] == "accepted"
            await chat.until_shown(text=text.removeprefix("say:"), status="complete")
            assert await calls(control, text) == 1


async def test_the_pool_is_exhausted(pair: Pair, shared: str, control: Control) -> None:
    """Somebody has locked what every send changes: threads and connections are all taken."""
    name = a_name()
    async with (
        Visit(pair.a) as here,
        Visit(pair.b) as there,
        in_the_midst(here, there, control, name) as reply,
    ):
        crowd = [Visit(pair.a) for _ in range(12)]
        for chat in crowd:
            await chat.__aenter__()
            await chat.greeted()
        async with await psycopg.AsyncConnection.connect(shared) as other:
            await other.execute("LOCK TABLE chatwidget_conversation IN EXCLUSIVE MODE")
            await refused(crowd, [(str(uuid.uuid4()), "say:not now") for _ in crowd])
            await other.rollback()
        for chat in crowd:
            assert (await answer(chat, "say:now"))[0]["type"] == "accepted"
            await chat.until_shown(text="now", status="complete")
            await chat.__aexit__(None, None, None)
        await goes_on(
            [here, there], control, name, reply, [(str(uuid.uuid4()), f"say:{a_name()}")] * 2
        )


@pytest.mark.parametrize("fault", ["stopped", "hung", "flushed"])
async def test_redis_is_away_for_those_who_come(
    pair: Pair, control: Control, redis: Redis, fault: str
) -> None:
    """Visitors open the chat, send and are answered; the limiter and the greetings do without."""

    async def chats() -> None:
        for server in (pair.a, pair.b):
            async with Visit(server) as new:
                await new.greeted()
                text = a_name()
                frame, seconds = await answer(new, f"say:{text}")
                assert frame["type"] == "accepted" and seconds < BOUND
                await new.until_shown(text=text, status="complete")

    if fault == "flushed":
        await redis.flush()
        await chats()
    else:
        async with redis.away(hung=fault == "hung"):
            await asyncio.gather(chats(), unwell(pair.a, "redis"))
        await well(pair.a)
    await chats()
