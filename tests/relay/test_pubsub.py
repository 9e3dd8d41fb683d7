"""The bus, on a channel layer that goes away."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from channels.layers import InMemoryChannelLayer

from chatwidget.models import new_id
from chatwidget.relay import pubsub
from chatwidget.relay.pubsub import PubSub


class Layer(InMemoryChannelLayer):
    """Fails while it is away."""

    away = False

    async def group_add(self, group: str, channel: str) -> None:
        self._reached()
        await super().group_add(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        self._reached()
        await super().group_discard(group, channel)

    def _reached(self) -> None:
        if self.away:
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
    layer.away = True
    made.leave(left)
    made.join(joined)
    async with asyncio.timeout(10):
        while not made.broken:
            await asyncio.sleep(0)
    layer.away = False
    made.rejoin()
    await until(kept, joined)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
