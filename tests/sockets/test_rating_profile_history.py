"""`rate`, `profile`, `page`, `history`, `ping`: what a visitor tells and asks beside the talk."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.client import Chat
from tests.platforms.control import Control
from tests.sockets.chats import begun
from tests.sockets.conftest import OWN_GREETING, Site, Visit

Another = Callable[..., Any]


async def test_a_rating_is_shown_in_every_tab(chat: Chat, another: Another, site: Site) -> None:
    _, done = await chat.ask("say:hi")
    tab = await another(chat)
    for value, comment in ((1, None), (-1, "Wrong price."), (0, None)):
        frame = {"type": "rate", "id": done["id"], "value": value}
        await chat.send({**frame, "comment": comment} if comment else frame)
        for each in (chat, tab):
            message = (await each.until("message"))["message"]
            assert (message["id"], message["text"]) == (done["id"], "hi")
            assert message.get("rating", 0) == value
        assert chat.conversation
        row = site.messages(chat.conversation)[-1]
        assert (row["rating"], row["rating_comment"]) == (value, comment or "")


async def test_only_a_finished_reply_is_rated(chat: Chat, agents: Control) -> None:
    name, reply = await begun(chat, agents, "half")
    await chat.send({"type": "rate", "id": reply, "value": 1})
    error = await chat.until("error")
    assert (error["code"], error["id"]) == ("bad_request", reply)
    await agents.end(name)
    await chat.until("done")
    await chat.send({"type": "rate", "id": reply, "value": 1})
    assert (await chat.until("message"))["message"]["rating"] == 1


async def test_the_same_rating_again_changes_nothing(chat: Chat, site: Site) -> None:
    _, done = await chat.ask("say:hi")
    await chat.send({"type": "rate", "id": done["id"], "value": -1, "comment": "why"})
    await chat.until("message")
    assert chat.conversation
    before = site.conversation(chat.conversation)["revision"]
    for same in ({"comment": "why"}, {}):
        await chat.send({"type": "rate", "id": done["id"], "value": -1, **same})
    assert await chat.quiet() == []
    assert site.conversation(chat.conversation)["revision"] == before


async def test_ones_own_message_is_not_rated(chat: Chat) -> None:
    accepted = await chat.say("say:hi")
    await chat.until("done")
    await chat.send({"type": "rate", "id": accepted["message"]["id"], "value": 1})
    assert (await chat.until("error"))["code"] == "bad_request"


async def test_a_long_comment_is_a_bad_frame(chat: Chat) -> None:
    _, done = await chat.ask("say:hi")
    await chat.send({"type": "rate", "id": done["id"], "value": 1, "comment": "x" * 1001})
    error = await chat.until("error")
    assert (error["code"], error["id"]) == ("bad_frame", done["id"])


def visitor_of(site: Site, chat: Chat) -> dict[str, Any]:
    assert chat.conversation
    [row] = site.rows(
        "SELECT * FROM chatwidget_visitor WHERE id = ?",
        site.conversation(chat.conversation)["visitor_id"],
    )
    return row


async def test_a_profile_before_and_after_the_first_message(chat: Chat, site: Site) -> None:
    await chat.send({"type": "profile", "name": "Ada", "email": "ada@example.com"})
    await chat.ask("say:hi")
    assert visitor_of(site, chat)["name"] == "Ada"
    await chat.send({"type": "profile", "name": "Ada L.", "email": "a@b.example", "consent": "2"})
    assert await chat.quiet() == []
    row = visitor_of(site, chat)
    assert (row["name"], row["email"]) == ("Ada L.", "a@b.example")
    assert json.loads(row["consent"])["version"] == "2"


@pytest.mark.parametrize("email", ["ada", "a@b@c", "a\0@example.com\ud800", "@"])
async def test_a_profile_with_an_address_that_is_none(chat: Chat, site: Site, email: str) -> None:
    """It is refused, and it alone: the name and what was agreed to are kept."""
    for version in ("1", "2"):  # before the first message, and after it
        told = {"type": "profile", "name": f"Ada {version}", "email": email, "consent": version}
        await chat.send(told)
        assert (await chat.until("error"))["code"] == "bad_request"
        if version == "1":
            await chat.ask("say:hi")
        row = visitor_of(site, chat)
        assert (row["name"], row["email"]) == (f"Ada {version}", "")
        assert json.loads(row["consent"])["version"] == version


async def test_of_many_pages_and_profiles_the_last_ones_are_stored(
    visit: Visit, site: Site
) -> None:
    """Not each: and the last one also where the socket is closed at once."""
    chat = await visit()
    await chat.hello()
    await chat.ask("say:hi")
    site.write("CREATE TABLE IF NOT EXISTS navigated (url TEXT)")
    site.write(
        "CREATE TRIGGER IF NOT EXISTS navigate AFTER UPDATE OF page_url ON chatwidget_conversation"
        " BEGIN INSERT INTO navigated VALUES (NEW.page_url); END"
    )
    try:
        for number in range(200):
            await chat.send({"type": "page", "url": f"https://shop.example/{number}"})
            await chat.send({"type": "profile", "name": f"Ada {number}"})
        await chat.quiet()
        await chat.socket.close()
        assert chat.conversation
        # The name is stored first, and the page after it.
        async with asyncio.timeout(30):
            while site.conversation(chat.conversation)["page_url"] != "https://shop.example/199":
                await asyncio.sleep(0.1)
        assert visitor_of(site, chat)["name"] == "Ada 199"
        assert len(site.rows("SELECT * FROM navigated")) < 50
    finally:
        site.write("DROP TRIGGER navigate")
        site.write("DROP TABLE navigated")


async def test_a_page_is_told_to_owner_and_platform(
    visit: Visit, site: Site, agents: Control
) -> None:
    chat = await visit("eigi")
    await chat.greeting(await chat.hello(page={"url": "https://shop.example/a", "title": "A"}))
    await chat.send({"type": "page", "url": "https://shop.example/b", "title": "B"})
    await chat.ask("say:hi")
    assert json.loads((await agents.log())[-1]["body"])["metadata"]["page_title"] == "B"
    await chat.send({"type": "page", "url": "https://shop.example/c", "title": "C" * 900})
    assert await chat.quiet() == []
    assert chat.conversation
    row = site.conversation(chat.conversation)
    assert (row["page_url"], row["page_title"]) == ("https://shop.example/c", "C" * 500)


async def test_history_goes_back_to_the_greeting(chat: Chat, another: Another, site: Site) -> None:
    await chat.ask("say:first")
    assert chat.conversation
    site.fill(chat.conversation, 120)
    tab = await another(chat)
    ready = tab.frames[0]
    assert ready["more"] is True
    shown = ready["messages"]
    assert [message["seq"] for message in shown] == list(range(74, 124))
    pages = [50, 23]
    while pages:
        await tab.send({"type": "history", "before": shown[0]["id"]})
        page = await tab.until("history")
        assert len(page["messages"]) == pages.pop(0)
        assert page["more"] is bool(pages)
        shown = page["messages"] + shown
    assert [message["seq"] for message in shown] == list(range(1, 124))
    assert shown[0]["text"] == OWN_GREETING
    await tab.send({"type": "history", "before": shown[0]["id"]})
    assert await tab.receive() == {"type": "history", "messages": [], "more": False}


async def test_history_is_without_what_is_being_written(chat: Chat, agents: Control) -> None:
    """Its deltas go on from what is shown, not from what is stored."""
    name, running = await begun(chat, agents, "some")
    waiting = await chat.say("say:next")
    await chat.send({"type": "history", "before": waiting["message"]["id"]})
    page = await chat.until("history")
    assert [message["text"] for message in page["messages"]] == [OWN_GREETING, f"hold:{name}"]
    await agents.push(name, " more")
    await agents.end(name)
    done = await chat.until("done")
    assert (done["id"], done["status"], chat.texts[running]) == (running, "complete", "some more")


async def test_ready_shows_the_whole_of_fifty_messages(chat: Chat, another: Another) -> None:
    await chat.ask("say:hi")
    tab = await another(chat)
    assert tab.frames[0]["more"] is False
    assert len(tab.frames[0]["messages"]) == 3


async def test_ping(chat: Chat) -> None:
    for _ in range(3):
        await chat.send({"type": "ping"})
        assert await chat.receive() == {"type": "pong"}


async def test_an_ack_of_anything_is_borne(chat: Chat) -> None:
    _, done = await chat.ask("say:hi")
    for name in (done["id"], str(uuid.uuid4()), "nonsense", "\ud800"):
        for offset in (0, 1, 10**18):
            await chat.send({"type": "ack", "id": name, "offset": offset})
    assert await chat.quiet() == []
