"""A send is accepted once and answered once, whatever becomes of sockets and workers."""

from __future__ import annotations

import asyncio
import uuid

from tests.client import Frame
from tests.conftest import Serve
from tests.delivery.conftest import Database, Pair
from tests.delivery.visits import Visit, a_name, transcript
from tests.platforms.control import Control


async def accepted(chat: Visit, client_id: str, text: str) -> Frame:
    """Send, and take what answers it; nothing is done with the reply."""
    frame = await chat.say(text, client_id)
    return {key: frame[key] for key in ("id", "message", "conversation")}


async def test_two_workers_get_one_send_at_once(pair: Pair, control: Control) -> None:
    name, client_id = a_name(), str(uuid.uuid4())
    async with Visit(pair.a) as here, Visit(pair.b) as there, Visit(pair.a) as beside:
        await here.greeted()
        await there.hello(visitor=here.visitor)
        await beside.hello(visitor=here.visitor)
        chats = (here, there, beside)
        answers = await asyncio.gather(
            *(accepted(chat, client_id, f"hold:{name}") for chat in chats)
        )
        assert answers[0] == answers[1] == answers[2]
        await control.push(name, "once")
        await control.end(name)
        for chat in chats:
            await chat.until_shown(text="once", status="complete")
            assert [each["text"] for each in chat.shown.transcript[1:]] == [f"hold:{name}", "once"]
        assert await control.waiting(name) == 1


async def test_an_accepted_that_was_lost_is_repeated(pair: Pair, control: Control) -> None:
    name, client_id = a_name(), str(uuid.uuid4())
    async with Visit(pair.a) as before:
        await before.greeted()
        await before.say("say:a conversation")
        await before.until("done")
        await before.send({"type": "send", "id": client_id, "text": f"hold:{name}"})
        await control.waiting(name)  # it was accepted, and its `accepted` is on its way
        before.cut()
    for server in (pair.b, pair.a, pair.b):
        async with Visit(server) as after:
            await after.again(before)
            again = await accepted(after, client_id, f"hold:{name}")
            assert again["conversation"] == before.conversation
            assert [each["seq"] for each in after.shown.transcript] == [1, 2, 3, 4, 5]
    await control.end(name)
    assert await control.waiting(name) == 1


async def test_an_id_is_known_in_every_conversation(pair: Pair, control: Control) -> None:
    name, client_id = a_name(), str(uuid.uuid4())
    async with Visit(pair.a) as here:
        await here.greeted()
        first = await accepted(here, client_id, f"hold:{name}")
        await here.send({"type": "new"})
        await here.until("ready", conversation=None)
        assert await accepted(here, client_id, f"hold:{name}") == first
        await here.say("say:something else")
        await here.until("done")
        assert await accepted(here, client_id, f"hold:{name}") == first
        await control.end(name)
        assert await control.waiting(name) == 1
        assert len(await transcript(pair.b, here)) >= 3


async def test_an_id_is_known_after_a_kill(
    serve: Serve, sqlite: Database, control: Control
) -> None:
    name, client_id = a_name(), str(uuid.uuid4())
    server = await serve(db=await sqlite())
    async with Visit(server) as before:
        await before.greeted()
        first = await accepted(before, client_id, f"hold:{name}")
        await control.waiting(name)
        await server.kill()
    await server.restart()
    async with Visit(server) as after:
        await after.again(before)
        assert await accepted(after, client_id, f"hold:{name}") == first
    assert await control.waiting(name) == 1


async def test_another_visitor_has_ids_of_their_own(pair: Pair) -> None:
    client_id = str(uuid.uuid4())
    async with Visit(pair.a) as one, Visit(pair.b) as other:
        for chat in (one, other):
            await chat.greeted()
        first = await accepted(one, client_id, "say:one")
        second = await accepted(other, client_id, "say:other")
        assert first["message"]["id"] != second["message"]["id"]
        for chat in (one, other):
            await chat.until_shown(seq=3, status="complete")
