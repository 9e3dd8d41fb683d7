"""`stop`: what arrived is kept, whoever asks and whenever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.client import Chat
from tests.platforms.control import Control
from tests.sockets.chats import begun
from tests.sockets.conftest import Site, Visit

Another = Callable[..., Any]


async def test_a_running_reply(chat: Chat, agents: Control, site: Site) -> None:
    name, reply = await begun(chat, agents, "As far as 🙂")
    await chat.send({"type": "stop", "id": reply})
    assert await chat.receive() == {"type": "done", "id": reply, "status": "stopped", "length": 11}
    await agents.over(name)  # the platform's answer is not read any further
    assert chat.conversation
    row = site.messages(chat.conversation)[-1]
    assert (row["status"], row["text"], row["error_code"]) == ("stopped", "As far as 🙂", "")
    assert (await agents.log())[-1]["end"] == "gone"


async def test_before_the_first_word(chat: Chat, agents: Control) -> None:
    _, reply = await begun(chat, agents)
    await chat.send({"type": "stop", "id": reply})
    done = await chat.until("done")
    assert (done["status"], done["length"]) == ("stopped", 0)


async def test_as_soon_as_it_has_begun(chat: Chat) -> None:
    await chat.say("say:" + "word " * 400)
    reply = (await chat.reply_begun())["id"]
    await chat.send({"type": "stop", "id": reply})
    done = await chat.until("done")
    assert done["status"] in ("stopped", "complete")


async def test_twice(chat: Chat, agents: Control) -> None:
    _, reply = await begun(chat, agents, "text")
    await chat.send({"type": "stop", "id": reply})
    await chat.send({"type": "stop", "id": reply})
    first = await chat.until("done")
    assert all(frame == first for frame in await chat.quiet())
    await chat.send({"type": "stop", "id": reply})
    assert await chat.receive() == first


async def test_an_ended_reply_gives_its_done_again(chat: Chat, agents: Control) -> None:
    await chat.say("say:all of it")
    done = await chat.until("done")
    await chat.send({"type": "stop", "id": done["id"]})
    assert await chat.receive() == done
    await chat.say("fault:500")
    failed = await chat.until("done")
    await chat.send({"type": "stop", "id": failed["id"]})
    assert await chat.receive() == failed
    assert await chat.quiet() == []


async def test_a_waiting_one_never_goes_to_the_platform(
    chat: Chat, another: Another, agents: Control, site: Site
) -> None:
    name, running = await begun(chat, agents)
    await chat.say("say:never")
    waiting = (await chat.until("message"))["message"]
    await chat.say("say:after it")
    tab = await another(chat)
    await tab.send({"type": "stop", "id": waiting["id"]})
    for each in (chat, tab):
        done = await each.until("done")
        assert done == {"type": "done", "id": waiting["id"], "status": "stopped", "length": 0}
    await agents.push(name, "first")
    await agents.end(name)
    assert (await chat.until("done"))["id"] == running
    last = await chat.until("done")
    assert chat.texts[last["id"]] == "after it"
    asked = [entry["body"] for entry in await agents.log()]
    assert len(asked) == 2
    assert all('say:never"}]' not in body for body in asked)
    assert chat.conversation
    statuses = [row["status"] for row in site.messages(chat.conversation)]
    assert statuses[2::2] == ["complete", "stopped", "complete"]


async def test_another_tab_may_stop_it(chat: Chat, another: Another, agents: Control) -> None:
    _, reply = await begun(chat, agents, "text")
    tab = await another(chat)
    await tab.send({"type": "stop", "id": reply})
    for each in (chat, tab):
        done = await each.until("done")
        assert (done["id"], done["status"], each.texts[reply]) == (reply, "stopped", "text")


async def test_the_next_message_is_answered(chat: Chat, agents: Control) -> None:
    _, reply = await begun(chat, agents)
    await chat.say("say:next")
    await chat.send({"type": "stop", "id": reply})
    assert (await chat.until("done"))["status"] == "stopped"
    last = await chat.until("done")
    assert chat.texts[last["id"]] == "next"


async def test_a_visitors_own_message_is_no_reply(chat: Chat, agents: Control) -> None:
    accepted = await chat.say("say:hi")
    await chat.until("done")
    await chat.send({"type": "stop", "id": accepted["message"]["id"]})
    assert (await chat.until("error"))["code"] == "bad_request"


async def test_somebody_elses_reply(chat: Chat, visit: Visit, agents: Control) -> None:
    name, reply = await begun(chat, agents, "mine")
    thief = await visit()
    await thief.hello(conversation=chat.conversation)
    await thief.ask("say:hi")
    for kind in ("stop", "retry", "rate", "history"):
        await thief.send({"type": kind, "id": reply, "before": reply, "value": -1})
        assert (await thief.until("error"))["code"] == "bad_request"
    await thief.send({"type": "ack", "id": reply, "offset": 4})
    assert await thief.quiet() == []
    await agents.end(name)
    done = await chat.until("done")
    assert (done["status"], chat.texts[reply]) == ("complete", "mine")
    assert all(frame["type"] != "error" for frame in chat.frames)
