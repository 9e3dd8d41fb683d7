"""Slow, dead and greedy clients cost a bounded amount, and the others feel nothing."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from itertools import cycle, islice

import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from chatwidget.protocol import WINDOW
from tests.client import Closed, Frame
from tests.conftest import Serve
from tests.delivery.conftest import Database
from tests.delivery.visits import Visit, a_name, calls, eventually
from tests.platforms.control import Control
from tests.running import Server

MIB = 1024 * 1024
BOTH = pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
# glibc gives what is freed back to the system at once: what a process has is what it uses.
EXACT = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}


def memory(server: Server) -> int:
    """Bytes that the process has in memory."""
    assert server.process
    return int(psutil.Process(server.process.pid).memory_info().rss)


async def huge_reply(chat: Visit, control: Control) -> str:
    """A reply of as many code points as one may have."""
    name = a_name()
    reply = await chat.ask_held(control, name)
    await control.push(name, "0123456789abcdef" * 65_536)
    await control.end(name)
    done = await chat.until("done", id=reply)
    assert (done["length"], done["status"]) == (MIB, "complete")
    return reply


def received(chat: Visit) -> int:
    """Code points that came as deltas."""
    return sum(len(frame["text"]) for frame in chat.frames if frame["type"] == "delta")


@BOTH
async def test_who_never_reads_or_acknowledges(
    serve: Serve, sqlite: Database, control: Control, kind: str
) -> None:
    server = await serve(EXACT, kind, await sqlite())
    async with Visit(server) as reader:
        await reader.greeted()
        async with Visit(server) as deaf, Visit(server) as dead:
            deaf.acks = False
            await deaf.hello(visitor=reader.visitor)
            await dead.hello(visitor=reader.visitor)  # and never reads again
            sizes: list[int] = []
            for _ in range(24):
                last = await huge_reply(reader, control)
                sizes.append(memory(server))
            # Python's collector runs now and then: the lowest of each third is what is in use. In
            # the first third the process gets what it needs once.
            growth = min(sizes[16:]) - min(sizes[8:16])
            assert growth < 8 * MIB, [size // 1024 for size in sizes]
            assert min(sizes[16:]) - sizes[0] < 16 * MIB, [size // 1024 for size in sizes]

            await deaf.rest()
            assert received(deaf) == WINDOW, "nothing acknowledged, nothing sent"
            # Whoever acknowledges at last is shown what there is by now.
            deaf.acks = True
            for reply in list(deaf.texts):
                await deaf.ack(reply)
            await deaf.until_shown(id=last, status="complete")
            assert deaf.shown.messages[last]["text"] == reader.texts[last]
            assert deaf.shown.transcript[-1] == reader.shown.transcript[-1]


@BOTH
@pytest.mark.parametrize("asks", ["history", "rate"])
async def test_who_asks_for_more_and_never_reads(
    serve: Serve, sqlite: Database, control: Control, kind: str, asks: str
) -> None:
    """What it is to be told waits for it up to a bound, whatever it is; then it is given up."""
    # Without what bounds how often it may ask.
    server = await serve(EXACT | {"CHATWIDGET_LIMITS": "off"}, kind, await sqlite())
    async with Visit(server) as reader:
        await reader.greeted()
        for _ in range(5):
            name = a_name()
            reply = await reader.ask_held(control, name)
            await control.push(name, "0123456789abcdef" * 4096)
            await control.end(name)
            await reader.until("done", id=reply)
        frames: dict[str, list[Frame]] = {
            "history": [{"type": "history", "before": reply}],
            "rate": [{"type": "rate", "id": reply, "value": value} for value in (1, -1)],
        }
    async with Visit(server) as dead:  # the only one now: no other can be given up in its place
        await dead.again(reader)
        before = memory(server)
        last = f"say:{a_name()}"
        with suppress(ConnectionClosed):
            for frame in islice(cycle(frames[asks]), 500):
                await dead.send(frame)
            await dead.send({"type": "send", "id": str(uuid.uuid4()), "text": last})

        async def handled() -> bool:
            return "closed: 4410" in server.log or await calls(control, last) > 0

        await eventually(handled)
        assert memory(server) - before < 8 * MIB
        # Daphne cuts off whoever has not taken the close after a second. Clients return after both.
        assert await dead.closed() in (4410, 1006)
        assert "closed: 4410" in server.log


def an_address(number: int) -> str:
    return f"203.0.113.{number}"


async def guarded(serve: Serve, sqlite: Database, kind: str) -> Server:
    """A server with its limits on, behind a proxy that tells where visitors come from."""
    variables = {"CHATWIDGET_LIMITS": "on", "TRUSTED_PROXIES": "127.0.0.1"}
    return await serve(variables, kind, await sqlite())


async def served(server: Server) -> None:
    """A visitor from elsewhere chats as ever."""
    async with Visit(server, address=an_address(200)) as other:
        async with asyncio.timeout(30):
            await other.greeted()
            text = a_name()
            await other.say(f"say:{text}")
            await other.until_shown(text=text, status="complete")


async def cut_off(chat: Visit, frames: Iterable[str]) -> int | None:
    """Send these without a pause until the server has had enough; its close code.

    Or 1006: whoever is still writing when a connection is closed may not get to read why.
    """

    async def flood() -> None:
        for frame in frames:
            await chat.send(frame)

    flooding = asyncio.create_task(flood())
    try:
        return await chat.closed(20)
    finally:
        flooding.cancel()
        await asyncio.gather(flooding, return_exceptions=True)


@BOTH
async def test_a_flood_while_a_frame_is_handled(serve: Serve, sqlite: Database, kind: str) -> None:
    """What cannot be handled yet is not read either."""
    server = await guarded(serve, sqlite, kind)
    async with Visit(server, "slow", address=an_address(1)) as chat:
        await chat.hello()
        sizes = [memory(server)]
        # This waits for a greeting that is late.
        await chat.send({"type": "send", "id": str(uuid.uuid4()), "text": "hello"})

        async def watch() -> None:
            while True:
                await asyncio.sleep(0.02)
                sizes.append(memory(server))

        watching = asyncio.create_task(watch())
        frame = json.dumps({"type": "page", "title": "x" * 60_000})
        code = await cut_off(chat, (frame for _ in range(5000)))
        watching.cancel()
        assert code in (4429, 1006)
        assert max(sizes) - sizes[0] < 32 * MIB, [size // MIB for size in sizes]
    await served(server)


async def one_too_many(chat: Visit) -> Frame:
    """The error for the next message, or for a later one: a minute that begins lets a few more
    through, since the limiter's window slides, and a Redis that stands still all for 5 s."""
    async with asyncio.timeout(60):
        while True:
            text = a_name()
            frame = await chat.answer(f"say:{text}")
            if frame["type"] == "error":
                return frame
            await chat.until_shown(text=text, status="complete")


