"""The shared client."""

from __future__ import annotations

import asyncio

from chatwidget.providers.client import close_client, own_client, shared_client
from tests.providers.conftest import Platforms

# More than the limit of httpx, 100, that long streams would run into.
MANY = 150


async def test_one_client_for_a_loop() -> None:
    client = shared_client()
    assert shared_client() is client

    async def elsewhere() -> None:
        assert shared_client() is not client
        await close_client()

    await asyncio.to_thread(asyncio.run, elsewhere())
    assert shared_client() is client


async def test_a_client_of_ones_own() -> None:
    client = shared_client()
    async with own_client():
        own = shared_client()
        assert own is not client
        assert await asyncio.create_task(_its_client()) is own
    assert own.is_closed
    assert shared_client() is client


async def _its_client() -> object:
    return shared_client()


async def test_after_closing_there_is_a_new_one() -> None:
    client = shared_client()
    await close_client()
    assert client.is_closed
    assert not shared_client().is_closed


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
