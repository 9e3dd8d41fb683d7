"""The shared transport."""

from __future__ import annotations

import asyncio

from chatwidget.providers.transport import (
    DirectTransport,
    close_transport,
    own_transport,
    shared_transport,
)
from tests.providers.conftest import Platforms

# More than the limit of httpx, 100, that long streams would run into.
MANY = 150


async def test_one_transport_for_a_loop() -> None:
    transport = shared_transport()
    assert shared_transport() is transport

    async def elsewhere() -> None:
        assert shared_transport() is not transport
        await close_transport()

    await asyncio.to_thread(asyncio.run, elsewhere())
    assert shared_transport() is transport


async def test_a_transport_of_ones_own() -> None:
    transport = shared_transport()
    async with own_transport():
        own = shared_transport()
        assert isinstance(own, DirectTransport)
        assert own is not transport
        assert await asyncio.create_task(_its_transport()) is own
    assert own.session.closed
    assert shared_transport() is transport


async def _its_transport() -> object:
    return shared_transport()


async def test_after_closing_there_is_a_new_one() -> None:
    transport = shared_transport()
    await close_transport()
    assert isinstance(transport, DirectTransport)
    assert transport.session.closed
    following = shared_transport()
    assert isinstance(following, DirectTransport)
    assert not following.session.closed


async def test_many_long_streams_at_once(fakes: Platforms) -> None:
    chats = [fakes.chat("eigi") for _ in range(MANY)]
    saying = [
        asyncio.create_task(chat.say(f"hold:many-{number}")) for number, chat in enumerate(chats)
    ]
    for number in range(MANY):
        await fakes.waiting(f"many-{number}")
        await fakes.push(f"many-{number}", "here")
    await fakes.release()
    assert {found.text for found in await asyncio.gather(*saying)} == {"here"}