@BOTH
async def test_floods_are_cut_off(serve: Serve, sqlite: Database, kind: str) -> None:
    server = await guarded(serve, sqlite, kind)
    here = an_address(1)
    async with Visit(server, address=here) as frames:
        await frames.greeted()
        code, _ = await asyncio.gather(
            cut_off(frames, ('{"type":"ping"}' for _ in range(100_000))), served(server)
        )
        assert code in (4429, 1006)
    async with Visit(server, address=here) as nonsense:
        code = await cut_off(nonsense, ("{" for _ in range(100_000)))
        assert code in (4400, 1006)

    # One message in fragments without an end.
    async with Visit(server, address=here) as fragments:
        await fragments.greeted()

        async def endless() -> None:
            with pytest.raises(ConnectionClosed):
                await fragments.socket.send("x" * 1024 for _ in range(100_000))

        await asyncio.gather(endless(), served(server))

    # Sockets of one visitor.
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(Visit(server, address=here))
        await first.greeted()
        for _ in range(49):
            chat = await stack.enter_async_context(Visit(server, address=here))
            await chat.hello(visitor=first.visitor)
        one_more = await stack.enter_async_context(Visit(server, address=here))
        with pytest.raises(Closed) as closed:
            await one_more.hello(visitor=first.visitor)
        assert closed.value.code == 4429
        await served(server)

    # Messages of one visitor; what was accepted once is no new message.
    async with Visit(server, address=here) as talker:
        await talker.greeted()
        key = str(uuid.uuid4())
        for number in range(30):
            await talker.say(f"say:{number}.", key if number == 0 else None)
            await talker.until_shown(text=f"{number}.", status="complete")
        error = await one_too_many(talker)
        assert error["code"] == "rate_limited" and 0 < error["retry_after"] <= 60
        assert (await talker.say("say:0.", key))["message"]["text"] == "say:0."
        await served(server)

    # Connections from one address.
    codes: list[int | None] = []

    async def connections() -> None:
        while 4429 not in codes:
            async with Visit(server, address=here) as chat:
                with suppress(ConnectionClosed):  # before it could speak
                    await chat.send("not a hello")
                codes.append(await chat.closed())

    await asyncio.gather(*(connections() for _ in range(8)))
    assert codes.count(4400) > 100  # what else the address has asked for counts, too
    await served(server)


async def test_limits_count_for_all_workers(
    serve: Serve, shared: str, scaled: dict[str, str]
) -> None:
    variables = {**scaled, "CHATWIDGET_LIMITS": "on", "TRUSTED_PROXIES": "127.0.0.1"}
    here = an_address(int.from_bytes(os.urandom(1)) % 100 + 2)
    first, second = await asyncio.gather(
        serve(variables, "daphne", shared), serve(variables, "uvicorn", shared)
    )
    async with Visit(first, address=here) as one, Visit(second, address=here) as other:
        await one.greeted()
        await other.greeted(visitor=one.visitor)
        for _ in range(15):
            for chat in (one, other):
                text = a_name()
                await chat.say(f"say:{text}")
                for each in (one, other):
                    await each.until_shown(text=text, status="complete")
        for chat in (one, other):
            assert (await one_too_many(chat))["code"] == "rate_limited"
