"""How far one socket is in the text of one message, the rest of which it is sent as deltas."""

from __future__ import annotations

from collections.abc import Callable

from chatwidget.protocol import Delta, dump
from chatwidget.relay.reply import Reply
from chatwidget.transcripts import Entry


class Cursor:
    """In a stored message whose text is longer than a frame holds."""

    __slots__ = ("entry", "id", "offset", "then")

    def __init__(self, entry: Entry, offset: int | None) -> None:
        self.entry = entry
        self.id = str(entry.id)
        self.offset = offset  # None: its `message` is yet to be sent
        self.then: list[str] = []  # frames that are about it as it ended

    @property
    def length(self) -> int:
        return len(self.entry.text)

    @property
    def ended(self) -> Entry | None:
        """The message as it ended; None while its text grows."""
        return self.entry

    @property
    def superseded(self) -> bool:
        """Is the text, as it ended, another than the client was sent?"""
        return False

    def new_activity(self) -> str | None:
        """What its agent does, where the client does not know."""
        return None

    def delta(self, start: int, end: int) -> str:
        text = self.entry.text[start:end]
        return dump(Delta(id=self.id, offset=start, text=text))

    def begin(self, follower: object, wake: Callable[[], None]) -> None:
        """Call `wake` when there is more."""

    def leave(self, follower: object) -> None:
        """Call it no more."""


class ReplyCursor(Cursor):
    """In a reply in flight, whose text grows."""

    __slots__ = ("_activity", "reply")

    def __init__(self, reply: Reply, offset: int | None) -> None:
        super().__init__(reply.entry, offset)
        self.reply = reply
        self._activity = ""  # as the client knows it

    @property
    def length(self) -> int:
        return self.reply.length

    @property
    def ended(self) -> Entry | None:
        return self.reply.ended

    @property
    def superseded(self) -> bool:
        return self.reply.superseded

    def new_activity(self) -> str | None:
        before, self._activity = self._activity, self.reply.activity
        return None if before == self._activity else self._activity

    def delta(self, start: int, end: int) -> str:
        self._activity = ""  # text ends it
        return self.reply.delta(start, end)

    def begin(self, follower: object, wake: Callable[[], None]) -> None:
        self.reply.followers[follower] = wake

    def leave(self, follower: object) -> None:
        self.reply.followers.pop(follower, None)
