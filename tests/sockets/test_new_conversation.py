"""New conversations, begun by several tabs of a visitor that do not hear of each other at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings

from chatwidget import db, transcripts
from chatwidget.models import Conversation, new_id
from chatwidget.protocol import New, Send
from chatwidget.providers.base import AgentProfile, Greeting, VisitorIdentity
from chatwidget.relay import drafts, pubsub
from chatwidget.relay.caching import cached
from tests.replaying import Layer, Process, Scripted, Tab, scripts
from tests.stored import a_widget


class Visitor:
    """A visitor's tabs, on processes that have only the transcript in common."""

    def __init__(self) -> None:
        self.widget = a_widget("anew", provider="scripted", greeting="Hello!")
        self.id = new_id()
        self.tabs: list[Tab] = []

    def run(self, talk: Callable[[], Awaitable[None]]) -> None:
        """In a loop of its own: what is left over would be another test's."""

        async def whole() -> None:
            try:
                await talk()
            finally:
                for tab in self.tabs:
                    await tab.close()
                for process in {tab.process for tab in self.tabs}:
                    await process.kill()

        asyncio.run(whole())

    async def open(self, process: Process, conversation: Any = None) -> Tab:
        tab = Tab(process, self.widget, self.id)
        await tab.open(conversation)
        self.tabs.append(tab)
        return tab

    async def say(self, tab: Tab, text: str) -> None:
        """Send a message and have it answered."""
        await tab.do(Send(id=str(new_id()), text=text))
        for running in list(tab.process.relay.running.values()):
            script = scripts.setdefault(str(running.job.conversation), asyncio.Queue())
            script.put_nowait("Yes.")
            script.put_nowait(None)
            assert running.task
            await running.task

    async def latest(self) -> UUID | None:
        """Their latest conversation, as it is stored."""
        return await db.run_in_db_thread(transcripts.check_admission, self.widget.pk, self.id)

    async def told(self) -> None:
        """What there was to be done for events is done."""
        for tab in self.tabs:
            for later in list(tab.shows.turns.later):
                await later

    async def settle(self) -> None:
        """As many ticks as it takes to find what was missed, and to show it."""
        for _ in range(4):
            for process in {tab.process for tab in self.tabs}:
                await process.tick()
            await asyncio.sleep(0.001)  # and so long that a layer delivers
            await self.told()


@pytest.fixture
def visitor(
    transactional_db: None,
    close_threads: None,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Visitor]:
    settings.CHATWIDGET = {"PROVIDERS": {"scripted": "tests.replaying.Scripted"}, "LIMITS": False}
    monkeypatch.setattr(pubsub, "get_channel_layer", lambda: None)
    monkeypatch.setattr(pubsub, "REST_SECONDS", 0.0)
    cache.clear()
    yield Visitor()


@pytest.mark.parametrize("heard", [True, False], ids=["heard", "unheard"])
def test_one_that_nobody_was_told_of_is_found(visitor: Visitor, heard: bool) -> None:
    """By the transcript alone; `heard`: of the message before it, too."""

    async def talk() -> None:
        here, there = await visitor.open(Process()), await visitor.open(Process())
        await visitor.say(here, "hi")
        if heard:
            await visitor.settle()
            assert there.shows.conversation == here.shows.conversation
        before = here.shows.conversation
        await there.do(New())
        await visitor.settle()
        assert here.shows.draft and here.shows.place == there.shows.place != before
        await visitor.say(there, "again")
        await visitor.settle()
        assert here.shows.conversation == there.shows.conversation
        # One that was ended before it was opened is shown as it was.
        late = await visitor.open(here.process, before)
        await visitor.settle()
        assert late.shows.conversation == before

    visitor.run(talk)


@pytest.mark.parametrize("same", [True, False], ids=["one process", "two"])
@pytest.mark.parametrize("stored", [True, False], ids=["stored", "draft"])
def test_two_at_one_moment_are_one(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, stored: bool, same: bool
) -> None:
    layer = Layer()
    monkeypatch.setattr(pubsub, "get_channel_layer", lambda: layer)

    async def talk() -> None:
        here = await visitor.open(Process())
        there = await visitor.open(here.process if same else Process())
        await visitor.settle()
        if stored:
            await visitor.say(here, "hi")
            await visitor.settle()
        before = here.shows.place
        assert there.shows.place == before
        await asyncio.gather(*(tab.do(New()) for tab in visitor.tabs))
        await visitor.settle()
        assert here.shows.draft and here.shows.place == there.shows.place != before
        await visitor.say(there, "hi again")
        await visitor.settle()
        assert here.shows.conversation == there.shows.conversation != before

    visitor.run(talk)


