"""A reply goes on without its visitor, and is taken up at the exact code point."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.client import Chat
from tests.platforms.control import Control
from tests.sockets.chats import begun
from tests.sockets.conftest import Site, Visit

Another = Callable[..., Any]

PIECES = ["A🙂", "\u2028é", "日本", "e\u0301", "🙂🙂", "-", "\r\n", "end"]


async def test_reloads_in_the_midst(chat: Chat, another: Another, agents: Control) -> None:
    """A new socket after each piece: each is shown the text so far, and gets the next piece."""
    name, reply = await begun(chat, agents)
    said = ""
    tab = chat
    for piece in PIECES:
        await tab.socket.close()
        tab = await another(tab)
        begun_again = tab.frames[0]["messages"][-1]
        assert (begun_again["id"], begun_again["text"]) == (reply, said)
        assert begun_again["status"] == "streaming"
        await agents.push(name, piece)
        delta = await tab.receive()
        assert delta == {"type": "delta", "id": reply, "offset": len(said), "text": piece}
        said += piece
    await agents.end(name)
    done = await tab.receive()
    assert (done["status"], done["length"]) == ("complete", len(said))
    assert len(await agents.log()) == 1


async def test_many_readers_come_and_go(chat: Chat, another: Another, agents: Control) -> None:
    """They connect while pieces arrive; each ends with the same text, nothing lost or twice."""
    name, reply = await begun(chat, agents)
    expected = "".join(f"{number} 🙂 " for number in range(60))

    async def read() -> str:
        tab = await another(chat)
        while not _ended(tab, reply):
            await tab.receive()
        return str(tab.texts[reply])

    readers = []
    for number in range(60):
        await agents.push(name, f"{number} 🙂 ")
        if number % 4 == 0:
            readers.append(asyncio.create_task(read()))
    await agents.end(name)
    for text in await asyncio.gather(*readers):
        assert text == expected


async def test_nobody_watches(chat: Chat, another: Another, agents: Control, site: Site) -> None:
    name, reply = await begun(chat, agents, "half ")
    await chat.socket.close()
    await agents.push(name, "and whole")
    await agents.end(name)
    await agents.over(name)
    tab = await another(chat)
    while not _ended(tab, reply):
        await tab.receive()
    assert tab.texts[reply] == "half and whole"
    assert chat.conversation
    assert site.messages(chat.conversation)[-1]["text"] == "half and whole"


def _ended(tab: Chat, reply: str) -> bool:
    [message] = [each for each in tab.frames[0]["messages"] if each["id"] == reply]
    return bool(message["status"] == "complete" or tab.frames[-1]["type"] == "done")


async def test_the_send_is_all_that_got_through(
    chat: Chat, another: Another, site: Site, agents: Control
) -> None:
    """The socket is aborted right behind it; the message is answered all the same."""
    client_id = str(uuid.uuid4())
    await chat.send({"type": "send", "id": client_id, "text": "say:answered"})
    while not site.rows("SELECT 1 FROM chatwidget_message WHERE client_id = ?", _hex(client_id)):
        await asyncio.sleep(0)  # stored, whether or not anybody reads its `accepted`
    chat.socket.transport.abort()
    tab = await another(chat)
    while "answered" not in tab.texts.values():
        await tab.receive()
    assert len(await agents.log()) == 1


def _hex(name: str) -> str:
    return name.replace("-", "")


async def test_a_checkpoint_is_at_most_a_second_old(
    chat: Chat, agents: Control, site: Site
) -> None:
    name, _ = await begun(chat, agents, "as far as 🙂")
    assert chat.conversation
    async with asyncio.timeout(15):  # on a machine that is busy
        while site.messages(chat.conversation)[-1]["text"] != "as far as 🙂":
            await asyncio.sleep(0.05)  # there is no event: another process reads the database
    row = site.messages(chat.conversation)[-1]
    assert row["status"] == "streaming"
    assert row["owner"] and row["lease_until"]
    await agents.end(name)


async def test_a_reply_that_begins_while_its_visitor_reconnects(
    chat: Chat, another: Another, visit: Visit, agents: Control
) -> None:
    """Ten reconnects in a row, whatever is going on."""
    await chat.say("say:" + "word " * 300)
    reply = (await chat.reply_begun())["id"]
    tab = chat
    for _ in range(10):
        await tab.socket.close()
        tab = await another(tab)
    if tab.frames[0]["messages"][-1]["status"] == "streaming":
        await tab.until("done", id=reply)
    assert tab.texts[reply] == ("word " * 300).strip() + " "


@pytest.mark.parametrize("slug", ["talk", "eigi", "fifthelement"])
async def test_a_quick_platform_is_not_slowed_down(
    visit: Visit, agents: Control, slug: str
) -> None:
    """Its pieces are gathered, never read one a beat: 400 of them come in about a second.
    One a beat would be 24 s."""
    chat = await visit(slug)
    await chat.greeting(await chat.hello())
    await chat.ask("say:hi")  # fifthelement's first answer comes in one piece
    began = time.monotonic()
    text, done = await chat.ask("say:" + "word " * 400)
    assert done["status"] == "complete"
    assert text.strip() == ("word " * 400).strip()
    assert time.monotonic() - began < 20
    deltas = [frame for frame in chat.frames if frame["type"] == "delta"]
    assert len(deltas) > 3
