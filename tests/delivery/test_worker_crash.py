"""A process that is killed takes at most the last second of its replies with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import pytest

from tests.conftest import Serve
from tests.delivery.conftest import Database, UntilStored
from tests.delivery.visits import Visit, a_name, eventually, transcript
from tests.platforms.control import Control


async def test_another_worker_goes_on(
    serve: Serve,
    shared: str,
    scaled: Mapping[str, str],
    control: Control,
    until_stored: UntilStored,
) -> None:
    """Watched from a second worker: the end, unasked for, and what waited behind it."""
    doomed, other = await asyncio.gather(
        serve(scaled, "uvicorn", shared), serve(scaled, "daphne", shared)
    )
    name = a_name()
    async with Visit(doomed) as here, Visit(other) as there:
        await here.greeted()
        reply = await here.ask_held(control, name)
        await there.again(here)
        await there.say("say:queued here")
        await here.say("say:queued there")
        await control.push(name, "stored ")
        await here.until_text(reply, "stored ")

        await until_stored(shared, reply, "stored ")
        await control.push(name, "and not")
        await here.until_text(reply, "stored and not")
        await doomed.kill()

        killed = time.monotonic()
        done = await there.until("done", id=reply)
        assert time.monotonic() - killed < 25, "the lease is 4 s, and is looked at once a second"
        assert (done["status"], done["error"]["code"]) == ("interrupted", "interrupted")
        assert there.texts[reply].startswith("stored ")
        for text in ("queued here", "queued there"):
            await there.until_shown(text=text, status="complete")
        assert there.shown.transcript == await transcript(other, there)

        # The one after it was the last: only that can be retried.
        await there.send({"type": "retry", "id": reply})
        await there.until("error", code="bad_request")


async def test_a_single_process_comes_back(
    serve: Serve, sqlite: Database, control: Control, until_stored: UntilStored
) -> None:
    name, behind = a_name(), a_name()
    url = await sqlite()
    server = await serve(db=url)
    async with Visit(server) as before:
        await before.greeted()
        reply = await before.ask_held(control, name)
        await before.say(f"hold:{behind}")
        await control.push(name, "stored")
        await before.until_text(reply, "stored")

        await until_stored(url, reply, "stored")
        await server.kill()
        assert await before.closed() == 1006
    await server.restart()
    async with Visit(server) as after:
        await after.again(before)
        shown = after.shown.messages[reply]
        assert shown["text"] == "stored"
        if shown["status"] == "streaming":
            done = await after.until("done", id=reply)
            assert done["error"]["code"] == "interrupted"
        # What waited behind it is asked now, though nobody has said another word.
        await control.waiting(behind)
        await control.push(behind, "answered")
        await control.end(behind)
        await after.until_shown(text="answered", status="complete")
        assert [each["status"] for each in after.shown.transcript] == [
            *("complete", "complete", "interrupted", "complete", "complete")
        ]
        assert await control.waiting(name) == 1


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_an_interrupted_reply_is_retried(
    serve: Serve, sqlite: Database, control: Control, kind: str
) -> None:
    """Nobody needs to come back for it to be given up, or to ask the process for anything."""
    name = a_name()
    server = await serve({"TRUSTED_PROXIES": "127.0.0.1"}, kind, await sqlite())
    async with Visit(server) as before:
        await before.greeted()
        reply = await before.ask_held(control, name)
        await server.kill()
        await before.closed()
    await server.restart(ready="")

    async def given_up() -> bool:
        return "its process is gone" in server.log

    await eventually(given_up)
    async with Visit(server) as after:
        await after.again(before)
        assert after.shown.messages[reply]["status"] == "interrupted"
        await after.send({"type": "retry", "id": reply, "attempt": 1})
        await after.until_shown(id=reply, status="streaming", attempt=2)
        await after.send({"type": "retry", "id": reply, "attempt": 1})  # stale: nothing
        await control.push(name, "the second time")
        await control.end(name)
        await after.until_shown(id=reply, text="the second time", status="complete")
        assert await control.waiting(name) == 2
