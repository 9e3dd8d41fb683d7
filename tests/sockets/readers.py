"""A client at the end of an outbox, without a server in between."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4

from django.utils import timezone
from msgspec import to_builtins

from chatwidget.models import Role, Status
from chatwidget.relay.reply import Reply
from chatwidget.sockets import serialize
from chatwidget.sockets.outbox import Outbox
from chatwidget.transcripts import Entry
from tests.shown import Frame, Shown


def a_reply(text: str = "", **fields: Any) -> Reply:
    entry = Entry(uuid4(), 2, Role.ASSISTANT, text, Status.STREAMING, timezone.now(), **fields)
    return Reply(uuid4(), entry)


def ended(reply: Reply, status: Status = Status.COMPLETE) -> None:
    reply.end(replace(reply.entry, status=status, text=reply.text))


class Reader:
    """A client at the end of an outbox: puts the frames together, and fails where they do not."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.shown = Shown()
        self.outbox = Outbox(self.take, lambda: False)  # `run` is the test's to begin
        self.gate = asyncio.Event()  # a socket takes frames while it is set
        self.gate.set()

    async def take(self, text: str) -> None:
        await self.gate.wait()
        frame = json.loads(text)
        self.frames.append(frame)
        self.shown.apply(frame)

    def begin(self, reply: Reply) -> None:
        """As a `ready` does it, which has the text so far."""
        message = to_builtins(serialize.message(reply.entry, reply.text))
        self.shown.apply({"type": "message", "message": message})
        self.outbox.follow(reply, reply.length)

    @property
    def texts(self) -> dict[str, str]:
        return self.shown.texts

    @property
    def done(self) -> list[str]:
        return [frame["id"] for frame in self.frames if frame["type"] == "done"]

    async def read(self) -> None:
        """All that can be sent by now, sent."""
        task = asyncio.create_task(self.outbox.run())
        await idle()
        task.cancel()
        with suppress(asyncio.CancelledError):  # it has ended where nothing is followed
            await task

    def deltas(self) -> list[Frame]:
        return [frame for frame in self.frames if frame["type"] == "delta"]


async def idle() -> None:
    """Until whoever is ready to run has run."""
    for _ in range(200):
        await asyncio.sleep(0)
