"""Processes and tabs of ours in one event loop, and a platform whose words the test chooses."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from uuid import UUID

from channels.layers import InMemoryChannelLayer
from django.utils import timezone
from msgspec import UNSET

from chatwidget import db
from chatwidget.errors import ChatError, PlatformUnavailable
from chatwidget.models import Message, Widget
from chatwidget.protocol import Ack, AnyClientFrame, Hello
from chatwidget.providers.base import Anew, Delta, Event, Finished, Provider, Turn
from chatwidget.relay.housekeeping import Housekeeping
from chatwidget.relay.relay import Relay
from chatwidget.relay.running import State
from chatwidget.sockets import serialize
from chatwidget.sockets.client import Client
from chatwidget.sockets.outbox import Outbox
from chatwidget.sockets.session import Session
from tests.shown import Frame, Shown

# What the platform is to say next, by conversation: text, that what was said was no answer, None
# for the end, an error to raise.
Said = str | Anew | None | PlatformUnavailable
scripts: dict[str, asyncio.Queue[Said]] = {}
asked: Counter[str] = Counter()


class Scripted(Provider):
    """A platform whose words the test chooses."""

    label = "Scripted"
    needs_base_url = needs_key = needs_agent = False
    can_rewind = True

    async def reply(self, turn: Turn) -> AsyncGenerator[Event, None]:
        asked[turn.text] += 1
        script = scripts.setdefault(turn.conversation, asyncio.Queue())
        while (said := await script.get()) is not None:
            if isinstance(said, PlatformUnavailable):
                raise said
            yield said if isinstance(said, Anew) else Delta(said)
        yield Finished()


class Process:
    """A process of ours, but for its clock: housekeeping ticks when the test says so."""

    def __init__(self) -> None:
        self.relay = Relay()
        self.housekeeping = Housekeeping(self.relay)
        self.pubsub = asyncio.create_task(self.relay.hub.pubsub.run())

    async def tick(self) -> None:
        await self.housekeeping.renew_leases(0)
        await self.housekeeping.run_checks(0)

    async def kill(self) -> None:
        """No more is stored or told, and its leases run out."""
        self.pubsub.cancel()
        tasks = [running.task for running in self.relay.running.values() if running.task]
        for running in self.relay.running.values():
            running.state = State.LOST
        for task in tasks:
            task.cancel()
        await asyncio.gather(self.pubsub, *tasks, return_exceptions=True)
        past = timezone.now() - timedelta(hours=1)
        mine = Message.objects.filter(owner=self.relay.worker)
        await db.run_in_db_thread(mine.update, lease_until=past)


class Tab:
    """One socket and what its client makes of the frames it has read."""

    def __init__(self, process: Process, widget: Widget, visitor: UUID) -> None:
        self.process = process
        self.unread: deque[Frame] = deque()
        self.shown = Shown()
        self.outbox = Outbox(self._send, self._write)
        self.writers: list[asyncio.Task[None]] = []
        self.opened = False
        self.knew: datetime | None = None  # when its conversation had been ended, as it was opened
        client = Client(visitor, address="", embedder="", user_agent="", language="en")
        self.session = Session(process.relay, widget, client, self.outbox)
        self.shows = self.session.subscription

    async def _send(self, text: str) -> None:
        self.unread.append(json.loads(text))

    async def open(self, conversation: UUID | None) -> None:
        wanted = str(conversation) if conversation else UNSET  # the visitor's latest
        await self.session.begin(Hello(conversation=wanted))
        self.opened = True
        self.outbox.wake()

    def _write(self) -> bool:
        if self.opened:
            self.writers = [each for each in self.writers if not each.done()]
            self.writers.append(asyncio.create_task(self.outbox.run()))
        return self.opened

    async def close(self) -> None:
        self.opened = False
        self.session.subscription.gone()
        for writer in self.writers:
            writer.cancel()
        await asyncio.gather(*self.writers, return_exceptions=True)

    async def do(self, frame: AnyClientFrame) -> None:
        try:
            await self.session.handle(frame)
        except ChatError as error:
            self.outbox.put(serialize.error(error))

    async def read(self, frames: int) -> None:
        """Apply so many frames, and acknowledge their text."""
        for _ in range(min(frames, len(self.unread))):
            frame = self.unread.popleft()
            self.shown.apply(frame)
            if frame["type"] == "delta":
                length = len(self.shown.texts[frame["id"]])
                await self.do(Ack(id=frame["id"], offset=length))


class Layer(InMemoryChannelLayer):
    """A channel layer that may hold events for a while, and then deliver or lose them."""

    def __init__(self) -> None:
        super().__init__()
        self._held: list[tuple[str, Frame]] | None = None

    async def group_send(self, group: str, message: Frame) -> None:
        if self._held is None:
            await super().group_send(group, message)
        else:
            self._held.append((group, message))

    def hold(self) -> None:
        if self._held is None:
            self._held = []

    async def holds(self, count: int) -> None:
        """Wait until so many are held."""
        async with asyncio.timeout(30):
            while len(self._held or ()) < count:
                await asyncio.sleep(0)

    async def release(self, which: slice) -> None:
        """Deliver those of the events that were held, in that order."""
        held, self._held = self._held or [], None
        for group, message in held[which]:
            await self.group_send(group, message)
