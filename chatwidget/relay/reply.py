"""A reply in flight: one append-only text.

The relay appends to it (of a replica, the hub). Every socket's outbox follows it by an offset, and
so does the `PubSub` for other processes. Streaming, coalescing, resuming at an exact code point,
several tabs and slow readers all follow from this.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from chatwidget.protocol import Delta, dump
from chatwidget.transcripts import Entry


class Reply:
    """One attempt of a reply: its text so far, and in the end what became of it.

    `ended` is the message as it is then. A later attempt in it says that this one is out of date.
    """

    __slots__ = (
        "_frame",
        "activity",
        "conversation",
        "ended",
        "entry",
        "followers",
        "id",
        "length",
        "superseded",
        "text",
    )

    def __init__(self, conversation: UUID, entry: Entry) -> None:
        self.conversation = conversation
        self.entry = entry
        self.id = str(entry.id)
        self.text = entry.text
        self.length = len(entry.text)
        self.activity = ""  # what the agent does before it goes on writing
        self.ended: Entry | None = None
        self.superseded = False  # its text as it ended does not go on from what there was of it
        self.followers: dict[object, Callable[[], None]] = {}
        self._frame = (0, 0, "")

    def append(self, text: str) -> None:
        """Append text, and wake what follows the reply."""
        # A text that nothing else holds grows where it is; else each piece would copy all of it.
        whole, self.text = self.text, ""
        whole += text
        self.text = whole
        self.activity = ""
        self.length += len(text)
        self._wake()

    def show(self, activity: str) -> None:
        """Show what the agent does, until it writes; empty: nothing any more."""
        self.activity = activity
        self._wake()

    def append_from(self, offset: int, text: str) -> bool:
        """Append what is new of a text that begins at `offset`; False when some before it is
        missing."""
        if offset > self.length:
            return False
        if offset + len(text) > self.length:
            self.append(text[self.length - offset :])
        return True

    def end(self, entry: Entry) -> None:
        """End it as `entry`, which is stored."""
        if self.entry.is_same_attempt(entry):
            shared = min(self.length, len(entry.text))
            self.superseded = self.text[:shared] != entry.text[:shared]
            self.text, self.length = entry.text, len(entry.text)  # one copy, though they be equal
        self.ended = entry
        self.activity = ""
        self._wake()

    def _wake(self) -> None:
        for wake in self.followers.values():
            wake()

    def delta(self, start: int, end: int) -> str:
        """The frame for `text[start:end]`; made once for all who are at the same offset."""
        known_start, known_end, frame = self._frame
        if (known_start, known_end) != (start, end):
            frame = dump(Delta(id=self.id, offset=start, text=self.text[start:end]))
            self._frame = (start, end, frame)
        return frame
