"""What happens at the same moment, on two workers, ends the same for everybody."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from django.core import signing

from tests.client import SECONDS, Frame
from tests.conftest import Serve
from tests.delivery.conftest import Database, Pair
from tests.delivery.visits import Visit, a_name, calls, transcript
from tests.platforms.control import Control


async def settled(*chats: Visit) -> list[Frame]:
    """Wait until nothing is under way in any tab, and all show what a new one would."""
    for chat in chats:
        async with asyncio.timeout(SECONDS):
            while any(each["status"] in ("pending", "streaming") for each in chat.shown.transcript):
                await chat.receive()
    fresh = await transcript(chats[0].server, chats[0])
    for chat in chats:
        async with asyncio.timeout(SECONDS):
            while chat.shown.transcript != fresh:
                await chat.receive()
    return fresh


@pytest.mark.parametrize("pause", [0, 0.002, 0.005, 0.01])
async def test_stop_against_done(pair: Pair, control: Control, pause: float) -> None:
    async with Visit(pair.a) as here, Visit(pair.b) as there:
        await here.greeted()
        name = a_name()
        reply = await here.ask_held(control, name)
        await there.again(here)
        await control.push(name, "text")
        await there.until_text(reply, "text")

        async def stop() -> None:
            await asyncio.sleep(pause)  # nobody tells when the other is half done
            await there.send({"type": "stop", "id": reply})

        await asyncio.gather(control.end(name), stop())
        [*_, last] = await settled(here, there)
        assert last["text"] == "text" and last["status"] in ("complete", "stopped")
        await here.send({"type": "stop", "id": reply})
        done = await here.until("done", id=reply)
        assert (done["status"], done["length"]) == (last["status"], 4)
        assert await control.waiting(name) == 1


@pytest.mark.parametrize("first", ["retry", "send", "neither"])
async def test_retry_against_send(pair: Pair, control: Control, first: str) -> None:
    async with Visit(pair.a) as here, Visit(pair.b) as there:
        await here.greeted()
        name, sent = a_name(), str(uuid.uuid4())
        reply = await here.ask_held(control, name)
        await control.drop(name)
        await here.until("done", id=reply, status="failed")
        await there.again(here)

        async def retry() -> None:
            await asyncio.sleep(0.02 if first == "send" else 0)
            await here.send({"type": "retry", "id": reply})

        async def send() -> None:
            await asyncio.sleep(0.02 if first == "retry" else 0)
            await there.send({"type": "send", "id": sent, "text": f"say:{sent}"})

        await control.end(name)  # of the second attempt, should there be one
        await asyncio.gather(retry(), send())
        for chat in (here, there):
            await chat.until_shown(text=sent, status="complete")
        await here.rest()
        end = await settled(here, there)
        refused = [f["code"] for f in here.frames if f["type"] == "error"]
        requests = await control.waiting(name)
        if refused:
            assert (refused, requests, end[2]["status"]) == (["bad_request"], 1, "failed")
        else:
            assert (requests, end[2]["attempt"]) == (2, 2)
        assert await calls(control, f"say:{sent}") == 1


async def test_two_tabs_send_at_once(pair: Pair, control: Control) -> None:
    """Six, each to be answered in stored order and never two at a time; a seventh is too many."""
    async with Visit(pair.a) as here, Visit(pair.b) as there:
        await here.greeted()
        await there.greeted(visitor=here.visitor)
        names = [a_name() for _ in range(6)]

        async def send(chat: Visit, mine: list[str]) -> list[Frame]:
            return [await chat.say(f"hold:{name}") for name in mine]

        both = await asyncio.gather(send(here, names[::2]), send(there, names[1::2]))
        sent = [*both[0], *both[1]]
        assert len({frame["conversation"] for frame in sent}) == 1
        await there.send({"type": "send", "id": str(uuid.uuid4()), "text": "one more"})
        await there.until("error", code="too_many_pending")
        ordered = sorted((frame["message"] for frame in sent), key=lambda message: message["seq"])
        assert [message["seq"] for message in ordered] == [2, 4, 6, 8, 10, 12]
        for number, message in enumerate(ordered, 1):
            name = message["text"].removeprefix("hold:")
            await control.waiting(name)
            asked = [await calls(control, f"hold:{each}") for each in names]
            assert sum(asked) == number
            await control.push(name, name)
            await control.end(name)
        end = await settled(here, there)
        answers = [each["text"] for each in end if each["role"] == "assistant"][1:]
        assert [f"hold:{text}" for text in answers] == [message["text"] for message in ordered]


async def test_reconnect_while_the_greeting_is_pending(pair: Pair) -> None:
    """The platform takes longer to greet than is waited for, and the widget's own stands in."""
    async with Visit(pair.a, "slow") as before:
        assert (await before.hello())["messages"] == []
        before.cut()
    async with Visit(pair.a, "slow") as here, Visit(pair.b, "slow") as there:
        for chat in (here, there):
            ready = await chat.hello(visitor=before.visitor)
            assert [each["seq"] for each in ready["messages"]] in ([], [1]), (
                "it may be given up by now"
            )
        accepted = await here.say("Hello")
        assert accepted["message"]["seq"] == 2
        for chat in (here, there):
            greeting = await chat.until_shown(seq=1)
            assert (greeting["role"], greeting["status"]) == ("assistant", "complete")
            reply = await chat.until_shown(seq=3)
        await there.send({"type": "stop", "id": reply["id"]})
        end = await settled(here, there)
        assert [each["seq"] for each in end] == [1, 2, 3]
        assert end[0]["text"] == greeting["text"]


