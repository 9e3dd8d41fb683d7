"""Every tab shows the same, whichever worker it is connected to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.client import Frame
from tests.delivery.conftest import Pair
from tests.delivery.visits import Visit, a_name, transcript
from tests.platforms.control import Control

Tabs = list[Visit]


@asynccontextmanager
async def three_tabs(pair: Pair) -> AsyncIterator[Tabs]:
    """Two on one worker, one on the other; before anything was sent."""
    async with Visit(pair.a) as here, Visit(pair.a) as beside, Visit(pair.b) as there:
        await here.greeted()
        for chat in (beside, there):
            await chat.greeted(visitor=here.visitor)
        yield [here, beside, there]


async def all_show(tabs: Tabs, **fields: Any) -> list[Frame]:
    return await asyncio.gather(*(chat.until_shown(**fields) for chat in tabs))


async def in_step(tabs: Tabs) -> None:
    """All tabs show what a new one would."""
    fresh = await transcript(tabs[0].server, tabs[0])
    for chat in tabs:
        await chat.rest()
        assert chat.shown.transcript == fresh


async def test_greeted_alike(pair: Pair) -> None:
    """Also tabs that are opened at one moment, on workers that have not met the visitor yet."""
    async with Visit(pair.a) as first:
        visitor = (await first.hello())["visitor"]
    async with Visit(pair.a) as here, Visit(pair.b) as there:
        await asyncio.gather(*(chat.greeted(visitor=visitor) for chat in (here, there)))
        await here.say("say:hello")
        await all_show([here, there], text="hello", status="complete")
        await in_step([here, there])


async def test_what_one_sends_and_receives(pair: Pair, control: Control) -> None:
    async with three_tabs(pair) as tabs:
        for chat in tabs:
            name = a_name()
            await chat.say(f"hold:{name}")
            await all_show(tabs, text=f"hold:{name}", role="user")
            await control.push(name, name)
            await all_show(tabs, text=name, status="streaming")
            await control.push(name, " ist es")
            await control.end(name)
            await all_show(tabs, text=f"{name} ist es", status="complete")
            await in_step(tabs)
            [reply] = [m for m in chat.shown.transcript if m["role"] == "assistant"][-1:]
            await chat.say(f"say:{name}")
            await all_show(tabs, text=name, status="complete")
            await chat.send({"type": "rate", "id": reply["id"], "value": -1})
            await all_show(tabs, id=reply["id"], rating=-1)
        await in_step(tabs)


async def test_stopped_and_retried_from_any(pair: Pair, control: Control) -> None:
    async with three_tabs(pair) as tabs:
        here, _, there = tabs
        name = a_name()
        reply = await here.ask_held(control, name)
        await control.push(name, "half")
        await all_show(tabs, id=reply, text="half")
        await there.send({"type": "stop", "id": reply})
        await all_show(tabs, id=reply, status="stopped", text="half")
        await control.over(name)
        await there.send({"type": "retry", "id": reply})
        await all_show(tabs, id=reply, status="streaming", text="", attempt=2)
        await control.push(name, "whole")
        await control.end(name)
        await all_show(tabs, id=reply, status="complete", text="whole")
        assert await control.waiting(name) == 2
        await in_step(tabs)


async def test_begun_anew_from_any(pair: Pair, control: Control) -> None:
    async with three_tabs(pair) as tabs:
        here, _, there = tabs
        name = a_name()
        reply = await here.ask_held(control, name)
        before = here.conversation
        await there.send({"type": "new"})
        for chat in tabs:
            ready = await chat.until("ready", conversation=None)
            if not ready["messages"]:
                await chat.until("message")
        shown = [chat.shown.transcript for chat in tabs]
        assert [len(each) for each in shown] == [1, 1, 1], "the greeting alone"
        # The reply in flight finishes in its own conversation.
        await control.push(name, "still")
        await control.end(name)
        async with Visit(pair.b) as old:
            await old.hello(visitor=here.visitor, conversation=before)
            await old.until_shown(id=reply, text="still", status="complete")
        await there.say("say:new")
        await all_show(tabs, text="new", status="complete")
        assert len({chat.conversation for chat in tabs}) == 1
        assert here.conversation != before
        await in_step(tabs)
