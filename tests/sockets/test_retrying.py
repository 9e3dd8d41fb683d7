"""`retry`: the conversation's last reply, in place, once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.client import Chat
from tests.platforms.control import Control
from tests.sockets.chats import begun
from tests.sockets.conftest import Site, Visit

Another = Callable[..., Any]


async def failed(chat: Chat) -> str:
    """A reply that has failed, and will do better at the next attempt."""
    await chat.say("fault:401-once")
    done = await chat.until("done")
    assert (done["status"], done["error"]["code"]) == ("failed", "misconfigured")
    reply: str = done["id"]
    return reply


async def test_a_failed_reply(chat: Chat, another: Another, agents: Control, site: Site) -> None:
    reply = await failed(chat)
    tab = await another(chat)
    assert tab.frames[0]["messages"][-1]["error"]["code"] == "misconfigured"
    await chat.send({"type": "retry", "id": reply, "attempt": 1})
    for each in (chat, tab):
        again = (await each.until("message"))["message"]
        assert (again["id"], again["seq"], again["text"], again["attempt"]) == (reply, 3, "", 2)
        assert again["status"] in ("pending", "streaming")
        assert not {"error", "rating", "ui"} & again.keys()
        assert (await each.until("done"))["status"] == "complete"
        assert each.texts[reply].startswith("Answer 1")
    assert chat.conversation
    row = site.messages(chat.conversation)[-1]
    assert (row["seq"], row["attempt"], row["status"]) == (3, 2, "complete")
    assert (row["error_code"], row["error_cause"], row["retry_after"]) == ("", "", None)
    assert len(await agents.log()) == 2


async def test_a_stopped_reply(chat: Chat, agents: Control) -> None:
    name, reply = await begun(chat, agents, "half of ")
    await chat.send({"type": "stop", "id": reply})
    await chat.until("done")
    await agents.over(name)
    await chat.send({"type": "retry", "id": reply})
    assert (await chat.until("message"))["message"]["attempt"] == 2
    await agents.push(name, "all of it")
    await agents.end(name)
    done = await chat.until("done")
    assert (done["status"], chat.texts[reply]) == ("complete", "all of it")
    assert (await agents.log())[-1]["body"].count(f"hold:{name}") == 1


async def test_an_interrupted_reply(chat: Chat, site: Site, agents: Control) -> None:
    """Its process was killed: as the transcript has it afterwards."""
    await chat.say("say:again")
    reply = (await chat.until("done"))["id"]
    site.write(
        "UPDATE chatwidget_message SET status = 'interrupted', text = 'ag',"
        " error_code = 'interrupted' WHERE id = ?",
        reply.replace("-", ""),
    )
    await chat.send({"type": "retry", "id": reply, "attempt": 1})
    assert (await chat.until("done"))["status"] == "complete"
    assert chat.texts[reply] == "again"


async def test_a_stale_attempt_is_ignored(chat: Chat, another: Another, agents: Control) -> None:
    """Two tabs press Retry at the same moment."""
    reply = await failed(chat)
    tab = await another(chat)
    await chat.send({"type": "retry", "id": reply, "attempt": 1})
    await tab.send({"type": "retry", "id": reply, "attempt": 1})
    for each in (chat, tab):
        await each.until("done")
        assert await each.quiet() == []
    await chat.send({"type": "retry", "id": reply, "attempt": 1})
    assert await chat.quiet() == []
    assert len(await agents.log()) == 2


async def test_a_running_or_waiting_reply(chat: Chat, agents: Control) -> None:
    name, reply = await begun(chat, agents)
    await chat.send({"type": "retry", "id": reply})
    assert (await chat.until("error"))["code"] == "bad_request"
    await chat.say("say:second")
    waiting = (await chat.until("message"))["message"]["id"]
    await chat.send({"type": "retry", "id": waiting})
    assert (await chat.until("error"))["code"] == "bad_request"
    await agents.end(name)
    for _ in range(2):  # nothing of it is left for the next test
        await chat.until("done")


async def test_behind_a_newer_send(chat: Chat, agents: Control) -> None:
    reply = await failed(chat)
    await chat.ask("say:newer")
    await chat.send({"type": "retry", "id": reply, "attempt": 1})
    error = await chat.until("error")
    assert (error["code"], error["id"]) == ("bad_request", reply)
    assert len(await agents.log()) == 2


async def test_a_complete_one_where_the_platform_can_rewind(
    chat: Chat, agents: Control, site: Site
) -> None:
    await chat.say("say:once more")
    reply = (await chat.until("done"))["id"]
    await chat.send({"type": "rate", "id": reply, "value": 1})
    await chat.until("message")
    await chat.send({"type": "retry", "id": reply, "attempt": 1})
    assert "rating" not in (await chat.until("message"))["message"]
    assert (await chat.until("done"))["status"] == "complete"
    first, second = [entry["body"] for entry in await agents.log()]
    assert first == second  # as though it had not been answered


async def test_a_complete_one_where_it_cannot(visit: Visit, agents: Control) -> None:
    chat = await visit("eigi")
    await chat.greeting(await chat.hello())
    await chat.say("say:hi")
    reply = (await chat.until("done"))["id"]
    await chat.send({"type": "retry", "id": reply, "attempt": 1})
    assert (await chat.until("error"))["code"] == "bad_request"


async def test_what_is_no_reply(chat: Chat, agents: Control) -> None:
    accepted = await chat.say("say:hi")
    await chat.until("done")
    greeting = next(iter(chat.texts))
    for name in (accepted["message"]["id"], greeting, str(uuid.uuid4())):
        await chat.send({"type": "retry", "id": name})
        assert (await chat.until("error"))["code"] == "bad_request"


async def test_behind_a_running_one_it_waits_its_turn(chat: Chat, agents: Control) -> None:
    """The last reply was stopped while it waited; an earlier one is still running."""
    name, running = await begun(chat, agents)
    await chat.say("say:second")
    waiting = (await chat.until("message"))["message"]["id"]
    await chat.send({"type": "stop", "id": waiting})
    await chat.until("done", id=waiting)
    await chat.send({"type": "retry", "id": waiting, "attempt": 1})
    again = (await chat.until("message"))["message"]
    assert (again["id"], again["status"], again["attempt"]) == (waiting, "pending", 2)
    assert len(await agents.log()) == 1
    await agents.push(name, "first")
    await agents.end(name)
    assert (await chat.until("done"))["id"] == running
    assert (await chat.until("done"))["id"] == waiting
    assert (chat.texts[running], chat.texts[waiting]) == ("first", "second")


@pytest.mark.parametrize("slug", ["eigi", "fifthelement", "vindex", "agentix"])
async def test_a_retry_keeps_the_platforms_session(
    visit: Visit, agents: Control, slug: str
) -> None:
    chat = await visit(slug)
    await chat.greeting(await chat.hello())
    await chat.ask("say:one")
    await chat.say("fault:400-once")
    done = await chat.until("done")
    assert done["error"]["code"] == "provider_rejected"
    await chat.send({"type": "retry", "id": done["id"], "attempt": 1})
    assert (await chat.until("done"))["status"] == "complete"
    assert len([each for each in await agents.sessions() if each["messages"]]) == 1