async def test_erased_in_the_midst(pair: Pair, control: Control) -> None:
    async with Visit(pair.a) as here, Visit(pair.b) as there:
        await here.greeted()
        name = a_name()
        await here.ask_held(control, name)
        await there.again(here)
        assert here.visitor
        visitor, _ = signing.loads(here.visitor, salt="chatwidget.visitor")
        erase = (
            "from chatwidget.models import Conversation\n"
            "from chatwidget.transcripts.erasure import erase_conversations\n"
            f"rows = Conversation.objects.filter(visitor={visitor!r})\n"
            "erase_conversations(rows, visitors=False)"
        )
        await pair.a.manage("shell", "-v0", "-c", erase)
        await control.over(name)  # nobody listens to the platform any more
        for chat in (here, there):
            ready = await chat.until("ready")
            assert ready["conversation"] is None
        await there.say("say:after")
        for chat in (here, there):
            await chat.until_shown(text="after", status="complete")
        assert len(await settled(here, there)) == 3


async def test_who_is_forgotten_in_the_midst(pair: Pair, control: Control) -> None:
    async with Visit(pair.a) as here, Visit(pair.b) as there:
        await here.greeted()
        name = a_name()
        await here.ask_held(control, name)
        await there.again(here)
        assert here.visitor
        visitor, _ = signing.loads(here.visitor, salt="chatwidget.visitor")
        await pair.a.manage("forget_visitor", visitor)
        await control.over(name)
        for chat in (here, there):
            assert await chat.closed() == 4401


async def test_a_stop_reaches_another_worker_without_redis(
    serve: Serve, sqlite: Database, control: Control
) -> None:
    database = await sqlite()
    running, other = await asyncio.gather(serve(db=database), serve(db=database, server="uvicorn"))
    async with Visit(running) as here, Visit(other) as there:
        await here.greeted()
        name = a_name()
        reply = await here.ask_held(control, name)
        await control.push(name, "so far")
        await here.until_text(reply, "so far")
        await there.again(here)
        await there.until_text(reply, "so far")
        await there.send({"type": "stop", "id": reply})
        await control.over(name)
        for chat in (here, there):
            await chat.until_shown(id=reply, status="stopped", text="so far")
        # A queued one is stopped before it is asked, and what is behind it is answered.
        held, never = a_name(), a_name()
        await here.ask_held(control, held)
        await there.say(f"hold:{never}")
        await there.say("say:the last")
        queued = await there.until_shown(text="", status="pending")
        await there.send({"type": "stop", "id": queued["id"]})
        await there.until_shown(id=queued["id"], status="stopped")
        await control.end(held)
        for chat in (here, there):
            await chat.until_shown(text="the last", status="complete")
        await settled(here, there)
        assert await calls(control, f"hold:{never}") == 0
