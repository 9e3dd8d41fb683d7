"""The heart of it: a `Reply` is one append-only text, and sockets follow it with cursors.

Whoever relays a reply appends to it. Every socket has an `Outbox`: the one place its frames leave
from, in order. It waits until there is something to send, sends `text[cursor:]` as one delta, and
waits again. Streaming, coalescing, resuming at an exact code point, several tabs and slow readers
all follow from this: a slow reader gets fewer and larger deltas, and costs no memory but the text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from chatwidget import wire
from chatwidget.errors import CloseCode, Refused
from chatwidget.protocol import WINDOW, WINDOW_SECONDS, Delta, MessageState, ServerFrame, dump
from chatwidget.transcripts import Entry

# One delta's code points: with four bytes each it stays far below what clients accept as a frame.
MAX_DELTA = 64 * 1024
# Characters of frames that wait for a socket that does not take them, its deltas not among them:
# more than the largest `ready` has.
MAX_WAITING = 1024 * 1024
# Replies kept for a socket that acknowledges nothing: one it has begun, and the next.
MAX_FOLLOWED = 2


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
        """More of the text; wakes whoever follows."""
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


class Cursor:
    """How far one socket is in one reply."""

    __slots__ = ("announced", "offset", "reply", "then")

    def __init__(self, reply: Reply, offset: int, announced: bool) -> None:
        self.reply = reply
        self.offset = offset
        self.announced = announced  # has its `message` been sent?
        self.then: list[str] = []  # frames that are about this reply as it ended


class Outbox:
    """One socket's way out. `run` is its only writer, so what is put in order leaves in order.

    Most sockets are idle, so `run` ends when there is nothing more to send, and is begun again.
    """

    __slots__ = (
        "_begin",
        "_behind",
        "_closing",
        "_cursors",
        "_debts",
        "_frames",
        "_given_up",
        "_running",
        "_send",
        "_stalled_at",
        "_unacknowledged",
        "_waiter",
        "_waiting",
        "catch_up",
    )

    def __init__(self, send: Callable[[str], Awaitable[None]], begin: Callable[[], bool]) -> None:
        self._send = send
        self._begin = begin  # begins a task that does `run`; False: not now
        self._running = False
        self._frames: list[str] = []
        self._waiting = 0  # characters in them, and in those that wait for a reply's end
        self._given_up = False
        # Replies follow each other; only the first is being sent.
        self._cursors: list[Cursor] = []
        # Too far behind to keep the texts for it: they are in the transcript when it catches up.
        self._behind = False
        self.catch_up: Callable[[], None] = lambda: None
        # Sent and acknowledged offsets of each reply that is not acknowledged to its end.
        self._debts: dict[str, tuple[int, int]] = {}
        self._unacknowledged = 0
        self._stalled_at: float | None = None
        self._waiter: asyncio.Future[None] | None = None  # while `run` has nothing to send
        self._closing: Refused | None = None

    def put(self, frame: ServerFrame, *, after: UUID | None = None) -> None:
        """Send a frame as soon as the socket takes it.

        `after`: not before this reply's `done`, where it is being followed. A socket for which too
        much waits is given up: `run` raises, since whoever speaks to all must reach the others.
        """
        if self._given_up:
            return
        waiting = self._frames
        if after and self._cursors:
            following = (c.then for c in reversed(self._cursors) if c.reply.entry.id == after)
            waiting = next(following, waiting)
        text = dump(frame)
        waiting.append(text)
        self._waiting += len(text)
        if self._waiting > MAX_WAITING:
            self._given_up = True
            self._frames.clear()
            self.forget()
            self._closing = Refused(CloseCode.WINDOW, "the socket does not take its frames")
        self.wake()

    def follow(self, reply: Reply, offset: int, announced: bool) -> None:
        """Send a reply from `offset` on, to its `done`; before that its `message`, if not known."""
        if self._given_up or self._behind:
            return
        if self._stalled and len(self._cursors) >= MAX_FOLLOWED:
            self._behind = True
            self._unfollow()
            return
        self._cursors.append(Cursor(reply, offset, announced))
        reply.followers.add(self.wake)
        self.wake()

    def forget(self) -> None:
        """Follow nothing any more: all is shown afresh."""
        self._unfollow()
        self._debts.clear()
        self._unacknowledged = 0
        self._stalled_at = None
        self._behind = False

    def _unfollow(self) -> None:
        for cursor in self._cursors:
            cursor.reply.followers.discard(self.wake)
            self._waiting -= sum(map(len, cursor.then))
        self._cursors.clear()

    def close(self, reason: Refused) -> None:
        """Send what is waiting and followed; then `run` raises `reason`."""
        self._closing = reason
        self.wake()

    def ack(self, reply_id: str, offset: int) -> None:
        """The client has received a reply up to `offset`. What was never sent is ignored."""
        if reply_id not in self._debts:
            return
        sent, acknowledged = self._debts[reply_id]
        offset = min(offset, sent)
        if offset <= acknowledged:
            return
        self._unacknowledged -= offset - acknowledged
        self._stalled_at = None
        if offset == sent:
            del self._debts[reply_id]
        else:
            self._debts[reply_id] = (sent, offset)
        if self._behind and self._unacknowledged <= WINDOW // 2:
            self.catch_up()
        self.wake()

    def wake(self) -> None:
        """There may be something to send."""
        if self._waiter is None:
            self._running = self._running or self._begin()
        elif not self._waiter.done():
            self._waiter.set_result(None)

    async def run(self) -> None:
        """Send what there is and what is followed.

        Raises Refused when the window stays exhausted for too long.
        """
        self._running = True
        try:
            while True:
                frame = self._next()
                if frame is not None:
                    await self._send(frame)
                elif self._closing and not self._cursors:
                    raise self._closing
                elif self._cursors or self._behind:
                    await self._more()
                else:
                    return
        finally:
            self._running, self._waiter = False, None

    async def _more(self) -> None:
        """Wait until there may be something to send."""
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        if not self._stalled:
            await self._waiter
        else:
            self._stalled_at = self._stalled_at or loop.time()
            try:
                async with asyncio.timeout_at(self._stalled_at + WINDOW_SECONDS):
                    await self._waiter
            except TimeoutError:
                raise Refused(CloseCode.WINDOW, "nothing acknowledged") from None
        self._waiter = None

    @property
    def _stalled(self) -> bool:
        """The window is exhausted, and there is more to send."""
        if self._behind:
            return True
        if not self._cursors or self._unacknowledged < WINDOW:
            return False
        cursor = self._cursors[0]
        return cursor.offset < cursor.reply.length

    def _next(self) -> str | None:
        if self._frames:
            text = self._frames.pop(0)
            self._waiting -= len(text)
            return text
        if not self._cursors:
            return None
        cursor = self._cursors[0]
        reply, start = cursor.reply, cursor.offset
        if not cursor.announced:
            cursor.announced = True
            return dump(MessageState(message=wire.message(reply.entry)))
        if start < reply.length:
            end = min(reply.length, start + min(MAX_DELTA, WINDOW - self._unacknowledged))
            if end <= start:
                return None
            cursor.offset = end
            self._unacknowledged += end - start
            # What an earlier sending of it owes (an earlier attempt, say) is owed on.
            sent, acknowledged = self._debts.get(reply.id, (start, start))
            self._debts[reply.id] = (end, start - (sent - acknowledged))
            return reply.delta(start, end)
        if reply.ended is None:
            return None
        self._cursors.pop(0)
        reply.followers.discard(self.wake)
        done = dump(wire.done(reply.ended))
        if start > reply.length:
            # Its process died before it had stored all that we had heard of it: what is gone is
            # taken back.
            self._frames.append(done)
            self._waiting += len(done)
            done = dump(MessageState(message=wire.message(reply.ended)))
        self._frames.extend(cursor.then)
        return done
