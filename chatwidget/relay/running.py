"""A reply that this process runs: its text, its reader, its task."""

from __future__ import annotations

import asyncio

from chatwidget.models import Status
from chatwidget.providers.reader import ReplyReader
from chatwidget.relay.reply import Reply
from chatwidget.transcripts import Job


class ActiveReply:
    """One reply of ours."""

    __slots__ = (
        "cancelled",
        "erased",
        "finishing",
        "job",
        "reading",
        "reply",
        "started",
        "stored",
        "task",
    )

    def __init__(self, job: Job, reply: Reply) -> None:
        self.job = job
        self.reply = reply
        self.reading = ReplyReader()
        self.stored: tuple[int, str] = (0, "")  # length and session at the last checkpoint
        self.erased = False  # no longer ours: end quietly
        self.cancelled: Status | None = None  # what it is to end with, when it was cancelled
        self.started = False
        self.finishing = False
        self.task: asyncio.Task[None] | None = None
