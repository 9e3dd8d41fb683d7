"""Replaying what was sent equals fetching it afresh, whatever happens in whatever order.

Two processes of ours in one event loop, a channel layer that holds, loses and turns round events,
and tabs that read a few frames at a time, break off, and come back: after every step each tab
shows, once it has read what was sent to it, what a new tab would be shown.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from django.core.cache import cache
from django.db import OperationalError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine
from pytest_django import Settings

from chatwidget import db, transcripts
from chatwidget.errors import PlatformUnavailable
from chatwidget.models import Conversation, Message, Widget, new_id
from chatwidget.protocol import New, Rate, Retry, Send, Stop
from chatwidget.providers.base import Anew
from chatwidget.relay import batching, housekeeping, pubsub
from chatwidget.sockets import turns
from chatwidget.transcripts import locking, sql
from tests.replaying import Layer, Process, Said, Tab, asked, scripts
from tests.stored import a_widget

T = TypeVar("T")
SECONDS = 10.0  # until all is still, on a machine that is busy

layers: list[Layer] = []  # the last is that of the example at hand
failing = [0]  # so many of the next loads of a conversation
TEXTS = st.text(alphabet="aé日🙂 ", min_size=1, max_size=12)
TABS = st.integers(0, 3)
PROCESSES = st.integers(0, 1)
# What else a platform says: that it fails, or that what it said was no answer.
OTHERWISE = (PlatformUnavailable("scripted"), Anew())


class Replay(RuleBasedStateMachine):
    """What visitors, platforms and processes do, in any order."""

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.layer = Layer()
        layers.append(self.layer)
        cache.clear()
        scripts.clear()
        asked.clear()
        self.number = 0
        self.visitor = new_id()
        self.tabs: list[Tab] = []
        self.run(self._begin())

    async def _begin(self) -> None:
        self.widget = await db.run_in_db_thread(Widget.objects.get, slug="replayed")
        self.processes = [Process(), Process()]
        await self._open(0, None)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def tab(self, number: int) -> Tab:
        return self.tabs[number % len(self.tabs)]

    async def _open(self, process: int, conversation: UUID | None) -> Tab:
        tab = Tab(self.processes[process], self.widget, self.visitor)
        await tab.open(conversation)
        tab.knew = tab.shows.ended_at
        self.tabs.append(tab)
        return tab

    def last_reply(self, tab: Tab) -> str | None:
        """The id of the last reply that a tab shows."""
        replies = [m["id"] for m in tab.shown.transcript if m["role"] == "assistant"]
        return replies[-1] if replies else None

    # --- what happens ---------------------------------------------------------------------------

    @precondition(lambda self: len(self.tabs) < 4)
    @rule(process=PROCESSES)
    def another_tab(self, process: int) -> None:
        self.run(self._open(process, None))

    @rule(number=TABS, process=PROCESSES, read=st.integers(0, 3))
    def reconnect(self, number: int, process: int, read: int) -> None:
        """At whatever offset the tab had got to; what it has not read is lost."""

        async def again() -> None:
            tab = self.tab(number)
            await tab.read(read)
            await tab.close()
            self.tabs.remove(tab)
            shown = tab.shown.conversation
            await self._open(process, UUID(shown) if shown else None)

        self.run(again())

    @rule(number=TABS, frames=st.integers(1, 4))
    def read(self, number: int, frames: int) -> None:
        self.run(self.tab(number).read(frames))

    @rule(number=TABS, twice=st.booleans())
    def send(self, number: int, twice: bool) -> None:
        self.number += 1
        frame = Send(id=str(new_id()), text=f"message {self.number}")

        async def both() -> None:
            here, there = self.tab(number), self.tab(number + 1)
            tabs = [here, there] if twice and here.shows.place == there.shows.place else [here]
            await asyncio.gather(*(tab.do(frame) for tab in tabs))

        self.run(both())

    @rule(said=st.one_of(TEXTS, TEXTS, st.none(), st.sampled_from(OTHERWISE)))
    def platform_says(self, said: Said) -> None:
        async def say() -> None:
            for process in self.processes:
                for running in process.relay.running.values():
                    key = str(running.job.conversation)
                    scripts.setdefault(key, asyncio.Queue()).put_nowait(said)

        self.run(say())

    @rule(number=TABS)
    def stop(self, number: int) -> None:
        if reply := self.last_reply(self.tab(number)):
            self.run(self.tab(number).do(Stop(id=reply)))

    @rule(number=TABS)
    def retry(self, number: int) -> None:
        if reply := self.last_reply(self.tab(number)):
            self.run(self.tab(number).do(Retry(id=reply)))

    @rule(number=TABS, value=st.sampled_from([1, -1, 0]))
    def rate(self, number: int, value: Any) -> None:
        if reply := self.last_reply(self.tab(number)):
            self.run(self.tab(number).do(Rate(id=reply, value=value)))

    @rule(number=TABS)
    def new(self, number: int) -> None:
        self.run(self.tab(number).do(New()))

    @rule(process=PROCESSES)
    def tick(self, process: int) -> None:
        self.run(self.processes[process].tick())

    @rule()
    def hold_events(self) -> None:
        self.layer.hold()

    @rule(which=st.sampled_from([(), (None, None, -1), (1,), (-1,), (0,), (None, None, 2)]))
    def release_events(self, which: tuple[int | None, ...]) -> None:
        """All of those that were held, or some, in this order or the other."""
        self.run(self.layer.release(slice(*which or (None,))))

    @rule(process=PROCESSES, times=st.integers(1, 3))
    def lose_the_database(self, process: int, times: int) -> None:
        """While the tabs of a process are about to show their conversations afresh."""

        async def reload() -> None:
            failing[0] = times
            for tab in self.tabs:
                if tab.process is self.processes[process]:
                    tab.shows.reload()
            for _ in range(20):
                await asyncio.sleep(0.001)
            failing[0] = 0

        self.run(reload())

    @rule(process=PROCESSES)
    def kill(self, process: int) -> None:
        async def end() -> None:
            for tab in [each for each in self.tabs if each.process is self.processes[process]]:
                await tab.close()
                self.tabs.remove(tab)
            await self.processes[process].kill()
            self.processes[process] = Process()
            if not self.tabs:
                await self._open(1 - process, None)

        self.run(end())

    # --- what must hold -------------------------------------------------------------------------

    @rule()
    def all_show_the_same(self) -> None:
        self.run(self._settle())

    async def _settle(self) -> None:
        """All tabs come to show what a new one does: at once, or when housekeeping has looked."""
        deadline = asyncio.get_running_loop().time() + SECONDS
        while (wrong := await self._wrong()) is not None:
            assert asyncio.get_running_loop().time() < deadline, json.dumps(wrong, indent=1)
            for process in self.processes:
                await process.tick()
            await asyncio.sleep(0.002)
        for number in range(1, self.number + 1):
            text = f"message {number}"
            attempts = await db.run_in_db_thread(self._attempts, text)
            assert asked[text] <= attempts, "once for each send or retry"

    def _ended(self, conversation: UUID) -> datetime | None:
        return Conversation.objects.values_list("ended_at", flat=True).get(pk=conversation)

    def _attempts(self, text: str) -> int:
        sent = Message.objects.filter(visitor=self.visitor, text=text, role="user").first()
        if sent is None:
            return 0
        return Message.objects.get(conversation=sent.conversation_id, seq=sent.seq + 1).attempt

    async def _wrong(self) -> Any:
        """A tab that shows something else than a new one, and both; None when there is none."""
        for tab in self.tabs:
            assert sum(not writer.done() for writer in tab.writers) <= 1, "one at a time"
            for writer in tab.writers:
                assert not writer.done() or writer.exception() is None
            await tab.read(len(tab.unread))
            conversation = tab.shows.conversation
            if conversation is None:
                found = Conversation.objects.filter(pk=tab.shows.place)
                if await db.run_in_db_thread(found.exists):
                    return {"a draft, though there is a conversation": tab.shown.transcript}
                continue
            ended = await db.run_in_db_thread(self._ended, conversation)
            if ended and ended != tab.knew:
                return {"ended meanwhile": tab.shown.transcript}
            fresh = Tab(self.processes[0], self.widget, self.visitor)
            await fresh.open(conversation)
            await asyncio.sleep(0)
            await fresh.read(len(fresh.unread))
            await fresh.close()
            if tab.shown.transcript != fresh.shown.transcript:
                return {"shown": tab.shown.transcript, "fresh": fresh.shown.transcript}
        return None

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            try:
                self.run(self._settle())
            finally:
                self.run(self._end())
                self.runner.close()

    async def _end(self) -> None:
        for tab in self.tabs:
            await tab.close()
        for process in self.processes:
            await process.kill()
        await db.run_in_db_thread(Conversation.objects.all().delete)  # it is not the next one's


def test_replaying_equals_refetching(
    transactional_db: None,
    close_threads: None,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.CHATWIDGET = {
        "PROVIDERS": {"scripted": "tests.replaying.Scripted"},
        "LIMITS": False,
    }
    hour = timedelta(hours=1)  # no lease runs out because the machine is busy
    for module in (locking, sql):
        monkeypatch.setattr(module, "LEASE", hour)
    for read in (transcripts.admitted, transcripts.snapshot, transcripts.changes_since):
        monkeypatch.setattr(transcripts, read.__name__, failing_at_times(read))
    monkeypatch.setattr(turns, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(batching, "BEAT_SECONDS", 0.0)
    monkeypatch.setattr(pubsub, "REST_SECONDS", 0.0)
    monkeypatch.setattr("chatwidget.relay.pubsub.get_channel_layer", lambda: layers[-1])
    monkeypatch.setattr(housekeeping, "SLOW_SECONDS", 60.0)
    a_widget("replayed", provider="scripted", greeting="Hello!")
    run_machine(Replay, settings=MACHINE)


def failing_at_times(read: Callable[..., T]) -> Callable[..., T]:
    def maybe(*arguments: Any) -> T:
        if failing[0]:
            failing[0] -= 1
            raise OperationalError("scripted")
        return read(*arguments)

    return maybe


# With `--hypothesis-profile random`, as many as find what is rare.
MACHINE = settings(
    max_examples=40 if settings.default and settings.default.derandomize else 300,
    stateful_step_count=30,
    suppress_health_check=list(HealthCheck),
)
