"""Every open tab of a conversation shows the same, live; and `new` takes all of them along."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

from tests.client import Chat
from tests.platforms.control import Control
from tests.sockets.chats import begun, in_step
from tests.sockets.conftest import OWN_GREETING, Site, Visit

Another = Callable[..., Any]


async def test_the_first_message_takes_all_tabs_along(chat: Chat, another: Another) -> None:
    tabs = [chat, *[await another(chat) for _ in range(3)]]
    for tab in tabs[1:]:
        assert tab.frames[0]["conversation"] is None
        assert tab.shown.transcript == chat.shown.transcript  # one greeting for all of them
    await chat.ask("say:hello")
    for tab in tabs[1:]:
        while not any(frame["type"] == "done" for frame in tab.frames) and (
            len(tab.shown.transcript) < 3 or tab.shown.transcript[-1]["status"] != "complete"
        ):
            await tab.receive()
        assert tab.conversation == chat.conversation
    assert len(await in_step(*tabs, another=another)) == 3


async def test_all_that_happens_is_shown_to_all(
    chat: Chat, another: Another, agents: Control
) -> None:
    await chat.ask("say:one")
    tab = await another(chat)
    _, done = await tab.ask("say:two")
    await chat.until("done", id=done["id"])
    await in_step(chat, tab, another=another)
    _, reply = await begun(tab, agents, "half")
    await chat.until("delta", id=reply)
    await in_step(chat, tab, another=another)
    await chat.say("say:waits")
    await in_step(chat, tab, another=another)
    await chat.send({"type": "stop", "id": reply})
    for each in (chat, tab):
        await each.until("done", id=reply)
        waited = await each.until("done")
    await tab.send({"type": "rate", "id": reply, "value": -1})
    for each in (chat, tab):
        await each.until("message")
    await in_step(chat, tab, another=another)
    await tab.send({"type": "retry", "id": waited["id"]})  # it can be made anew
    for each in (chat, tab):
        await each.until("done")
    await chat.say("fault:500")
    for each in (chat, tab):
        assert (await each.until("done"))["status"] == "failed"
    last = (await in_step(chat, tab, another=another))[-1]
    assert last["error"]["code"] == "provider_unavailable"


async def test_two_tabs_send_at_once(
    chat: Chat, another: Another, agents: Control, site: Site
) -> None:
    """The conversation is not there yet: both make it, one is first."""
    tab = await another(chat)
    ids = [str(uuid.uuid4()) for _ in range(4)]
    await asyncio.gather(
        *(
            each.send({"type": "send", "id": client_id, "text": "say:hi"})
            for client_id, each in zip(ids, (chat, tab, chat, tab), strict=True)
        )
    )
    for each, mine in ((chat, ids[::2]), (tab, ids[1::2])):
        for client_id in mine:
            await each.until("accepted", id=client_id)
    assert chat.conversation == tab.conversation
    for each in (chat, tab):
        while [message["status"] for message in each.shown.transcript].count("complete") < 9:
            await each.receive()
    messages = await in_step(chat, tab, another=another)
    assert [message["seq"] for message in messages] == list(range(1, 10))
    assert [message["role"] for message in messages][1:] == ["user", "assistant"] * 4
    assert len(await agents.log()) == 4


# --- new ----------------------------------------------------------------------------------------


async def test_new_in_every_tab(chat: Chat, another: Another, site: Site) -> None:
    await chat.ask("say:one")
    tab = await another(chat)
    first = chat.conversation
    assert first
    await chat.send({"type": "new"})
    for each in (chat, tab):
        ready = await each.until("ready")
        assert ready["conversation"] is None
        greeting = await each.greeting(ready)
        assert (greeting["text"], greeting["seq"]) == (OWN_GREETING, 1)
    assert chat.shown.transcript == tab.shown.transcript
    assert site.conversation(first)["ended_at"]
    await tab.ask("say:two")
    await chat.until("done")
    assert chat.conversation == tab.conversation != first
    messages = await in_step(chat, tab, another=another)
    assert [message["text"] for message in messages] == [OWN_GREETING, "say:two", "two"]
    assert len(site.messages(first)) == 3


async def test_new_while_a_reply_runs(
    chat: Chat, another: Another, agents: Control, site: Site
) -> None:
    name, reply = await begun(chat, agents, "half ")
    first = chat.conversation
    assert first
    await chat.send({"type": "new"})
    await chat.greeting(await chat.until("ready"))
    await chat.ask("say:two")
    assert chat.conversation != first
    old = await another(chat, conversation=first)
    assert old.texts[reply] == "half "
    await agents.push(name, "and whole")
    await agents.end(name)
    done = await old.until("done", id=reply)
    assert (done["status"], old.texts[reply]) == ("complete", "half and whole")
    assert site.messages(first)[-1]["text"] == "half and whole"
    assert await chat.quiet() == []  # it finishes in its own conversation


async def test_new_before_anything_was_said(chat: Chat, another: Another, site: Site) -> None:
    before = site.rows("SELECT count(*) AS n FROM chatwidget_conversation")
    tab = await another(chat)
    await chat.send({"type": "new"})
    for each in (chat, tab):
        ready = await each.until("ready")
        assert ready["conversation"] is None
        await each.greeting(ready)
    assert chat.shown.transcript == tab.shown.transcript
    assert site.rows("SELECT count(*) AS n FROM chatwidget_conversation") == before


async def test_an_older_conversation_goes_on_when_it_is_written_to(
    chat: Chat, another: Another, site: Site
) -> None:
    await chat.ask("say:one")
    first = chat.conversation
    assert first
    await chat.send({"type": "new"})
    await chat.until("ready")
    old = await another(chat, conversation=first)
    await old.ask("say:more")
    assert old.conversation == first
    assert site.conversation(first)["ended_at"] is None


# --- erased -------------------------------------------------------------------------------------


async def test_a_conversation_erased_while_its_reply_runs(
    chat: Chat, another: Another, agents: Control, site: Site
) -> None:
    name, _ = await begun(chat, agents, "half ")
    tab = await another(chat)
    assert chat.conversation
    site.erase(chat.conversation)
    for each in (chat, tab):
        ready = await each.until("ready")
        assert (ready["conversation"], ready["gone"]) == (None, True)
        assert len(ready["messages"]) <= 1  # a greeting
    await agents.over(name)
    erased = chat.conversation
    await chat.ask("say:anew")
    assert chat.conversation not in (None, erased)


async def test_a_conversation_erased_while_nothing_runs(
    chat: Chat, another: Another, site: Site, agents: Control
) -> None:
    _, done = await chat.ask("say:one")
    tabs = [chat, *[await another(chat) for _ in range(5)]]
    assert chat.conversation
    site.erase(chat.conversation)
    frames = [
        {"type": "rate", "id": done["id"], "value": 1},
        {"type": "stop", "id": done["id"]},
        {"type": "retry", "id": done["id"]},
        {"type": "history", "before": done["id"]},
    ]
    for tab, frame in zip(tabs, frames, strict=False):
        await tab.send(frame)
        assert (await tab.until("error"))["code"] == "bad_request"
    await tabs[-2].send({"type": "page", "url": "https://shop.example/"})
    client_id = str(uuid.uuid4())
    await tabs[-1].send({"type": "send", "id": client_id, "text": "say:two"})
    accepted = await tabs[-1].until("accepted", id=client_id)
    assert accepted["conversation"] != done["id"]
    assert [row["text"] for row in site.messages(accepted["conversation"])][1] == "say:two"
    for tab in tabs:
        await tab.quiet()  # all of them live


async def test_strangers_hear_nothing(chat: Chat, visit: Visit, agents: Control) -> None:
    stranger = await visit()
    await stranger.greeting(await stranger.hello())
    name, _ = await begun(chat, agents, "half")
    await agents.end(name)
    await chat.until("done")
    assert await stranger.quiet() == []
