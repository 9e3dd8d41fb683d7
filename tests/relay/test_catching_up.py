"""What another process has changed is shown once, in its last state, however its events come."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from pytest_django import Settings

from chatwidget import db, transcripts
from chatwidget.models import new_id
from chatwidget.protocol import Rate, Send
from chatwidget.relay import batching, pubsub
from chatwidget.sockets import subscription
from tests.replaying import Layer, Process, Tab, scripts
from tests.stored import a_widget


class Pair:
    """A visitor's two tabs, on processes of which nobody looks at the clock."""

    def __init__(self) -> None:
        self.layer = Layer()
        self.widget = a_widget("shop", provider="scripted", greeting="Hello!")
        self.visitor = new_id()

    def run(self, talk: Callable[[], Awaitable[None]]) -> None:
        async def whole() -> None:
            self.here, self.there = (Tab(Process(), self.widget, self.visitor) for _ in range(2))
            try:
                for tab in (self.here, self.there):
                    await tab.open(None)
                await self.say("hi")
                await self.in_step()
                await talk()
            finally:
                for tab in (self.here, self.there):
                    await tab.close()
                    await tab.process.kill()

        asyncio.run(whole())

    async def say(self, text: str) -> str:
        """Have a message answered; the reply's id."""
        await self.here.do(Send(id=str(new_id()), text=text))
        return await self.answered()

    async def answered(self) -> str:
        [running] = self.here.process.relay.running.values()
        script = scripts.setdefault(str(running.job.conversation), asyncio.Queue())
        for said in ("Yes.", None):
            script.put_nowait(said)
        assert running.task
        await running.task
        return str(running.job.entry.id)

    async def in_step(self, status: str = "complete") -> None:
        """Wait until both tabs show the same, a last message with this status."""
        async with asyncio.timeout(30):
            while True:
                for tab in (self.here, self.there):
                    await tab.read(len(tab.unread))
                here, there = self.here.shown.transcript, self.there.shown.transcript
                if here == there and here[-1]["status"] == status:
                    return
                await asyncio.sleep(0.001)


@pytest.fixture
def pair(
    transactional_db: None,
    close_threads: None,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Pair]:
    settings.CHATWIDGET = {"PROVIDERS": {"scripted": "tests.replaying.Scripted"}, "LIMITS": False}
    made = Pair()
    monkeypatch.setattr(pubsub, "get_channel_layer", lambda: made.layer)
    monkeypatch.setattr(pubsub, "REST_SECONDS", 0.0)
    monkeypatch.setattr(batching, "BEAT_SECONDS", 0.0)
    cache.clear()
    yield made


@pytest.mark.parametrize(
    "which",
    [slice(0), slice(1), slice(1, None), slice(None, None, -1), slice(None)],
    ids=["none", "the first", "the last", "turned round", "all"],
)
def test_events_that_come_so(pair: Pair, which: slice) -> None:
    async def talk() -> None:
        reply = await pair.say("again")
        await pair.in_step()
        pair.layer.hold()
        for value in (-1, 1):
            await pair.here.do(Rate(id=reply, value=value))
        await pair.layer.holds(2)
        await pair.layer.release(which)
        await pair.say("and again")  # after which something is seen to be missing
        await pair.in_step()
        [rated] = [each for each in pair.there.shown.transcript if each["id"] == reply]
        assert rated["rating"] == 1
        assert pair.there.shows.revision == pair.here.shows.revision

    pair.run(talk)


def test_a_reply_whose_end_was_lost_ends_with_what_comes_next(pair: Pair) -> None:
    async def talk() -> None:
        await pair.here.do(Send(id=str(new_id()), text="again"))
        await pair.in_step("streaming")
        pair.layer.hold()
        await pair.answered()
        await pair.layer.holds(2)  # its text and its end
        await pair.layer.release(slice(0))
        await pair.say("and again")
        await pair.in_step()

    pair.run(talk)


def test_nothing_is_read_where_nothing_is_missing(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []

    async def talk() -> None:
        monkeypatch.setattr(transcripts, "changes_since", read.append)
        monkeypatch.setattr(transcripts, "snapshot", read.append)
        reply = await pair.say("again")
        await pair.here.do(Rate(id=reply, value=1))
        await pair.in_step()
        for tab in (pair.here, pair.there):
            await tab.process.tick()
        await db.run_in_db_thread(lambda: None)

    pair.run(talk)
    assert read == []


def test_the_log_says_what_passes_and_not_what_was_written(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    async def talk() -> None:
        with caplog.at_level(logging.DEBUG, logger="chatwidget"):
            await pair.say("something private")
            await pair.in_step()

    pair.run(talk)
    for said in ("> Accepted", "> Delta", "sends MessagesChanged", "received TextAppended"):
        assert said in caplog.text
    for text in ("something private", "Yes."):
        assert text not in caplog.text


def test_who_has_read_before_another_tab_reads_again(
    transactional_db: None,
    close_threads: None,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two tabs load at one moment; what changes between their readings nobody tells them."""
    settings.CHATWIDGET = {"PROVIDERS": {"scripted": "tests.replaying.Scripted"}, "LIMITS": False}
    monkeypatch.setattr(pubsub, "get_channel_layer", lambda: None)
    widget, visitor = a_widget("twice", provider="scripted", greeting="Hello!"), new_id()
    stored, read, changed = db.run_in_db_thread, asyncio.Event(), asyncio.Event()

    async def slowly(work: Any, *arguments: Any) -> Any:
        result = await stored(work, *arguments)
        if work is transcripts.admitted and not read.is_set():
            read.set()
            await changed.wait()
        return result

    async def talk() -> None:
        elsewhere, here = Process(), Process()
        speaker = Tab(elsewhere, widget, visitor)
        early, late = Tab(here, widget, visitor), Tab(here, widget, visitor)
        await speaker.open(None)
        await speaker.do(Send(id=str(new_id()), text="hi"))
        monkeypatch.setattr(subscription, "run_in_db_thread", slowly)
        opening = asyncio.create_task(early.open(speaker.shows.conversation))
        async with asyncio.timeout(30):
            await read.wait()
            await speaker.do(Send(id=str(new_id()), text="and more"))
            await late.open(speaker.shows.conversation)
            changed.set()
            await opening
            for tab in (early, late):
                while tab.shows.turns.later or not tab.unread:
                    await asyncio.sleep(0)
                await tab.read(len(tab.unread))
        assert early.shown.transcript == late.shown.transcript
        for tab in (speaker, early, late):
            await tab.close()
        for process in (elsewhere, here):
            await process.kill()

    asyncio.run(talk())
