"""A reply in flight: one append-only text.

The relay appends to it; every socket's outbox follows it by an offset. Streaming, coalescing,
resuming at an exact code point, several tabs and slow readers all follow from this.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from chatwidget.protocol import Delta, dump
from chatwidget.transcripts import Entry


class Reply:
    """One reply in flight: the text so far, and in the end the `entry` it was stored as."""

    __slots__ = ("_frame", "conversation", "ended", "entry", "followers", "id", "length", "text")

    def __init__(self, conversation: UUID, entry: Entry) -> None:
        self.conversation = conversation
        self.entry = entry
        self.id = str(entry.id)
        self.text = entry.text
        self.length = len(entry.text)
        self.ended: Entry | None = None
        self.followers: set[Callable[[], None]] = set()
        self._frame = (0, 0, "")

    def append(self, text: str) -> None:
        """Append text, and wake what follows the reply."""
        self.text += text
        self.length += len(text)
        self.wake()

    def end(self, entry: Entry) -> None:
        """The reply is stored as `entry`, whose text begins with all that was appended."""
        self.text, self.length = entry.text, len(entry.text)  # one copy, though they be equal
        self.ended = entry
        self.wake()

    def wake(self) -> None:
        for wake in self.followers:
            wake()

    def delta(self, start: int, end: int) -> str:
        """The frame for `text[start:end]`; made once for all who are at the same offset."""
        known_start, known_end, frame = self._frame
        if (known_start, known_end) != (start, end):
            frame = dump(Delta(id=self.id, offset=start, text=self.text[start:end]))
            self._frame = (start, end, frame)
        return frame
