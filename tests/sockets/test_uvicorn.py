"""The same on uvicorn: its codes, its ends, and nothing in its log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from chatwidget.protocol import MAX_FRAME_BYTES, PART
from tests.client import Chat, frame_token
from tests.platforms.control import Control
from tests.running import Preparation, Process, free_port
from tests.sockets.chats import begun
from tests.sockets.conftest import Site


@pytest.fixture(scope="module")
async def uvicorn(preparation: Preparation, platforms: Process) -> AsyncIterator[Site]:
    made = Site({"DATABASE_URL": await preparation.database()}, "uvicorn", free_port())
    await made.make_widgets(platforms.url)
    try:
        await made.start()
        yield made
        assert "Traceback" not in made.log and "never retrieved" not in made.log, made.log
    finally:
        await made.kill()


async def test_close_codes(uvicorn: Site) -> None:
    async with Chat(uvicorn.url, "talk", origin="https://evil.example") as chat:
        assert await chat.closed() == 4403
    async with Chat(uvicorn.url, "nobody") as chat:
        assert await chat.closed() == 4404
    for frame, code in (
        ('{"type":"ping"}', 4400),
        (b"\x00", 4400),
        ('{"type":"hello","token":"x"}', 4401),
        ("x" * (MAX_FRAME_BYTES + 1), 4413),
    ):
        async with Chat(uvicorn.url, "talk") as chat:
            await chat.send(frame)
            assert await chat.closed() == code


async def test_all_cookies_of_a_domain(uvicorn: Site) -> None:
    cookies = "; ".join(f"c{number}={'x' * 1000}" for number in range(14))
    chat = Chat(uvicorn.url, "talk", headers={"Cookie": cookies})
    async with chat:
        await chat.greeting(await chat.hello())


async def test_a_message_of_megabytes(uvicorn: Site) -> None:
    async with Chat(uvicorn.url, "talk") as chat:
        await chat.hello()
        with suppress(ConnectionClosed):
            await chat.send("x" * 3_000_000)
        assert await chat.closed() in (1006, 1009, 4413)


async def test_a_chat(uvicorn: Site, agents: Control) -> None:
    async with Chat(uvicorn.url, "talk") as chat:
        await chat.greeting(await chat.hello())
        text, done = await chat.ask("say:naïve 🙂 日本")
        assert (text, done["status"]) == ("naïve 🙂 日本", "complete")
        await chat.send(b"\xff")
        assert (await chat.until("error"))["code"] == "bad_frame"
        name, reply = await begun(chat, agents)
        await agents.push(name, "x" * (2 * PART))
        await agents.end(name)
        await chat.until("done", id=reply)
        async with Chat(uvicorn.url, "talk") as tab:
            await tab.hello(visitor=chat.visitor)
            await tab.until("done", id=reply)
            assert len(tab.texts[reply]) == 2 * PART


async def test_readers_that_vanish_in_the_midst(uvicorn: Site, agents: Control) -> None:
    async with Chat(uvicorn.url, "talk") as chat:
        await chat.greeting(await chat.hello())
        name, reply = await begun(chat, agents)
        for number in range(10):
            tab = Chat(uvicorn.url, "talk")
            await tab.__aenter__()
            await tab.hello(visitor=chat.visitor)
            await agents.push(name, f"{number} ")
            tab.socket.transport.abort()
        await agents.end(name)
        await chat.until("done")
        assert chat.texts[reply] == "".join(f"{number} " for number in range(10))


async def test_a_socket_that_is_gone_before_its_hello_is_answered(uvicorn: Site) -> None:
    token = await frame_token(uvicorn.url, "talk")
    for _ in range(20):
        chat = Chat(uvicorn.url, "talk")
        await chat.__aenter__()
        await chat.send({"type": "hello", "token": token})
        await asyncio.sleep(0)
        chat.socket.transport.abort()
    async with Chat(uvicorn.url, "talk") as chat:
        await chat.hello()