@pytest.mark.parametrize("same", [True, False], ids=["one process", "two"])
def test_in_one_that_was_ended_long_ago_it_is_another_one(visitor: Visitor, same: bool) -> None:
    async def talk() -> None:
        here = await visitor.open(Process())
        await visitor.say(here, "first")
        first = here.shows.conversation
        await here.do(New())
        await visitor.say(here, "second")
        second = here.shows.conversation
        there = await visitor.open(here.process if same else Process(), first)
        await there.do(New())
        await visitor.settle()
        assert there.shows.draft and there.shows.place not in (first, second)
        await visitor.say(there, "third")
        await visitor.settle()
        assert there.shows.conversation not in (None, first, second)
        assert here.shows.conversation == second, "it was not this one that was left"
        assert await visitor.latest() == there.shows.conversation

    visitor.run(talk)


def test_after_one_that_an_earlier_version_ended_it_is_the_latest(visitor: Visitor) -> None:
    async def talk() -> None:
        here = await visitor.open(Process())
        await visitor.say(here, "first")
        first = here.shows.shown
        ended = timezone.now() - timedelta(minutes=5)
        await db.run_in_db_thread(Conversation.objects.filter(pk=first).update, ended_at=ended)
        there = await visitor.open(here.process, new_id())  # unknown: a new one
        await visitor.say(there, "second")
        late = await visitor.open(here.process, first)
        await late.do(New())
        await visitor.say(late, "third")
        assert await visitor.latest() == late.shows.conversation

    visitor.run(talk)


def test_who_is_busy_meanwhile_follows_into_what_has_begun(visitor: Visitor) -> None:
    async def talk() -> None:
        here = await visitor.open(Process())
        there = await visitor.open(here.process)
        await visitor.say(here, "hi")
        await visitor.told()
        async with there.shows.turns.lock:
            await here.do(New())
            await visitor.say(here, "hi again")
        await visitor.settle()
        assert there.shows.conversation == here.shows.conversation

    visitor.run(talk)


def test_what_begins_while_the_draft_is_looked_for_is_shown(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk() -> None:
        elsewhere, process = Process(), Process()
        away = await visitor.open(elsewhere)
        slow, quick = await visitor.open(process), await visitor.open(process)
        await visitor.say(away, "hi")
        await visitor.settle()
        await away.do(New())
        waiting, free = asyncio.Event(), asyncio.Event()

        async def wait(verb: str, *arguments: Any) -> Any:
            if asyncio.current_task() in slow.shows.turns.later:
                waiting.set()
                await free.wait()
            return await cached(verb, *arguments)

        monkeypatch.setattr(drafts, "cached", wait)
        async with asyncio.timeout(30):
            [room] = process.relay.hub.by_id.values()
            for member in room.members:
                member.reload()
            await waiting.wait()
            for later in list(quick.shows.turns.later):
                await later
            await visitor.say(quick, "hi again")
            free.set()
            await visitor.settle()
        assert quick.shows.conversation == away.shows.place
        assert slow.shows.conversation == quick.shows.conversation

    visitor.run(talk)


def test_its_greeting_is_asked_for_once(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def profile(_: Scripted, person: VisitorIdentity) -> AgentProfile:
        asked.append(person.id)
        return AgentProfile(greeting=Greeting("Welcome!", session="s"))

    monkeypatch.setattr(Scripted, "profile", profile)

    async def talk() -> None:
        here = await visitor.open(Process())
        await visitor.open(here.process)
        await visitor.say(here, "hi")
        await visitor.told()
        asked.clear()
        await asyncio.gather(*(tab.do(New()) for tab in visitor.tabs))
        for tab in visitor.tabs:
            assert tab.shows.draft
            await tab.shows.draft.greeted()
            assert (tab.shows.place, tab.shows.draft.session) == (
                here.shows.place,
                "s",
            )
        assert asked == [str(visitor.id)]

    visitor.run(talk)
