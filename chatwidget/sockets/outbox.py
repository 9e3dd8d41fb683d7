"""One socket's way out: frames in order, and the texts that it follows.

An `Outbox` waits until there is something to send, sends `text[cursor:]` as one delta, and waits
again. A slow reader gets fewer and larger deltas, and costs no memory but the text.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from enum import Enum, auto
from uuid import UUID

from chatwidget.errors import CloseCode, CloseConnection
from chatwidget.models import Status
from chatwidget.protocol import (
    PART,
    WINDOW,
    WINDOW_SECONDS,
    Message,
    MessageState,
    SentFrame,
    dump,
)
from chatwidget.relay.reply import Reply
from chatwidget.sockets import serialize
from chatwidget.sockets.cursor import Cursor, ReplyCursor
from chatwidget.sockets.window import Window
from chatwidget.transcripts import Entry

delivery_log = logging.getLogger("chatwidget.delivery")

# One delta's code points: with four bytes each it stays far below what clients accept as a frame.
MAX_DELTA = 64 * 1024
# Characters of frames that wait for a socket that does not take them, its deltas not among them:
# more than the largest `ready` has.
MAX_WAITING = 1024 * 1024
# Texts kept for a socket that acknowledges nothing: one it has begun, and the next.
MAX_FOLLOWED = 2


class State(Enum):
    """What becomes of the frames and texts that an outbox is given."""

    OPEN = auto()  # they are sent
    BEHIND = auto()  # texts are not kept: they are in the transcript when the socket has caught up
    GIVEN_UP = auto()  # nothing is sent any more


class Outbox:
    """One socket's way out. `run` is its only writer, so what is put in order leaves in order.

    Most sockets are idle, so `run` ends when there is nothing more to send, and is begun again.
    """

    __slots__ = (
        *("_at_once", "_begin", "_cursors", "_frames", "_free", "_reason", "_running", "_send"),
        *("_stalled_at", "_state", "_waiter", "_waiting", "_window", "catch_up"),
    )

    def __init__(
        self,
        send: Callable[[str], Awaitable[None]],
        begin: Callable[[], bool],
        at_once: Callable[[str], bool] | None = None,
    ) -> None:
        self._send = send
        self._at_once = at_once  # sends a frame where nothing waits before it; False: not now
        self._begin = begin  # begins a task that does `run`; False: not now
        self._running = False
        self._waiter: asyncio.Future[None] | None = None  # while `run` has nothing to send
        self._free = False  # it waits for as long as that takes
        self._state = State.OPEN
        self._reason: CloseConnection | None = None  # to close, once all is sent
        self._frames: list[str] = []
        self._waiting = 0  # characters in them, and in those that wait for a text's end
        self._cursors: list[Cursor] = []  # texts follow each other; only the first is being sent
        self._window = Window()
        self._stalled_at: float | None = None
        self.catch_up: Callable[[], None] = lambda: None  # called when it is BEHIND no more

    # --- in: never waits ------------------------------------------------------------------------

    def put(self, frame: SentFrame, *, after: UUID | None = None) -> None:
        """Send a frame as soon as the socket takes it; `after`: not before this message's `done`.

        A socket for which too much waits is given up: `run` raises, since `put` must reach the
        other sockets of a room.
        """
        if self._state is State.GIVEN_UP:
            return
        following = (each.then for each in reversed(self._cursors) if each.entry.id == after)
        text = dump(frame)
        delivery_log.debug("> %s, %d characters", type(frame).__name__, len(text))
        next(following, self._frames).append(text)
        self._waiting += len(text)
        if self._waiting > MAX_WAITING:
            self._frames.clear()
            self.forget()
            self._state = State.GIVEN_UP
            self._reason = CloseConnection(
                CloseCode.FLOW_CONTROL_TIMEOUT, "the socket does not take its frames"
            )
        self.wake()

    def follow(self, reply: Reply, offset: int | None = None) -> None:
        """Send a reply from `offset` on, to its `done`; all of it with its `message` by default."""
        if not self.follows(reply.entry):
            self._add(ReplyCursor(reply, offset))

    def follows(self, entry: Entry) -> bool:
        """Is this attempt of a reply being sent? Then its `done` follows."""
        return any(each.entry.is_same_attempt(entry) for each in self._cursors)

    def put_messages(
        self,
        entries: Sequence[Entry],
        frame: Callable[[list[Message]], SentFrame],
        *,
        live: Reply | None = None,
        after: UUID | None = None,
    ) -> None:
        """Send messages in one frame, and the rest of what is too long for it.

        So does what is still to come of `live`, the reply in flight.
        """
        messages: list[Message] = []
        following: list[Cursor] = []
        for entry in entries:
            if live and live.entry.id == entry.id:
                messages.append(serialize.message(live.entry, live.text[:PART]))
                following.append(ReplyCursor(live, min(live.length, PART)))
            elif len(entry.text) > PART:
                begun = replace(entry, status=Status.STREAMING, ui=None, error_code="")
                messages.append(serialize.message(begun, entry.text[:PART]))
                following.append(Cursor(entry, PART))
            else:
                messages.append(serialize.message(entry))
        self.put(frame(messages), after=after)
        for cursor in following:
            self._add(cursor)

    def put_message(self, entry: Entry) -> None:
        """Send a message's new state."""
        self.put_messages([entry], lambda found: MessageState(message=found[0]), after=entry.id)

    def put_end(self, entry: Entry) -> None:
        """Send the end of a reply that was not followed: its `message` and `done`."""
        self.put_message(entry)
        if len(entry.text) <= PART:  # else its `done` comes after its last delta
            self.put(serialize.done(entry), after=entry.id)

    def forget(self) -> None:
        """Follow nothing any more, and take nothing for sent: all is shown again."""
        self._unfollow()
        self._window.clear()
        self._stalled_at = None
        if self._state is State.BEHIND:
            self._state = State.OPEN

    def close(self, reason: CloseConnection) -> None:
        """Send what is waiting and followed; then `run` raises `reason`."""
        self._reason = reason
        self.wake()

    def ack(self, reply_id: str, offset: int) -> None:
        """The client has received a reply up to `offset`. What was never sent is ignored."""
        if self._window.acknowledge(reply_id, offset):
            self._stalled_at = None
            if self._state is State.BEHIND and self._window.left >= WINDOW // 2:
                self.catch_up()
            self.wake()

    def wake(self) -> None:
        """There may be something to send."""
        if self._waiter is None:
            self._running = self._running or self._begin()
        elif not self._waiter.done() and not self._sent_at_once():
            self._waiter.set_result(None)

    def _add(self, cursor: Cursor) -> None:
        if self._state is not State.OPEN:
            return
        if self._stalled and len(self._cursors) >= MAX_FOLLOWED:
            self._state = State.BEHIND
            self._unfollow()
        else:
            self._cursors.append(cursor)
            cursor.begin(self, self.wake)
            self.wake()

    def _unfollow(self) -> None:
        for cursor in self._cursors:
            self._waiting -= sum(map(len, cursor.then))
            cursor.then.clear()
        while self._cursors:
            self._leave(self._cursors[-1])

    # --- out ------------------------------------------------------------------------------------

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
                elif self._reason and not self._cursors:
                    raise self._reason
                elif self._cursors or self._state is State.BEHIND:
                    await self._more()
                else:
                    return
        finally:
            self._running, self._waiter = False, None

    async def _more(self) -> None:
        """Wait until there may be something to send."""
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        self._free = not self._stalled
        if self._free:
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
        if self._state is State.BEHIND:
            return True
        if not self._cursors or self._window.left:
            return False
        cursor = self._cursors[0]
        return (cursor.offset or 0) < cursor.length and not cursor.superseded

    def _next(self) -> str | None:
        if self._frames:
            text = self._frames.pop(0)
            self._waiting -= len(text)
            return text
        if not self._cursors:
            return None
        cursor = self._cursors[0]
        start, ended = cursor.offset, cursor.ended
        if ended and not ended.is_same_attempt(cursor.entry):
            self._leave(cursor)  # what follows is about a later attempt
            return self._next()
        if start is None:
            text = cursor.entry.text[:PART]
            cursor.offset = len(text)
            return dump(MessageState(message=serialize.message(cursor.entry, text)))
        if start < cursor.length and not cursor.superseded:
            return self._delta(cursor, start)
        if ended is None:
            activity = cursor.new_activity()
            return None if activity is None else dump(serialize.activity(cursor.entry, activity))
        self._leave(cursor)
        done = dump(serialize.done(ended))
        if start > cursor.length or cursor.superseded:
            # Its process died before it had stored all that was sent of it, or that was no answer:
            # what is gone is taken back.
            self._frames.insert(0, done)
            self._waiting += len(done)
            done = dump(MessageState(message=serialize.message(ended)))
        return done

    def _delta(self, cursor: Cursor, start: int) -> str | None:
        """More of a text; None where there is none, or the window is exhausted."""
        end = min(cursor.length, start + min(MAX_DELTA, self._window.left))
        if end == start:
            return None
        cursor.offset = end
        self._window.send(cursor.id, start, end)
        delivery_log.debug("> Delta of %s, %d to %d", cursor.id, start, end)
        return cursor.delta(start, end)

    def _sent_at_once(self) -> bool:
        """Send what a reply has grown by, which is most of what is sent, without waking `run`;
        False where that has to see to it."""
        if not (self._at_once and self._free and self._cursors) or self._frames:
            return False
        cursor = self._cursors[0]
        if cursor.offset is None or cursor.ended:
            return False
        assert self._waiter
        try:
            frame = self._delta(cursor, cursor.offset)
            if frame is None:
                return False
            if not self._at_once(frame):
                self._frames.append(frame)
                self._waiting += len(frame)
                return False
        except Exception as error:  # it is this socket's alone, not the reply's
            self._waiter.set_exception(error)
            return True
        return cursor.offset == cursor.length

    def _leave(self, cursor: Cursor) -> None:
        self._cursors.remove(cursor)
        cursor.leave(self)
        self._frames += cursor.then
