"""A reply goes on without its visitor, and is resumed at the exact code point."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from tests.delivery.conftest import Pair
from tests.delivery.visits import Visit, a_name, eventually, transcript
from tests.platforms.control import Control
from tests.services import Redis

# Code points outside the BMP are two units in JavaScript and four bytes in UTF-8.
FIRST, SECOND, THIRD = "Ein 🙂 ", "naïve 日本語 ", "ende 👩‍🚀."


async def test_a_cut_socket_resumes_on_another_worker(
    pair: Pair, control: Control, redis: Redis
) -> None:
    name = a_name()
    async with Visit(pair.a) as before:
        await before.greeted()
        reply = await before.ask_held(control, name)
        await control.push(name, FIRST)
        await before.until_text(reply, FIRST)
        before.cut()
    await control.push(name, SECOND)
    async with Visit(pair.b) as after:
        await after.again(before)
        await after.until_text(reply, FIRST + SECOND)
        await redis.flush()
        await control.push(name, THIRD)
        await control.end(name)
        await after.until_shown(id=reply, text=FIRST + SECOND + THIRD, status="complete")
        assert after.shown.transcript == await transcript(pair.a, after)


async def test_a_reply_ends_and_is_stored_without_anybody(pair: Pair, control: Control) -> None:
    name = a_name()
    async with Visit(pair.a) as before:
        await before.greeted()
        reply = await before.ask_held(control, name)
        before.cut()
    await control.push(name, FIRST)
    await control.end(name)
    await control.over(name)

    async def stored() -> bool:
        last = (await transcript(pair.b, before))[-1]
        return (last["text"], last["status"]) == (FIRST, "complete")

    await eventually(stored)
    async with Visit(pair.b) as after:
        await after.again(before)
        assert after.shown.messages[reply]["text"] == FIRST


async def test_a_close_by_the_server_is_resumed(pair: Pair, control: Control) -> None:
    name = a_name()
    async with Visit(pair.b) as before:
        await before.greeted()
        reply = await before.ask_held(control, name)
        await control.push(name, FIRST)
        await before.until_text(reply, FIRST)
        await before.send("x" * 70_000)
        assert await before.closed() == 4413
    async with Visit(pair.b) as after:
        await after.again(before)
        await control.push(name, SECOND)
        await control.end(name)
        await after.until("done", id=reply)
        assert after.texts[reply] == FIRST + SECOND


async def test_ten_reconnects_in_a_row(pair: Pair, control: Control) -> None:
    name = a_name()
    async with Visit(pair.a) as before:
        await before.greeted()
        reply = await before.ask_held(control, name)
    text = ""
    for number, server in zip(range(10), itertools.cycle([pair.b, pair.a]), strict=False):
        await control.push(name, f"{number}🙂")
        text += f"{number}🙂"
        async with Visit(server) as after:
            await after.again(before)
            if number % 3:
                await after.until_text(reply, text)
            after.cut()
    await control.end(name)
    async with Visit(pair.b) as last:
        await last.again(before)
        await last.until_shown(id=reply, text=text, status="complete")
        assert last.shown.transcript == await transcript(pair.a, last)


@pytest.mark.parametrize("fault", ["restarted", "hung"])
async def test_redis_is_away_in_the_midst(
    pair: Pair, control: Control, redis: Redis, fault: str
) -> None:
    """The transcript, which the other worker reads once a second, carries it meanwhile."""
    name = a_name()
    async with Visit(pair.a) as here, Visit(pair.b) as there:
        await here.greeted()
        reply = await here.ask_held(control, name)
        await there.again(here)
        await control.push(name, FIRST)
        await asyncio.gather(*(chat.until_text(reply, FIRST) for chat in (here, there)))
        async with redis.away(hung=fault == "hung"):
            await control.push(name, SECOND)
            await asyncio.gather(
                *(chat.until_text(reply, FIRST + SECOND) for chat in (here, there))
            )
            await control.end(name)
            for chat in (here, there):
                await chat.until_shown(id=reply, status="complete")
            await here.say("say:meanwhile")
            await here.until_shown(text="meanwhile", status="complete")
        await there.until_shown(text="say:meanwhile")
        await there.until_shown(text="meanwhile", status="complete")
        # And by itself the workers hear of each other again.
        for speaker, listener in ((here, there), (there, here)):
            name = a_name()
            reply = await speaker.ask_held(control, name)
            await control.push(name, THIRD)
            await listener.until_text(reply, THIRD)
            await control.end(name)
            for chat in (here, there):
                await chat.until_shown(id=reply, status="complete")
        assert there.shown.transcript == here.shown.transcript
