"""How much one visitor, one address and one socket may ask for."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import count
from typing import Protocol

import pytest
from websockets.exceptions import ConnectionClosed

from tests.client import Chat, Closed, Frame
from tests.conftest import Serve
from tests.running import Preparation, Server, free_port

ADDRESSES = (f"198.51.100.{number}" for number in count(1))


class Come(Protocol):
    async def __call__(self, address: str, visitor: str | None = None) -> Chat: ...


@pytest.fixture(scope="module")
async def strict(preparation: Preparation) -> AsyncIterator[Server]:
    """A server with small limits, behind a proxy that it trusts: these tests."""
    variables = {
        "DATABASE_URL": await preparation.database(),
        "DJANGO_SETTINGS_MODULE": "tests.strict_settings",
        "TRUSTED_PROXIES": "127.0.0.0/8",
    }
    made = Server(variables, "daphne", free_port())
    try:
        await made.start()
        yield made
        assert "Traceback" not in made.log, made.log
    finally:
        await made.kill()


@pytest.fixture
async def come(strict: Server) -> AsyncIterator[Come]:
    """`chat = await come(address)`: a visitor from there, greeted; the same one with `visitor`."""
    async with AsyncExitStack() as stack:

        async def come(address: str, visitor: str | None = None) -> Chat:
            headers = {"X-Forwarded-For": address}
            chat = await stack.enter_async_context(Chat(strict.url, headers=headers))
            chat.acks = False  # they would be counted, many at once where this client woke late
            ready = await chat.hello(visitor=visitor)
            if ready["conversation"] is None:
                await chat.greeting(ready)
            return chat

        yield come


@pytest.fixture
def address() -> str:
    return next(ADDRESSES)


def limited(frame: Frame) -> bool:
    if frame["type"] != "error":
        return False
    assert frame["code"] == "rate_limited"
    assert frame["retryable"] is True
    assert 0 < frame["retry_after"] <= 86_401
    return True


async def test_messages_of_a_visitor(come: Come, address: str) -> None:
    chat = await come(address)
    first = str(uuid.uuid4())
    answers = [await chat.answer("help", first), *[await chat.answer("help") for _ in range(3)]]
    assert [limited(answer) for answer in answers] == [False, False, False, True]
    # What was accepted is repeated, and elsewhere the limit is the same.
    assert await chat.answer("help", first) == answers[0]
    assert limited(await (await come(next(ADDRESSES), chat.visitor)).answer("help"))
    assert not limited(await (await come(address)).answer("help"))
    # To ask again is to ask.
    await chat.send({"type": "retry", "id": str(uuid.uuid4())})
    assert limited(await chat.until("error"))


async def test_messages_of_an_address(come: Come, address: str) -> None:
    for _ in range(4):
        chat = await come(address)
        for _ in range(2):
            assert not limited(await chat.answer("help"))
    assert limited(await (await come(address)).answer("help"))
    assert not limited(await (await come(next(ADDRESSES))).answer("help"))


async def test_new_conversations(come: Come, address: str) -> None:
    chat = await come(address)
    for _ in range(4):
        await chat.send({"type": "new"})
        await chat.until("ready")
    assert not limited(await chat.answer("help"))  # this one was counted when it was asked for
    await chat.send({"type": "new"})
    error = await chat.until("error")
    assert error["code"] == "rate_limited"
    assert error["retry_after"] > 0
    assert chat.conversation is not None


async def test_sockets_of_a_visitor(come: Come, address: str, strict: Server) -> None:
    chat = await come(address)
    tabs = [await come(next(ADDRESSES), chat.visitor) for _ in range(2)]
    async with Chat(strict.url, headers={"X-Forwarded-For": next(ADDRESSES)}) as fourth:
        token = (await _token(strict))["token"]
        await fourth.send({"type": "hello", "token": token, "visitor": chat.visitor})
        assert await fourth.closed() == 4429
    await tabs[0].socket.close()
    await tabs[1].quiet()
    await come(next(ADDRESSES), chat.visitor)


async def _token(server: Server) -> dict[str, str]:
    async with server.client() as client:
        token: dict[str, str] = (await client.get("/chatwidget/demo/token/")).json()
        return token


async def test_sockets_of_an_address(come: Come, address: str, strict: Server) -> None:
    chats = [await come(address) for _ in range(6)]
    async with Chat(strict.url, headers={"X-Forwarded-For": address}) as seventh:
        assert await seventh.closed() == 4429
    await come(next(ADDRESSES))
    assert await chats[0].quiet() == []


async def test_connections_of_an_address(strict: Server, address: str, come: Come) -> None:
    headers = {"X-Forwarded-For": f"203.0.113.9, {address}"}  # what the visitor claimed, and where
    for _ in range(30):
        async with Chat(strict.url, headers=headers) as chat:
            await chat.hello()
    async with Chat(strict.url, headers=headers) as chat:
        assert await chat.closed() == 4429
    await come("203.0.113.9")


async def test_a_flood_of_frames(come: Come, address: str) -> None:
    flood, other = await come(address), await come(address)
    flood.send_at_once({"type": "ping"} for _ in range(100))
    assert await flood.closed() == 4429
    assert await other.quiet() == []


FLOODS: dict[str, Frame] = {
    "history": {"before": str(uuid.uuid4())},
    "rate": {"id": str(uuid.uuid4()), "value": 1},
    "page": {"url": "https://shop.example/"},
    "profile": {"name": "Ada"},
    "stop": {"id": str(uuid.uuid4())},
}


@pytest.mark.parametrize("frame", FLOODS)
async def test_a_flood_of_what_costs_more(come: Come, address: str, frame: str) -> None:
    """By one visitor on two sockets, neither of which sends more frames than it may."""
    chat = await come(address)
    tabs = [chat, await come(next(ADDRESSES), chat.visitor)]
    for tab in tabs:
        tab.send_at_once({"type": frame, **FLOODS[frame]} for _ in range(55))
    assert 4429 in [await ended(tab) for tab in tabs]
    assert await ended(await come(address)) is None


async def ended(chat: Chat) -> int | None:
    """The code that it was closed with, if it was."""
    try:
        await chat.quiet()
    except Closed as closed:
        return closed.code
    except ConnectionClosed:  # before anything could be asked
        return chat.socket.close_code
    return None


async def test_nobody_else_names_an_address(serve: Serve) -> None:
    """Without TRUSTED_PROXIES the header is the visitor's own invention."""
    server = await serve({"DJANGO_SETTINGS_MODULE": "tests.strict_settings"})
    async with AsyncExitStack() as stack:
        for number in range(6):
            headers = {"X-Forwarded-For": f"192.0.2.{number}"}
            chat = await stack.enter_async_context(Chat(server.url, headers=headers))
            await chat.hello()
        last = await stack.enter_async_context(
            Chat(server.url, headers={"X-Forwarded-For": "192.0.2.99"})
        )
        assert await last.closed() == 4429


async def test_the_default_limits_are_in_force(serve: Serve) -> None:
    server = await serve({"CHATWIDGET_LIMITS": "on"})
    async with Chat(server.url) as chat:
        await chat.hello()
        client_id = str(uuid.uuid4())
        for _ in range(30):
            assert not limited(await chat.answer("help", client_id))
        # The window slides: a minute that begins meanwhile lets one or two more through.
        assert any([limited(await chat.answer("help")) for _ in range(4)])
