"""SIGTERM: what is under way is finished and stored, and visitors are told to come back."""

from __future__ import annotations

import asyncio
import random
import signal
import uuid
from contextlib import AsyncExitStack

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.client import SECONDS, Closed
from tests.conftest import Serve
from tests.delivery.conftest import Database, Pair
from tests.delivery.visits import Visit, a_name, transcript
from tests.platforms.control import Control
from tests.running import Server

RESTARTING = 4503
ENDED = (0, -signal.SIGTERM)  # uvicorn ends by the signal itself, once it has shut down
BOTH = pytest.mark.parametrize("kind", ["daphne", "uvicorn"])


@BOTH
async def test_a_reply_in_flight_is_finished(
    serve: Serve, sqlite: Database, control: Control, kind: str
) -> None:
    server = await serve(db=await sqlite(), server=kind)
    name, late = a_name(), a_name()
    async with AsyncExitStack() as stack:
        here, idle = [await stack.enter_async_context(Visit(server)) for _ in range(2)]
        await here.greeted()
        await idle.greeted()
        reply = await here.ask_held(control, name)
        await control.push(name, "before ")
        await here.until_text(reply, "before ")

        silent = await stack.enter_async_context(Visit(server))
        server.signal(signal.SIGTERM)
        assert await idle.closed() == RESTARTING
        await silent.hello()  # it was opened before, and is to come back as well
        assert await silent.closed() == RESTARTING
        async with Visit(server) as new:
            assert await new.closed() == RESTARTING
        server.signal(signal.SIGTERM)  # a second one does not cut it short
        accepted = await here.say(f"hold:{late}")
        await control.push(name, "and after")
        await here.until_text(reply, "before and after")
        await control.end(name)
        done = await here.until("done", id=reply)
        assert (done["status"], done["length"]) == ("complete", len("before and after"))
        assert await here.closed() == RESTARTING
        assert await asyncio.wait_for(server.wait(), SECONDS) in ENDED
    assert "Traceback" not in server.log, server.log

    await server.restart()
    async with Visit(server) as after:
        await after.again(here)
        assert after.shown.messages[reply]["text"] == "before and after"
        assert after.shown.messages[accepted["message"]["id"]]["text"] == f"hold:{late}"
        await control.waiting(late)
        await control.push(late, "at last")
        await control.end(late)
        await after.until_shown(text="at last", status="complete")
        assert [await control.waiting(each) for each in (name, late)] == [1, 1]


@BOTH
async def test_a_drain_ends_in_time(
    serve: Serve, sqlite: Database, control: Control, kind: str
) -> None:
    server = await serve({"CHATWIDGET_DRAIN_SECONDS": "0.5"}, kind, await sqlite())
    name = a_name()
    async with Visit(server) as here:
        await here.greeted()
        reply = await here.ask_held(control, name)
        await control.push(name, "half")
        await here.until_text(reply, "half")
        server.signal(signal.SIGTERM)
        done = await here.until("done", id=reply)
        assert (done["status"], done["error"]["code"]) == ("interrupted", "interrupted")
        assert await here.closed() == RESTARTING
        assert await asyncio.wait_for(server.wait(), SECONDS) in ENDED
    await server.restart()
    async with Visit(server) as after:
        await after.again(here)
        shown = after.shown.messages[reply]
        assert (shown["text"], shown["status"]) == ("half", "interrupted")


class Persistent:
    """A visitor who sends so many messages, and comes back whenever the socket is closed."""

    def __init__(self, server: Server, texts: list[str]) -> None:
        self.server = server
        self.unsent = [(str(uuid.uuid4()), text) for text in texts]
        self.texts = texts
        self.last: Visit | None = None
        self.closes: list[int | None] = []
        self.begun = asyncio.Event()

    async def run(self) -> None:
        for attempt in range(200):
            try:
                async with Visit(self.server) as visit:
                    await self._visit(visit)
                    return
            except Closed as closed:
                self.closes.append(closed.code)
            except ConnectionClosed as closed:
                self.closes.append(closed.rcvd.code if closed.rcvd else 1006)
            except (OSError, InvalidHandshake):
                pass  # nobody listens at the moment
            # As the widget does: longer each time, and never all at once.
            await asyncio.sleep(random.uniform(0.05, min(0.2 * (attempt + 1), 1.0)))
        raise AssertionError("never served")

    async def _visit(self, visit: Visit) -> None:
        if self.last is None or self.last.visitor is None:
            await visit.hello()
        else:
            known = self.last.conversation
            await visit.hello(
                visitor=self.last.visitor, **({"conversation": known} if known else {})
            )
        self.last = visit
        while self.unsent:
            client_id, text = self.unsent[0]
            await visit.say(text, client_id)
            self.unsent.pop(0)
            self.begun.set()
            await visit.until_shown(text=text.removeprefix("say:"), status="complete")
        for text in self.texts:
            await visit.until_shown(text=text.removeprefix("say:"), status="complete")


@BOTH
async def test_restarted_under_load(
    serve: Serve, sqlite: Database, control: Control, kind: str
) -> None:
    server = await serve(db=await sqlite(), server=kind)
    visitors = [
        Persistent(server, [f"say:{number}.{turn} " + "word " * 30 for turn in range(5)])
        for number in range(12)
    ]
    tasks = [asyncio.create_task(visitor.run()) for visitor in visitors]
    await asyncio.gather(*(visitor.begun.wait() for visitor in visitors))
    assert await server.terminate() in ENDED
    await server.restart()
    await asyncio.gather(*tasks)
    for visitor in visitors:
        assert visitor.last
        shown = visitor.last.shown.transcript
        assert shown == await transcript(server, visitor.last)
        assert [each["text"] for each in shown if each["role"] == "user"] == visitor.texts
        assert {each["status"] for each in shown} == {"complete"}
        assert set(visitor.closes) <= {RESTARTING, 1006, 1012}
        asked = [each["text"] for each in shown]
        assert len(asked) == len(set(asked)), "once each"


async def test_another_worker_goes_on_meanwhile(workers: Pair, control: Control) -> None:
    """One of two is restarted: its reply is watched on the other, which answers what follows."""
    leaving, staying = workers.a, workers.b
    name = a_name()
    async with Visit(leaving) as here, Visit(leaving) as idle, Visit(staying) as there:
        await here.greeted()
        await idle.greeted()
        reply = await here.ask_held(control, name)
        await there.again(here)
        leaving.signal(signal.SIGTERM)
        assert await idle.closed() == RESTARTING  # the signal has been heard
        async with Visit(leaving) as new:
            assert await new.closed() == RESTARTING
        await here.say("say:from the one that leaves")
        await there.say("say:from the one that stays")
        await control.push(name, "to the end")
        await control.end(name)
        assert await here.closed() == RESTARTING
        async with Visit(staying) as back:
            await back.again(here)
            for chat in (there, back):
                await chat.until_shown(id=reply, text="to the end", status="complete")
                for text in ("from the one that leaves", "from the one that stays"):
                    await chat.until_shown(text=text, status="complete")
            async with asyncio.timeout(SECONDS):
                while there.shown.transcript != back.shown.transcript:
                    await there.receive()
        assert await asyncio.wait_for(leaving.wait(), SECONDS) in ENDED
