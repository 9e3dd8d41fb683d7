"""Slow readers: a window of unacknowledged code points, after which deltas pause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatwidget.protocol import PART, WINDOW
from tests.client import Chat
from tests.platforms.control import Control
from tests.sockets.chats import begun

Another = Callable[..., Any]
MORE = 1000


async def exhausted(chat: Chat, agents: Control) -> tuple[str, str]:
    """A reply of which `chat` has received a whole window and acknowledged nothing."""
    chat.acks = False
    name, reply = await begun(chat, agents)
    await agents.push(name, "🙂" * (WINDOW + MORE))
    while len(chat.texts[reply]) < WINDOW:
        await chat.receive()
    return name, reply


async def test_deltas_pause_until_they_are_acknowledged(chat: Chat, agents: Control) -> None:
    name, reply = await exhausted(chat, agents)
    assert len(chat.texts[reply]) == WINDOW
    assert await chat.quiet() == []
    await chat.send({"type": "ack", "id": reply, "offset": 600})
    assert len((await chat.receive())["text"]) == 600
    await chat.send({"type": "ack", "id": reply, "offset": WINDOW})
    assert len((await chat.receive())["text"]) == MORE - 600
    await agents.end(name)
    assert (await chat.until("done"))["length"] == WINDOW + MORE


async def test_an_ack_of_what_was_not_sent_opens_nothing_more(chat: Chat, agents: Control) -> None:
    name, reply = await exhausted(chat, agents)
    await chat.send({"type": "ack", "id": reply, "offset": WINDOW * 9})
    assert len((await chat.receive())["text"]) == MORE
    await agents.push(name, "x" * (WINDOW + MORE))
    while len(chat.texts[reply]) < 2 * WINDOW:
        await chat.receive()
    assert await chat.quiet() == []


async def test_the_other_frames_do_not_wait(chat: Chat, agents: Control) -> None:
    name, reply = await exhausted(chat, agents)
    await agents.end(name)
    await chat.say("say:next")
    await chat.send({"type": "stop", "id": "nonsense"})
    assert (await chat.until("error"))["code"] == "bad_request"
    await chat.ack(reply)
    assert (await chat.until("done"))["id"] == reply
    done = await chat.until("done")
    assert chat.texts[done["id"]] == "next"


async def test_what_is_said_of_a_reply_comes_after_its_end(
    chat: Chat, another: Another, agents: Control
) -> None:
    """A second tab has all of it, and rates it, while the first one is still behind."""
    name, reply = await exhausted(chat, agents)
    tab = await another(chat)
    await agents.end(name)
    await tab.until("done", id=reply)
    await tab.send({"type": "rate", "id": reply, "value": 1})
    assert (await tab.until("message"))["message"]["rating"] == 1
    await chat.send({"type": "stop", "id": reply})  # it has ended: its done again
    assert await chat.quiet() == []
    await chat.ack(reply)
    assert len((await chat.receive())["text"]) == MORE
    done = await chat.receive()
    assert (done["type"], done["length"]) == ("done", WINDOW + MORE)
    assert (await chat.receive())["message"]["rating"] == 1
    chat.acks = True
    assert await chat.until("done") == done
    assert len(chat.texts[reply]) == WINDOW + MORE


async def test_another_tab_feels_nothing(chat: Chat, another: Another, agents: Control) -> None:
    tab = await another(chat)
    name, reply = await exhausted(chat, agents)
    await agents.end(name)
    await tab.until("done", id=reply)
    assert len(tab.texts[reply]) == WINDOW + MORE


async def test_a_new_conversation_owes_nothing(chat: Chat, agents: Control) -> None:
    await exhausted(chat, agents)
    await chat.send({"type": "new"})
    await chat.greeting(await chat.until("ready"))
    name, reply = await begun(chat, agents)
    await agents.push(name, "x" * 70_000)
    await agents.end(name)
    assert (await chat.until("done"))["length"] == 70_000
    assert len(chat.texts[reply]) == 70_000


# --- more than a frame may hold -----------------------------------------------------------------


async def long_reply(chat: Chat, agents: Control, text: str) -> str:
    name, reply = await begun(chat, agents)
    for start in range(0, len(text), PART):
        await agents.push(name, text[start : start + PART])
    await agents.end(name)
    done = await chat.until("done", id=reply)
    assert (done.get("error"), done["length"]) == (None, len(text))
    return reply


@pytest.mark.parametrize("letter", ["🙂", "x", "\x01", "é"])
async def test_a_long_reply_after_a_reload(
    chat: Chat, another: Another, agents: Control, letter: str
) -> None:
    """Daphne sends no frame over 1 MiB: what a message cannot hold follows as deltas."""
    text = letter * (3 * PART)
    reply = await long_reply(chat, agents, text)
    tab = await another(chat)
    message = tab.frames[0]["messages"][-1]
    assert (message["status"], len(message["text"])) == ("streaming", PART)
    done = await tab.until("done")
    assert (done["id"], done["status"], done["length"]) == (reply, "complete", len(text))
    assert tab.texts[reply] == text
    assert await tab.quiet() == []
    # Its new state, and its page of history, are told in the same way.
    await tab.send({"type": "rate", "id": reply, "value": 1})
    assert (await tab.until("message"))["message"]["rating"] == 1
    await tab.until("done")
    assert tab.texts[reply] == text
    accepted = await tab.say("say:next")
    await tab.until("done")
    await tab.send({"type": "history", "before": accepted["message"]["id"]})
    page = await tab.until("history")
    assert page["messages"][-1]["id"] == reply
    tab.texts[reply] = page["messages"][-1]["text"]
    await tab.until("done")
    assert tab.texts[reply] == text


async def test_a_page_of_many_long_replies_fits_a_frame(
    chat: Chat, another: Another, agents: Control
) -> None:
    texts = [letter * 100_000 for letter in "aé🙂日bcüde"]
    ids = [await long_reply(chat, agents, text) for text in texts]
    tab = await another(chat)
    shown = tab.frames[0]["messages"]
    assert tab.frames[0]["more"] is True
    while tab.frames[-1].get("more", True):
        await tab.send({"type": "history", "before": shown[0]["id"]})
        shown = (await tab.until("history"))["messages"] + shown
    assert [message["seq"] for message in shown] == list(range(1, 2 * len(texts) + 2))
    assert {message["id"]: message["text"] for message in shown}.items() >= dict(
        zip(ids, texts, strict=True)
    ).items()
