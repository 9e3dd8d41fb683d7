"""Events between processes: on a channel layer that fails, and from another release."""

from __future__ import annotations

import asyncio
import typing
from typing import Any
from uuid import UUID

import msgspec
import pytest
from channels.layers import InMemoryChannelLayer

from chatwidget.models import new_id
from chatwidget.relay import events, pubsub
from chatwidget.relay.events import StopRequested
from chatwidget.relay.pubsub import PubSub


class Layer(InMemoryChannelLayer):
    """Fails while it is unavailable."""

    unavailable = False

    async def group_add(self, group: str, channel: str) -> None:
        self._reached()
        await super().group_add(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        self._reached()
        await super().group_discard(group, channel)

    def _reached(self) -> None:
        if self.unavailable:
            raise ConnectionError("scripted")


async def test_what_could_not_be_left_is_left_later(monkeypatch: pytest.MonkeyPatch) -> None:
    layer: Any = Layer()
    monkeypatch.setattr(pubsub, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(pubsub, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(pubsub, "REST_SECONDS", 0.0)
    made = PubSub("here", lambda *_: None)
    running = asyncio.create_task(made.run())
    left, kept, joined = new_id(), new_id(), new_id()

    async def until(*conversations: UUID) -> None:
        wanted = {f"chatwidget.{each.hex}" for each in conversations}
        async with asyncio.timeout(10):
            while set(layer.groups) != wanted:
                await asyncio.sleep(0)

    made.join(left)
    made.join(kept)
    await until(left, kept)
    layer.unavailable = True
    made.leave(left)
    made.join(joined)
    async with asyncio.timeout(10):
        while not made.broken:
            await asyncio.sleep(0)
    layer.unavailable = False
    made.rejoin()
    await until(kept, joined)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(
    ("version", "event", "reason"),
    [
        (events.VERSION, {"type": "cake", "id": 1}, "'cake'"),
        (events.VERSION, {"type": "stop"}, "`id`"),
        (events.VERSION + 1, {"type": "stop", "id": str(new_id())}, f"{events.VERSION + 1}"),
    ],
    ids=["unknown kind", "missing field", "another version"],
)
async def test_an_event_of_another_release_is_skipped(
    version: int,
    event: dict[str, Any],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With one line in the log, however many come; what follows arrives."""
    layer: Any = InMemoryChannelLayer()
    monkeypatch.setattr(pubsub, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(events, "_skipped", set())
    received: asyncio.Queue[Any] = asyncio.Queue()
    made = PubSub("here", lambda _, event: received.put_nowait(event))
    running = asyncio.create_task(made.run())
    conversation = new_id()
    made.join(conversation)
    group = f"chatwidget.{conversation.hex}"
    message = {"type": "chatwidget.event", "worker": "there", "conversation": conversation.hex}
    known = StopRequested(id=new_id())
    async with asyncio.timeout(10):
        while group not in layer.groups:
            await asyncio.sleep(0)
        for _ in range(3):
            encoded = msgspec.msgpack.encode(event)
            await layer.group_send(group, {**message, "version": version, "event": encoded})
        await layer.group_send(
            group, {**message, "version": events.VERSION, "event": events.encode(known)}
        )
        assert await received.get() == known
    assert not made.broken
    [line] = [record.getMessage() for record in caplog.records]
    assert "skipped" in line and reason in line
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_tags_are_what_other_releases_know() -> None:
    """A change of one is a new version."""
    tags = {kind: kind.__struct_config__.tag for kind in typing.get_args(events.AnyEvent)}
    of_conversations = {"changed", "text", "activity", "closed", "presence", "stop", "typing"}
    assert set(tags.values()) == of_conversations | {"frames", "taken", "visitors?", "visitors"}
