"""`send`: stored before it is accepted, answered once, whatever is lost on the way."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.client import Chat, Frame
from tests.platforms.control import Control
from tests.sockets.conftest import OWN_GREETING, Site, Visit

Another = Callable[..., Any]


def a_send(text: str, client_id: str = "") -> Frame:
    return {"type": "send", "id": client_id or str(uuid.uuid4()), "text": text}


async def test_the_order_of_a_reply(chat: Chat, site: Site, agents: Control) -> None:
    name = uuid.uuid4().hex
    frame = a_send(f"hold:{name} naïve 🙂")
    await chat.send(frame)
    accepted = await chat.receive()
    assert (accepted["type"], accepted["id"]) == ("accepted", frame["id"])
    sent = accepted["message"]
    assert (sent["role"], sent["seq"], sent["status"]) == ("user", 2, "complete")
    assert sent["text"] == frame["text"]
    # Both are stored by now, and the greeting with them.
    stored = site.messages(accepted["conversation"])
    assert [(row["seq"], row["role"]) for row in stored] == [
        (1, "assistant"),
        (2, "user"),
        (3, "assistant"),
    ]
    assert stored[0]["text"] == OWN_GREETING
    begun = (await chat.receive())["message"]
    assert (begun["role"], begun["seq"], begun["text"]) == ("assistant", 3, "")
    assert begun["status"] in ("pending", "streaming")
    assert begun["attempt"] == 1
    await agents.waiting(name)
    for piece in ("Hello 🙂", " and ", "日本"):
        await agents.push(name, piece)
        delta = await chat.receive()
        assert (delta["type"], delta["id"], delta["text"]) == ("delta", begun["id"], piece)
    await agents.end(name)
    assert await chat.receive() == {
        "type": "done",
        "id": begun["id"],
        "status": "complete",
        "length": len("Hello 🙂 and 日本"),
    }
    row = site.messages(accepted["conversation"])[2]
    assert (row["text"], row["status"], row["owner"]) == ("Hello 🙂 and 日本", "complete", "")
    assert 0 <= row["first_chunk_ms"] <= row["total_ms"]
    assert row["completed_at"]


async def test_created_at_is_iso_8601_in_utc(chat: Chat) -> None:
    accepted = await chat.say("say:hi")
    assert accepted["message"]["created_at"].endswith("+00:00")


async def test_the_platform_is_told_what_was_said_before(chat: Chat, agents: Control) -> None:
    await chat.ask("say:one")
    await chat.ask("say:two")
    last = (await agents.log())[-1]["body"]
    for text in ("say:one", '"one"', "say:two"):
        assert text in last
    # Strict chat templates refuse a conversation that begins with the assistant.
    assert json.loads(last)["messages"][0]["role"] in ("system", "user")


async def test_a_send_again_on_the_same_socket(chat: Chat, site: Site, agents: Control) -> None:
    frame = a_send("say:once")
    await chat.send(frame)
    first = await chat.until("accepted")
    await chat.until("done")
    await chat.send(frame)
    assert await chat.receive() == first
    assert await chat.quiet() == []
    assert len(site.messages(first["conversation"])) == 3
    assert len(await agents.log()) == 1


async def test_a_send_again_while_its_reply_runs(chat: Chat, agents: Control) -> None:
    name = uuid.uuid4().hex
    frame = a_send(f"hold:{name}")
    await chat.send(frame)
    first = await chat.until("accepted")
    await agents.waiting(name)
    await chat.send(frame)
    assert await chat.until("accepted") == first
    await agents.end(name)
    await agents.over(name)
    assert len(await agents.log()) == 1


async def test_a_send_again_with_another_text_is_the_first_one(chat: Chat) -> None:
    frame = a_send("say:once")
    await chat.send(frame)
    first = await chat.until("accepted")
    await chat.until("done")
    await chat.send({**frame, "text": "another"})
    assert await chat.until("accepted") == first
    assert await chat.quiet() == []


async def test_an_id_is_one_in_any_spelling(chat: Chat) -> None:
    client_id = "0192F5C1-7B1E-7C3A-9D10-" + uuid.uuid4().hex[:12].upper()
    first = await chat.say("say:once", client_id)
    await chat.until("done")
    again = await chat.say("say:once", client_id.lower().replace("-", ""))
    assert again["message"] == first["message"]


async def test_a_send_again_on_another_socket(
    chat: Chat, another: Another, site: Site, agents: Control
) -> None:
    """Its `accepted` was lost: the socket was cut as soon as it was sent."""
    frame = a_send("say:once")
    await chat.send(frame)
    await chat.socket.close()
    tab = await another(chat)
    await tab.send(frame)
    accepted = await tab.until("accepted", id=frame["id"])
    while site.messages(accepted["conversation"])[-1]["status"] != "complete":
        await tab.until("done")
    assert [row["text"] for row in site.messages(accepted["conversation"])] == [
        OWN_GREETING,
        "say:once",
        "once",
    ]
    assert len(await agents.log()) == 1


async def test_a_send_again_in_another_conversation(
    chat: Chat, site: Site, agents: Control
) -> None:
    frame = a_send("say:once")
    await chat.send(frame)
    first = await chat.until("accepted")
    await chat.until("done")
    await chat.send({"type": "new"})
    ready = await chat.until("ready")
    await chat.greeting(ready)
    await chat.send(frame)
    assert await chat.until("accepted") == first
    assert await chat.quiet() == []
    assert len(await agents.log()) == 1
    # The new conversation is still to begin.
    await chat.ask("say:two")
    assert chat.conversation != first["conversation"]


async def test_twenty_at_once(chat: Chat, another: Another, site: Site, agents: Control) -> None:
    tabs = [chat, *[await another(chat) for _ in range(4)]]
    frame = a_send("say:once")
    await asyncio.gather(*(tab.send(frame) for tab in tabs for _ in range(4)))
    answers = []
    for tab in tabs:
        answers += [await tab.until("accepted", id=frame["id"]) for _ in range(4)]
    assert all(answer == answers[0] for answer in answers)
    rows = site.messages(answers[0]["conversation"])
    assert [row["seq"] for row in rows] == [1, 2, 3]
    assert len(await agents.log()) == 1
    for tab in tabs:
        while "once" not in tab.texts.values():
            await tab.receive()


async def test_the_same_id_of_another_visitor_is_another_message(chat: Chat, visit: Visit) -> None:
    client_id = str(uuid.uuid4())
    stranger = await visit()
    await stranger.hello()
    mine, theirs = await chat.say("say:a", client_id), await stranger.say("say:b", client_id)
    assert mine["conversation"] != theirs["conversation"]
    assert theirs["message"]["text"] == "say:b"


async def test_the_longest_message_is_counted_in_code_points(chat: Chat) -> None:
    await chat.send(a_send("🙂" * 4000))
    assert len((await chat.until("accepted"))["message"]["text"]) == 4000
    too_long = a_send("🙂" * 4001)
    await chat.send(too_long)
    error = await chat.until("error")
    assert (error["code"], error["id"]) == ("message_too_long", too_long["id"])


async def test_a_platforms_own_limit_is_told_and_kept(visit: Visit) -> None:
    """agentix says 1,000 of this agent, once it has been asked."""
    chat = await visit("agentix")
    await chat.greeting(await chat.hello())
    tab = await visit("agentix")
    assert (await tab.hello())["limits"] == {"max_length": 1000}
    await tab.send(a_send("x" * 1001))
    assert (await tab.until("error"))["code"] == "message_too_long"


# --- one at a time ------------------------------------------------------------------------------


async def test_messages_wait_their_turn(chat: Chat, agents: Control, site: Site) -> None:
    names = [uuid.uuid4().hex for _ in range(3)]
    for name in names:
        await chat.say(f"hold:{name}")
    for number, name in enumerate(names):
        assert await agents.waiting(name) == 1
        assert len(await agents.log()) == number + 1
        await agents.push(name, f"answer {number}")
        await agents.end(name)
        await chat.until("done")
    assert chat.conversation
    texts = [row["text"] for row in site.messages(chat.conversation)][2::2]
    assert texts == ["answer 0", "answer 1", "answer 2"]


async def test_at_most_five_wait(chat: Chat, agents: Control) -> None:
    name = uuid.uuid4().hex
    await chat.say(f"hold:{name}")
    await agents.waiting(name)
    waiting = [a_send(f"say:{number}") for number in range(5)]
    for frame in waiting:
        await chat.send(frame)
        await chat.until("accepted", id=frame["id"])
    sixth = a_send("say:too many")
    await chat.send(sixth)
    error = await chat.until("error")
    assert (error["code"], error["id"], error["retryable"]) == (
        "too_many_pending",
        sixth["id"],
        True,
    )
    # One that was accepted is repeated all the same.
    await chat.send(waiting[0])
    assert (await chat.until("accepted"))["id"] == waiting[0]["id"]
    await agents.end(name)
    for _ in range(6):
        await chat.until("done")
    await chat.send(sixth)
    assert (await chat.until("accepted"))["id"] == sixth["id"]


async def test_a_waiting_reply_is_shown_in_every_tab(
    chat: Chat, another: Another, agents: Control
) -> None:
    name = uuid.uuid4().hex
    await chat.say(f"hold:{name}")
    await agents.waiting(name)
    tab = await another(chat)
    await chat.say("say:second")
    for each in (chat, tab):
        waiting = (await each.until("message", message=Pending()))["message"]
        assert (waiting["seq"], waiting["text"]) == (5, "")
    late = await another(chat)
    assert late.frames[0]["messages"][-1] == waiting
    await agents.end(name)
    for each in (chat, tab, late):
        done = await each.until("done", id=waiting["id"])
        assert done["status"] == "complete"
        assert each.texts[waiting["id"]] == "second"


class Pending(dict[str, Any]):
    """Equal to any message that waits its turn."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, dict) and other.get("status") == "pending"

    __hash__ = None


# --- rich elements ------------------------------------------------------------------------------


async def test_a_product_grid(visit: Visit, another: Another, agents: Control) -> None:
    chat = await visit("agentix")
    await chat.greeting(await chat.hello())
    _, done = await chat.ask("show me products")
    assert done["ui"]["type"] == "product-grid"
    assert done["ui"]["data"][0]["title"] == "Blue Widget"
    _, large = await chat.ask("fault:ui-40k")
    assert len(large["ui"]["data"]) == 290
    tab = await another(chat)
    shown = {each["id"]: each.get("ui") for each in tab.frames[0]["messages"]}
    assert (shown[done["id"]], shown[large["id"]]) == (done["ui"], large["ui"])


@pytest.mark.parametrize("fault", ["ui-malformed", "ui-list", "ui-nul"])
async def test_a_rich_element_that_is_none(visit: Visit, agents: Control, fault: str) -> None:
    """The text is there all the same."""
    chat = await visit("agentix")
    await chat.greeting(await chat.hello())
    text, done = await chat.ask(f"fault:{fault}")
    assert text
    assert done["status"] == "complete"
    assert "ui" not in done
