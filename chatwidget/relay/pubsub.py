"""Publishes the events of conversations to the other processes, through Django's channel layer.

A wake-up and a carrier, never the truth: an event may be lost, and then the transcript has it.
Without a channel layer every call here does nothing. One sending and one receiving task serve the
whole process, so that events keep their order.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

from channels.layers import get_channel_layer

from chatwidget.relay import events
from chatwidget.relay.events import ActivityChanged, AnyEvent, TextAppended
from chatwidget.relay.reply import Reply

logger = logging.getLogger("chatwidget")
delivery_log = logging.getLogger("chatwidget.delivery")

# Deltas for other processes are gathered for this long: a publication costs some hundred µs.
REST_SECONDS = 0.025
# A layer that hangs is one that fails. After a failure, before the next try.
LAYER_SECONDS = 5.0
RETRY_SECONDS = 1.0


class PubSub:
    """The channel layer, as one ordered queue out and one channel in."""

    def __init__(self, worker: str, deliver: Callable[[UUID, AnyEvent], None]) -> None:
        self._worker = worker
        self._deliver = deliver
        self._layer: Any = get_channel_layer()
        self._out: deque[Callable[[], Awaitable[None]]] = deque()
        self._published: dict[UUID, int] = {}  # reply → how much of it the others have been sent
        self._activities: dict[UUID, str] = {}  # and what they know of its agent, where it acts
        self._growing: set[UUID] = set()  # replies with a place in the queue
        self._awake = asyncio.Event()
        self._joined: set[UUID] = set()
        self._subscribed: set[UUID] = set()  # what the layer may know by now
        self._channel = ""
        self.broken = False  # something may have been lost since this was last looked at

    @property
    def is_shared(self) -> bool:
        """Whether there may be other processes."""
        return self._layer is not None

    def join(self, conversation: UUID) -> None:
        """Receive the events of a conversation from now on."""
        self._joined.add(conversation)
        self._queue(partial(self._join, conversation))

    def leave(self, conversation: UUID) -> None:
        """Receive them no more."""
        self._joined.discard(conversation)
        self._queue(partial(self._leave, conversation))

    def rejoin(self) -> None:
        """After a failure: join all conversations again, and leave those that could not be left."""
        self.broken = False
        for conversation in self._joined:
            self._queue(partial(self._join, conversation))
        for conversation in self._subscribed - self._joined:
            self._queue(partial(self._leave, conversation))

    def send(self, conversation: UUID, event: AnyEvent) -> None:
        """Send an event to the processes that have joined the conversation."""
        self._queue(partial(self._send, conversation, event))

    def follow(self, reply: Reply, start: int) -> None:
        """Send a reply's text from `start` on, and all that follows, until it ends."""
        if self._layer is None:
            return
        known = self._published.get(reply.entry.id)
        self._published[reply.entry.id] = start if known is None else min(start, known)
        reply.followers[self] = partial(self._grew, reply)
        self._grew(reply)

    def _grew(self, reply: Reply) -> None:
        """A published reply has more text, or its agent does something else."""
        key = reply.entry.id
        if key in self._growing:
            return
        grown = self._published.get(key, reply.length) < reply.length
        if grown or self._activities.get(key, "") != reply.activity:
            self._growing.add(key)
            self._queue(partial(self._send_growth, reply))
        elif reply.ended:
            self._published.pop(key, None)
            self._activities.pop(key, None)

    def _queue(self, work: Callable[[], Awaitable[None]]) -> None:
        if self._layer is not None:
            self._out.append(work)
            self._awake.set()

    async def run(self) -> None:
        """Send and receive until cancelled."""
        if self._layer is None:
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._receiving())
            tasks.create_task(self._sending())

    async def _receiving(self) -> None:
        while True:
            try:
                if not self._channel:
                    async with asyncio.timeout(LAYER_SECONDS):
                        self._channel = await self._layer.new_channel()
                    for conversation in self._joined:
                        self._queue(partial(self._join, conversation))
                message = await self._layer.receive(self._channel)
                if message["worker"] != self._worker:  # a group's messages reach their sender too
                    self._receive(message)
            except Exception as error:  # whatever the layer's driver raises
                await self._failed(error)

    async def _sending(self) -> None:
        while True:
            await self._awake.wait()
            self._awake.clear()
            while self._out:
                work = self._out.popleft()
                try:
                    async with asyncio.timeout(LAYER_SECONDS):
                        await work()
                except Exception as error:  # whatever the layer's driver raises
                    # What waits is lost like this one: others find the gap, and `rejoin` the rest.
                    self._out.clear()
                    self._growing.clear()
                    await self._failed(error)
            await asyncio.sleep(REST_SECONDS)

    def _receive(self, message: dict[str, Any]) -> None:
        event = events.decode(message["event"], message.get("version", 0))
        if event is not None:
            conversation = UUID(message["conversation"])
            delivery_log.debug("%s: received %s", conversation, type(event).__name__)
            self._deliver(conversation, event)

    async def _join(self, conversation: UUID) -> None:
        if self._channel:
            self._subscribed.add(conversation)
            await self._layer.group_add(_group(conversation), self._channel)

    async def _leave(self, conversation: UUID) -> None:
        if self._channel and conversation not in self._joined:
            await self._layer.group_discard(_group(conversation), self._channel)
            self._subscribed.discard(conversation)

    async def _send(self, conversation: UUID, event: AnyEvent) -> None:
        encoded = events.encode(event)
        delivery_log.debug(
            "%s: sends %s, %d bytes", conversation, type(event).__name__, len(encoded)
        )
        await self._layer.group_send(
            _group(conversation),
            {
                "type": "chatwidget.event",
                "version": events.VERSION,
                "worker": self._worker,
                "conversation": conversation.hex,
                "event": encoded,
            },
        )

    async def _send_growth(self, reply: Reply) -> None:
        entry = reply.entry
        self._growing.discard(entry.id)
        start = self._published.get(entry.id, reply.length)
        if reply.ended:
            self._published.pop(entry.id, None)
        else:
            self._published[entry.id] = reply.length
        if start < reply.length:
            text = reply.text[start:]
            self._activities.pop(entry.id, None)  # text ends it there as well
            await self._send(reply.conversation, TextAppended(entry.id, entry.attempt, start, text))
        activity = reply.activity
        if self._activities.pop(entry.id, "") != activity:
            changed = ActivityChanged(entry.id, entry.attempt, activity)
            await self._send(reply.conversation, changed)
        if activity:
            self._activities[entry.id] = activity

    async def _failed(self, error: Exception) -> None:
        if not self.broken:
            logger.warning("channel layer: %s: %s", type(error).__name__, error)
        self.broken = True
        await asyncio.sleep(RETRY_SECONDS)


def _group(conversation: UUID) -> str:
    return f"chatwidget.{conversation.hex}"
