"""The socket of a live page of the admin: its user is checked when it opens, and for as long.

Each frame is answered in the order it came; what it does is the transcript's and the relay's.
"""

from __future__ import annotations

import asyncio
import time
from typing import assert_never
from uuid import UUID

from django.utils import translation

from chatwidget import transcripts
from chatwidget.db import db_timeout, run_in_db_thread
from chatwidget.errors import (
    BadFrame,
    BadRequest,
    ChatError,
    CloseCode,
    CloseConnection,
    MessageEmpty,
    MessageTooLong,
)
from chatwidget.languages import choose_language
from chatwidget.protocol import Accepted, Pong, parse
from chatwidget.sockets import serialize
from chatwidget.sockets.line import Line
from chatwidget.sockets.listing import Listing
from chatwidget.sockets.staff import Member, member_of
from chatwidget.sockets.staff_frames import (
    Answer,
    AnyStaffFrame,
    HandBack,
    Seen,
    StaffAck,
    StaffHello,
    StaffPing,
    StaffTyping,
    Take,
)
from chatwidget.sockets.turns import Turns
from chatwidget.sockets.watching import MAX_ANSWER, Watching
from chatwidget.text import as_uuid, is_clean

# A session that has ended, or a permission that is gone, is noticed within this time.
CHECK_SECONDS = 3.0
# That somebody writes is noted no more often, however often their page says so.
TYPING_SECONDS = 2.0


class StaffLine(Line):
    """One page of one of the staff."""

    _member: Member  # as of the last look
    _watching: Watching | None = None
    _listing: Listing | None = None
    _conversation: UUID | None = None  # that it may see, and nothing else
    _checking: asyncio.Task[None] | None = None
    _typed_at = 0.0

    async def _admit(self) -> None:
        self._enter()
        await self._consume_connection()
        await self._check()
        self._checking = asyncio.create_task(self._guarded(self._keep_checking))

    async def _check(self) -> None:
        """Raises CloseConnection for who may not, or no longer, read conversations."""
        async with db_timeout():
            member = await run_in_db_thread(member_of, self._scope, self._conversation)
        if member is None:
            raise CloseConnection(CloseCode.UNAUTHORIZED, "not a member of the staff")
        self._member = member

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            await self._check()

    async def _receive(self, text: str | None, binary: bytes | None) -> None:
        self._measure(text, binary)
        frame_id = None
        try:
            if text is None:
                raise BadFrame("binary")
            frame: AnyStaffFrame = parse(text, AnyStaffFrame)
            frame_id = getattr(frame, "id", None)
            if self._listing is not None:
                self._ping(frame)
            elif self._watching is None:
                await self._hello(frame)
            else:
                await self._do(frame, self._watching)
        except CloseConnection:
            raise
        except transcripts.ConversationGone:
            self._outbox.put(serialize.error(BadRequest("the conversation was erased"), frame_id))
        except ChatError as error:
            if self._watching is None and self._listing is None:
                raise CloseConnection(CloseCode.PROTOCOL, str(error)) from error
            self._outbox.put(serialize.error(error, frame_id))

    async def _hello(self, frame: AnyStaffFrame) -> None:
        if not isinstance(frame, StaffHello):
            raise BadFrame("the first frame must be hello")
        if frame.conversation is None:
            self._listing = Listing(self._relay, lambda: self._member, self._outbox)
            self._begin()
            return
        conversation = as_uuid(frame.conversation)
        if conversation is None:
            raise BadFrame("no conversation")
        self._conversation = conversation
        await self._check()
        language = choose_language("", frame.locale, "")
        translation.activate(language)
        staff = self._member.staff
        watching = Watching(self._relay, staff, language, self._outbox, Turns(self.shut))
        try:
            async with db_timeout():
                await watching.open(conversation)
        except BaseException:
            watching.gone()
            raise
        self._watching = watching
        self._begin()

    def _ping(self, frame: AnyStaffFrame) -> None:
        """A list takes nothing else."""
        if not isinstance(frame, StaffPing):
            raise BadFrame("not for a list")
        self._outbox.put(Pong())

    async def _do(self, frame: AnyStaffFrame, watching: Watching) -> None:
        match frame:
            case StaffAck(id=reply, offset=offset):
                self._outbox.ack(reply, offset)
            case StaffPing():
                self._outbox.put(Pong())
            case StaffTyping():
                await self._type(watching)
            case StaffHello():
                raise BadFrame("a second hello")
            case Seen(seq=seq):
                if place := watching.conversation:
                    await run_in_db_thread(transcripts.record_glance, place, seq)
            case Take() | HandBack() | Answer():
                await self._act(frame, watching)
            case _:
                assert_never(frame)

    async def _act(self, frame: Take | HandBack | Answer, watching: Watching) -> None:
        conversation = watching.conversation
        if conversation is None:
            raise BadRequest("the conversation was erased")
        await self._check()  # now, not as of some seconds ago
        if not self._member.may_answer:
            raise BadRequest("may not answer")
        async with watching.turns.lock:
            match frame:
                case Take(holder=known):
                    await self._take(conversation, known)
                case HandBack():
                    await self._hand_back(conversation)
                case Answer():
                    await self._answer(conversation, frame)
                case _:
                    assert_never(frame)

    async def _take(self, conversation: UUID, known: str) -> None:
        change, running = await run_in_db_thread(
            transcripts.take_over, conversation, self._member.staff, known
        )
        if change:
            self._relay.stop_everywhere(conversation, running)
            self._relay.announce(change)

    async def _hand_back(self, conversation: UUID) -> None:
        change = await run_in_db_thread(
            transcripts.hand_back, conversation, self._member.staff, self._relay.claimant
        )
        if change:
            self._relay.announce(change)

    async def _answer(self, conversation: UUID, frame: Answer) -> None:
        if not is_clean(frame.text):
            raise BadRequest("the text holds a NUL or a lone surrogate")
        if not frame.text.strip():
            raise MessageEmpty
        if len(frame.text) > MAX_ANSWER:
            raise MessageTooLong
        stored = await run_in_db_thread(
            transcripts.store_answer, conversation, self._member.staff, UUID(frame.id), frame.text
        )
        if stored.change:
            self._relay.announce(stored.change)
        self._typed_at = 0.0
        message = serialize.message(stored.entry)
        self._outbox.put(Accepted(id=frame.id, message=message, conversation=str(conversation)))

    async def _type(self, watching: Watching) -> None:
        now = time.monotonic()
        if watching.conversation is None or now - self._typed_at < TYPING_SECONDS:
            return
        self._typed_at = now
        staff = self._member.staff
        if await run_in_db_thread(transcripts.keep_active, watching.conversation, staff):
            self._relay.hub.publish_typing(watching.conversation, staff.name)

    def leave(self) -> None:
        super().leave()
        if self._watching:
            self._watching.gone()
        if self._listing:
            self._listing.cancel()
        if self._checking and self._checking is not asyncio.current_task():
            self._checking.cancel()
