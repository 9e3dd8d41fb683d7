"""One socket's way out: frames in order, and the text of the replies that it follows.

An `Outbox` waits until there is something to send, sends `text[cursor:]` as one delta, and waits
again. A slow reader gets fewer and larger deltas, and costs no memory but the text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from uuid import UUID

from chatwidget.errors import CloseCode, CloseConnection
from chatwidget.models import Status
from chatwidget.protocol import (
    PART,
    WINDOW,
    WINDOW_SECONDS,
    Message,
    MessageState,
    ServerFrame,
    dump,
)
from chatwidget.relay.reply import Reply
from chatwidget.sockets import serialize
from chatwidget.transcripts import Entry

# One delta's code points: with four bytes each it stays far below what clients accept as a frame.
MAX_DELTA = 64 * 1024
# Characters of frames that wait for a socket that does not take them, its deltas not among them:
# more than the largest `ready` has.
MAX_WAITING = 1024 * 1024
# Replies kept for a socket that acknowledges nothing: one it has begun, and the next.
MAX_FOLLOWED = 2


class Cursor:
    """How far one socket is in one reply."""

    __slots__ = ("offset", "reply", "then")

    def __init__(self, reply: Reply, offset: int | None) -> None:
        self.reply = reply
        self.offset = offset  # None: its `message` is yet to be sent
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
        "_frames",
        "_given_up",
        "_in_flight",
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
        self._unacknowledged: dict[str, tuple[int, int]] = {}
        self._in_flight = 0
        self._stalled_at: float | None = None
        self._waiter: asyncio.Future[None] | None = None  # while `run` has nothing to send
        self._closing: CloseConnection | None = None

    def put(self, frame: ServerFrame, *, after: UUID | None = None) -> None:
        """Send a frame as soon as the socket takes it.

        `after`: not before this reply's `done`, where it is being followed. A socket for which too
        much waits is given up: `run` raises, since `put` must reach the other sockets of a room.
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
            self._closing = CloseConnection(
                CloseCode.FLOW_CONTROL_TIMEOUT, "the socket does not take its frames"
            )
        self.wake()

    def follow(self, reply: Reply, offset: int | None = None) -> None:
        """Send a reply from `offset` on, to its `done`; all of it with its `message` by default."""
        if self._given_up or self._behind or any(each.reply is reply for each in self._cursors):
            return
        if self._stalled and len(self._cursors) >= MAX_FOLLOWED:
            self._behind = True
            self._unfollow()
            return
        self._cursors.append(Cursor(reply, offset))
        reply.followers[self] = self.wake
        self.wake()

    def follows(self, entry: Entry) -> bool:
        """Is this attempt of a reply being sent? Then its `done` follows."""
        return any(each.reply.is_of(entry) for each in self._cursors)

    def forget(self) -> None:
        """Stop following: all is shown again."""
        self._unfollow()
        self._unacknowledged.clear()
        self._in_flight = 0
        self._stalled_at = None
        self._behind = False

    def _unfollow(self) -> None:
        for cursor in self._cursors:
            cursor.reply.followers.pop(self, None)
            self._waiting -= sum(map(len, cursor.then))
        self._cursors.clear()

    def close(self, reason: CloseConnection) -> None:
        """Send what is waiting and followed; then `run` raises `reason`."""
        self._closing = reason
        self.wake()

    def ack(self, reply_id: str, offset: int) -> None:
        """The client has received a reply up to `offset`. What was never sent is ignored."""
        if reply_id not in self._unacknowledged:
            return
        sent, acknowledged = self._unacknowledged[reply_id]
        offset = min(offset, sent)
        if offset <= acknowledged:
            return
        self._in_flight -= offset - acknowledged
        self._stalled_at = None
        if offset == sent:
            del self._unacknowledged[reply_id]
        else:
            self._unacknowledged[reply_id] = (sent, offset)
        if self._behind and self._in_flight <= WINDOW // 2:
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

        Raises CloseConnection when the window stays exhausted for too long.
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
                raise CloseConnection(
                    CloseCode.FLOW_CONTROL_TIMEOUT, "nothing acknowledged"
                ) from None
        self._waiter = None

    @property
    def _stalled(self) -> bool:
        """The window is exhausted, and there is more to send."""
        if self._behind:
            return True
        if not self._cursors or self._in_flight < WINDOW:
            return False
        cursor = self._cursors[0]
        return (cursor.offset or 0) < cursor.reply.length

    def _next(self) -> str | None:
        if self._frames:
            text = self._frames.pop(0)
            self._waiting -= len(text)
            return text
        if not self._cursors:
            return None
        cursor = self._cursors[0]
        reply, start = cursor.reply, cursor.offset
        if reply.ended and not reply.is_of(reply.ended):
            self._leave(cursor)  # what follows is about a later attempt
            return self._next()
        if start is None:
            text = reply.entry.text[:PART]
            cursor.offset = len(text)
            return dump(MessageState(message=serialize.message(reply.entry, text)))
        if start < reply.length:
            end = min(reply.length, start + min(MAX_DELTA, WINDOW - self._in_flight))
            if end <= start:
                return None
            cursor.offset = end
            self._in_flight += end - start
            # What is unacknowledged of an earlier sending (an earlier attempt, say) still counts.
            sent, acknowledged = self._unacknowledged.get(reply.id, (start, start))
            self._unacknowledged[reply.id] = (end, start - (sent - acknowledged))
            return reply.delta(start, end)
        if reply.ended is None:
            return None
        self._leave(cursor)
        done = dump(serialize.done(reply.ended))
        if start > reply.length:
            # Its process died before it had stored all that was sent of it: what is gone is
            # taken back.
            self._frames.insert(0, done)
            self._waiting += len(done)
            done = dump(MessageState(message=serialize.message(reply.ended)))
        return done

    def _leave(self, cursor: Cursor) -> None:
        self._cursors.remove(cursor)
        cursor.reply.followers.pop(self, None)
        self._frames += cursor.then


def put_entries(
    outbox: Outbox,
    entries: Sequence[Entry],
    frame: Callable[[list[Message]], ServerFrame],
    *,
    live: Reply | None = None,
    after: UUID | None = None,
) -> None:
    """Send entries in one frame, and what follows of them.

    So does what is still to come of `live`, the one in flight.
    """
    messages: list[Message] = []
    following: list[Reply] = []
    for entry in entries:
        reply = live if live and live.entry.id == entry.id else None
        if reply is None and len(entry.text) > PART:
            reply = Reply(entry.id, replace(entry, status=Status.STREAMING, ui=None, error_code=""))
            reply.end(entry)
        if reply is None:
            messages.append(serialize.message(entry))
        else:
            messages.append(serialize.message(reply.entry, reply.text[:PART]))
            following.append(reply)
    outbox.put(frame(messages), after=after)
    for reply in following:
        outbox.follow(reply, min(reply.length, PART))


def put_entry(outbox: Outbox, entry: Entry) -> None:
    """Send an entry's new state."""
    put_entries(outbox, [entry], lambda found: MessageState(message=found[0]), after=entry.id)


def put_end(outbox: Outbox, entry: Entry) -> None:
    """Send a reply's end to who has not followed it."""
    put_entry(outbox, entry)
    if len(entry.text) <= PART:  # else its `done` comes after its last delta
        outbox.put(serialize.done(entry), after=entry.id)
