"""What a widget may use up: to the last message, in every process, and told to its owner."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.client import Chat
from tests.conftest import Serve
from tests.platforms.control import Control
from tests.running import Server
from tests.sockets.chats import begun
from tests.sockets.conftest import Site, Visit

Configure = Callable[..., Any]
DAY = 86_400


@pytest.fixture
async def shop(serve: Serve) -> AsyncIterator[Server]:
    server = await serve()
    await server.manage("configure_widget", "shop", "--provider", "demo")
    yield server


async def refused(chat: Chat, text: str = "Hello") -> dict[str, Any]:
    error = await chat.answer(text)
    assert (error["type"], error["code"]) == ("error", "budget_exhausted")
    return error


async def test_messages(shop: Server) -> None:
    await shop.manage("configure_widget", "shop", "--daily-messages", "3")
    async with Chat(shop.url, "shop") as chat, Chat(shop.url, "shop") as other:
        await chat.hello()
        await other.hello()
        client_id = str(uuid.uuid4())
        first = await chat.say("Hello", client_id)
        await chat.until("done")
        await chat.ask("Again")
        await other.ask("Me, too")
        error = await refused(chat)
        assert 0 < error["retry_after"] <= DAY
        assert not error["retryable"]
        assert (await chat.say("Hello", client_id))["message"] == first["message"], "idempotent"
        await refused(other)
        await shop.manage("configure_widget", "shop", "--daily-messages", "4")
        await other.ask("One more")
        await refused(other)
        await shop.manage("configure_widget", "shop", "--daily-messages", "0")
        await chat.ask("As many as I like")
    assert "daily messages of the widget shop: 3 of 3 are used up" in shop.log


async def test_a_first_message(shop: Server) -> None:
    """Nothing of a conversation is stored that may not begin."""
    await shop.manage("configure_widget", "shop", "--daily-messages", "1")
    async with Chat(shop.url, "shop") as chat, Chat(shop.url, "shop") as late:
        await chat.hello()
        await chat.ask("Hello")
        await late.hello()
        await refused(late)
        ready = await chat.quiet()
        assert not ready
    exported = await shop.manage("export_transcripts", "shop")
    assert len(exported.stdout.splitlines()) == 1


async def test_characters(shop: Server) -> None:
    await shop.manage("configure_widget", "shop", "--daily-characters", "20")
    async with Chat(shop.url, "shop") as chat:
        await chat.hello()
        await chat.ask("é" * 12)
        await refused(chat, "x" * 9)
        await chat.ask("x" * 8)
        await refused(chat, "x")


def set_budgets(site: Site, slug: str, budgets: str) -> None:
    site.write(
        "UPDATE chatwidget_widget SET budgets = ?, config_version = config_version + 1"
        " WHERE slug = ?",
        budgets,
        slug,
    )


@pytest.fixture
def other(site: Site) -> Any:
    """The widget `other`, without budgets before and after."""
    yield lambda budgets: set_budgets(site, "other", budgets)
    set_budgets(site, "other", "{}")
    site.write("DELETE FROM chatwidget_usage")


async def test_replies_at_once(visit: Visit, agents: Control, other: Configure) -> None:
    other('{"max_running": 2}')
    chats = [await visit("other") for _ in range(3)]
    for chat in chats:
        await chat.hello()
    names = [(await begun(chat, agents))[0] for chat in chats[:2]]
    error = await refused(chats[2])
    assert error["retryable"]
    assert error["retry_after"] == 5
    await chats[0].say("waits behind the one that runs")
    await agents.end(names[1])
    await chats[1].until("done")
    await chats[2].ask("say:now")
    await agents.end(names[0])


async def test_many_at_one_moment(site: Site, visit: Visit, other: Configure) -> None:
    other('{"daily_messages": 5}')
    chats = [await visit("other") for _ in range(12)]
    for chat in chats:
        await chat.hello()
    answers = await asyncio.gather(*(chat.answer("say:hi") for chat in chats))
    kinds = [answer["type"] for answer in answers]
    assert (kinds.count("accepted"), kinds.count("error")) == (5, 7)
    [usage] = site.rows("SELECT * FROM chatwidget_usage")
    assert (usage["messages"], usage["characters"]) == (5, 30)


async def test_a_retry_is_a_message(site: Site, visit: Visit, other: Configure) -> None:
    other('{"daily_messages": 1}')
    chat = await visit("other")
    await chat.hello()
    _, done = await chat.ask("fault:500")
    await chat.send({"type": "retry", "id": done["id"]})
    assert (await chat.until("error"))["code"] == "budget_exhausted"
    assert chat.conversation
    assert site.messages(chat.conversation)[-1]["attempt"] == 1


async def test_seconds_of_the_platform(
    site: Site, visit: Visit, agents: Control, other: Configure
) -> None:
    other('{"daily_seconds": 2}')
    chat = await visit("other")
    await chat.hello()
    await chat.ask("say:one")
    [usage] = site.rows("SELECT * FROM chatwidget_usage")
    assert usage["seconds"] == 1, "each reply is at least one"
    await chat.ask("say:two")
    await refused(chat)


async def test_greetings(site: Site, visit: Visit, agents: Control) -> None:
    set_budgets(site, "eigi", '{"daily_greetings": 2}')
    try:
        greetings = []
        for _ in range(4):
            chat = await visit("eigi")
            greetings.append((await chat.greeting(await chat.hello()))["text"])
        assert len([each for each in await agents.log() if each["method"] == "GET"]) == 2
        assert greetings[0] == greetings[1] != greetings[2] == greetings[3]
    finally:
        set_budgets(site, "eigi", "{}")
        site.write("DELETE FROM chatwidget_usage")
