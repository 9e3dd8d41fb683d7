"""Flow control of one socket: how much text it may be sent before it acknowledges some."""

from __future__ import annotations

from chatwidget.protocol import WINDOW


class Window:
    """The code points that a socket has been sent and has not acknowledged."""

    __slots__ = ("_sent", "in_flight")

    def __init__(self) -> None:
        self.in_flight = 0
        # Sent and acknowledged offsets of each reply that is not acknowledged to its end.
        self._sent: dict[str, tuple[int, int]] = {}

    @property
    def left(self) -> int:
        """So much may be sent; nothing where it is exhausted."""
        return max(0, WINDOW - self.in_flight)

    def send(self, reply_id: str, start: int, end: int) -> None:
        """A reply's text from `start` to `end` is sent."""
        self.in_flight += end - start
        # What is unacknowledged of an earlier sending (an earlier attempt, say) still counts.
        sent, acknowledged = self._sent.get(reply_id, (start, start))
        self._sent[reply_id] = (end, start - (sent - acknowledged))

    def acknowledge(self, reply_id: str, offset: int) -> bool:
        """The client has a reply up to `offset`; False where that is not news, or was not sent."""
        sent, acknowledged = self._sent.get(reply_id, (0, 0))
        offset = min(offset, sent)
        if offset <= acknowledged:
            return False
        self.in_flight -= offset - acknowledged
        self._sent[reply_id] = (sent, offset)
        if offset == sent:
            del self._sent[reply_id]
        return True

    def clear(self) -> None:
        """All is shown again, and nothing of it has been sent."""
        self.in_flight = 0
        self._sent.clear()
