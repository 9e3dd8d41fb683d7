"""A widget that is switched off, and a visitor who is blocked or erased, are so at once."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.client import Chat, Closed
from tests.conftest import Serve
from tests.platforms.control import Control
from tests.running import Server
from tests.sockets.conftest import Site, Visit

# What is promised, and for how long this machine may stand still meanwhile.
WITHIN = 5.0 + 10.0
Another = Callable[..., Any]


@pytest.fixture
async def shop(serve: Serve) -> AsyncIterator[Server]:
    """A site of its own, with two widgets."""
    server = await serve()
    for slug in ("shop", "other"):
        await server.manage("configure_widget", slug, "--provider", "demo")
    yield server


async def test_a_widget_that_is_switched_off(shop: Server) -> None:
    async with Chat(shop.url, "shop") as chat, Chat(shop.url, "other") as other:
        await chat.hello()
        await other.hello()
        await chat.ask("Hello")
        before = time.monotonic()
        await shop.manage("configure_widget", "shop", "--inactive")
        assert await chat.closed() == 4404
        assert time.monotonic() - before < WITHIN
        assert (await other.ask("Still here?"))[1]["status"] == "complete"
        async with Chat(shop.url, "shop") as late:
            assert await late.closed() == 4404
        await shop.manage("configure_widget", "shop", "--active")
        async with Chat(shop.url, "shop") as back:
            ready = await back.hello(visitor=chat.visitor)
            assert ready["conversation"] == chat.conversation


OFF = "UPDATE chatwidget_widget SET active = 0 WHERE slug = ?"
ON = "UPDATE chatwidget_widget SET active = 1 WHERE slug = ?"
FRAMES = {
    "send": {"type": "send", "id": str(uuid.uuid4()), "text": "say:too late"},
    "retry": {"type": "retry"},
    "new": {"type": "new"},
}


@pytest.mark.parametrize("frame", FRAMES)
async def test_what_is_sent_afterwards_is_refused_at_once(
    site: Site, visit: Visit, agents: Control, frame: str
) -> None:
    """Whether or not the process has noticed yet."""
    chat = await visit("other")
    await chat.hello()
    _, done = await chat.ask("fault:500")
    asked = len(await agents.log())
    site.write(OFF, "other")
    try:
        await chat.send({**FRAMES[frame], **({"id": done["id"]} if frame == "retry" else {})})
        assert await chat.closed() == 4404
    finally:
        site.write(ON, "other")
    assert len(await agents.log()) == asked
    assert chat.conversation
    assert len(site.messages(chat.conversation)) == 3


async def test_a_first_message_is_refused_too(site: Site, visit: Visit) -> None:
    chat = await visit("other")
    await chat.greeting(await chat.hello())
    site.write(OFF, "other")
    try:
        await chat.send(FRAMES["send"])
        assert await chat.closed() == 4404
    finally:
        site.write(ON, "other")
    assert not chat.conversation


def stored(site: Site, chat: Chat) -> str:
    """The visitor's id as the database has it."""
    assert chat.conversation
    return str(site.conversation(chat.conversation)["visitor_id"])


async def test_a_visitor_who_is_blocked(site: Site, visit: Visit, another: Another) -> None:
    chat = await visit()
    await chat.hello()
    await chat.ask("say:hi")
    tab = await another(chat)
    neighbour = await visit()
    await neighbour.hello()
    visitor = stored(site, chat)
    before = time.monotonic()
    site.write(
        "UPDATE chatwidget_visitor SET blocked_at = strftime('%Y-%m-%d %H:%M:%f', 'now')"
        " WHERE id = ?",
        visitor,
    )
    assert await chat.closed() == 4401
    assert await tab.closed() == 4401
    assert time.monotonic() - before < WITHIN
    back = await visit()
    with pytest.raises(Closed) as closed:
        await back.hello(visitor=chat.visitor)
    assert closed.value.code == 4401
    await neighbour.ask("say:I may")
    site.write("UPDATE chatwidget_visitor SET blocked_at = NULL WHERE id = ?", visitor)
    free = await visit()
    assert (await free.hello(visitor=chat.visitor))["conversation"] == chat.conversation


async def test_what_a_blocked_visitor_sends_is_refused_at_once(site: Site, visit: Visit) -> None:
    chat = await visit()
    await chat.hello()
    await chat.ask("say:hi")
    # Long ago, so that nobody is reminded of it.
    site.write(
        "UPDATE chatwidget_visitor SET blocked_at = '2026-01-01' WHERE id = ?", stored(site, chat)
    )
    await chat.send(FRAMES["send"])
    assert await chat.closed() == 4401
    assert chat.conversation
    assert len(site.messages(chat.conversation)) == 3


async def test_a_visitor_who_is_erased(shop: Server) -> None:
    async with Chat(shop.url, "shop") as chat:
        await chat.hello(identity={"name": "Ada", "email": "ada@shop.example"})
        await chat.ask("Hello")
        before = time.monotonic()
        said = await shop.manage("forget_visitor", "ADA@shop.example")
        assert "Erased 1 conversation" in said.stdout
        assert await chat.closed() == 4401
        assert time.monotonic() - before < WITHIN
        async with Chat(shop.url, "shop") as back:
            ready = await back.hello(visitor=chat.visitor)
            assert ready["conversation"] is None


async def test_what_an_erased_visitor_sends_is_not_stored(site: Site, visit: Visit) -> None:
    chat = await visit()
    await chat.hello(identity={"name": "Ada"})
    await chat.ask("say:hi")
    visitor = stored(site, chat)
    assert chat.conversation
    site.erase(chat.conversation)
    site.write("DELETE FROM chatwidget_visitor WHERE id = ?", visitor)
    await chat.send(FRAMES["send"])
    assert await chat.closed() == 4401
    assert not site.rows("SELECT id FROM chatwidget_visitor WHERE id = ?", visitor)


async def test_where_an_identity_is_required_from_now_on(shop: Server) -> None:
    async with Chat(shop.url, "shop") as chat:
        await chat.hello()
        await shop.manage("configure_widget", "shop", "--require-identity")
        assert await chat.closed() == 4401


SHOP, BLOG = "https://shop.example", "https://blog.example"


async def test_an_origin_that_is_removed(serve: Serve) -> None:
    server = await serve()
    configure = ("configure_widget", "shop", "--provider", "demo", "--allow-origin", SHOP)
    await server.manage(*configure, "--allow-origin", BLOG)
    pages = [{"url": f"{SHOP}/lamps"}, {"url": f"{SHOP}/", "origin": BLOG}, {"url": f"{BLOG}/"}]
    async with AsyncExitStack() as stack:

        async def open_at(page: dict[str, str] | None) -> Chat:
            chat = await stack.enter_async_context(Chat(server.url, "shop"))
            await chat.hello(**({"page": page} if page else {}))
            return chat

        stays, *go = [await open_at(page) for page in pages]
        own = await open_at({"url": f"{server.url}/chatwidget/shop/", "origin": server.url})
        unknown = await open_at(None)
        before = time.monotonic()
        await server.manage(*configure)
        for chat in go:
            assert await chat.closed() == 4403
        assert time.monotonic() - before < WITHIN
        for chat in (stays, own, unknown):
            await chat.ask("Still here?")
        with pytest.raises(Closed) as closed:
            await open_at({"url": f"{BLOG}/"})
        assert closed.value.code == 4403
