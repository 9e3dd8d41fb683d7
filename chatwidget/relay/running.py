"""A reply that this process runs: its text, its reader, its task, and how far it is."""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from typing import Any

from chatwidget.models import Status, Widget
from chatwidget.providers.reader import ReplyReader
from chatwidget.relay.reply import Reply
from chatwidget.transcripts import Job


class State(Enum):
    """How far a reply is."""

    CLAIMED = auto()  # its task has not begun
    READING = auto()  # the platform's answer is read
    STOPPED = auto()  # nothing more is read; what came is to be stored
    LOST = auto()  # it is not ours any more, and nothing is stored
    STORING = auto()  # its end is stored


class ActiveReply:
    """One reply of ours."""

    __slots__ = ("asked", "because", "end_as", "job", "pieces", "reading", "reply", "state", "task")

    def __init__(self, job: Job, reply: Reply) -> None:
        self.job = job
        self.asked = job.widget  # or its fallback
        self.because = ""  # why that was asked
        self.reply = reply
        self.reading = ReplyReader()
        self.pieces = 0  # of its text, as they came
        self.state = State.CLAIMED
        self.end_as = Status.INTERRUPTED  # where it is not read to its end
        self.task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Its task begins. Raises CancelledError where it was stopped before."""
        if self.state is not State.CLAIMED:
            raise asyncio.CancelledError
        self.state = State.READING

    def fall_back(self, widget: Widget, because: str) -> None:
        """Another widget's platform answers."""
        self.asked, self.because, self.reading = widget, because, ReplyReader()

    @property
    def session(self) -> str:
        """The session of the widget's own platform, once it is known."""
        return "" if self.because else self.reading.session

    @property
    def metadata(self) -> dict[str, Any]:
        """What the owner reads beside the answer: the platform's, and who it was."""
        finished = self.reading.finished
        metadata = dict(finished.metadata) if finished else {}
        if self.because:
            metadata |= {"answered_by": self.asked.slug, "because": self.because}
        return metadata

    def stop(self, end_as: Status) -> None:
        """Read no more, and end as `end_as`; too late once its end is being stored."""
        if self.state in (State.CLAIMED, State.READING):
            self.end_as = end_as
            self._cancel(State.STOPPED)

    def lose(self) -> None:
        """Read no more: its conversation was erased, or its lease has run out."""
        if self.state is not State.STORING:
            self._cancel(State.LOST)

    def _cancel(self, state: State) -> None:
        # A task that is cancelled before its first step never runs: `begin` ends that one.
        if self.state is State.READING and self.task:
            self.task.cancel()
        self.state = state
