"""A conversation as it is shown to staff, live, with who has it."""

from __future__ import annotations

from uuid import UUID

from chatwidget import transcripts
from chatwidget.db import run_in_db_thread
from chatwidget.errors import BadRequest
from chatwidget.models import Role
from chatwidget.protocol import Message, Ready, ReadyLimits
from chatwidget.relay.relay import Relay
from chatwidget.sockets.following import Following
from chatwidget.sockets.outbox import Outbox
from chatwidget.sockets.staff_frames import Held, Over, Writing
from chatwidget.sockets.turns import Turns
from chatwidget.transcripts import Entry, Snapshot, Staff

MAX_ANSWER = 8000  # code points of a person's message


class Watching(Following):
    """The conversation that a page of the admin shows."""

    def __init__(
        self, relay: Relay, staff: Staff, language: str, outbox: Outbox, turns: Turns
    ) -> None:
        super().__init__(relay, language, outbox, turns)
        self.staff = staff

    async def open(self, conversation: UUID) -> None:
        """Show a conversation. Raises BadRequest where there is none."""
        async with self.turns.lock:
            self._enter(conversation)
            snapshot = await run_in_db_thread(transcripts.snapshot, conversation)
            if snapshot is None:
                raise BadRequest("no such conversation")
            self._show_snapshot(snapshot)
            await self.show_holder()

    async def show_holder(self) -> None:
        """Show who has it, as of now."""
        if self.conversation:
            found = await run_in_db_thread(transcripts.holder, self.conversation)
            staff = found.staff or Staff("", "")
            mine = staff.id == self.staff.id
            self.outbox.put(Held(holder=staff.id, name=staff.name, mine=mine, asked=found.asked))

    def show_typing(self, author: str) -> None:
        if author != self.staff.name:
            self.outbox.put(Writing(name=author))

    def reset(self, following: UUID | None) -> None:
        if following is None:
            self.turns.spawn(self._reload)
        else:
            self.outbox.put(Over(conversation=str(following)))

    def _show_entry(self, entry: Entry) -> None:
        super()._show_entry(entry)
        if entry.role == Role.EVENT:
            self.turns.spawn(self.show_holder)

    def _show_snapshot(self, snapshot: Snapshot) -> None:
        super()._show_snapshot(snapshot)
        if snapshot.ended:
            self.outbox.put(Over(conversation=""))

    async def _reload(self) -> None:
        if self.conversation is None:
            return
        self._enter(self.conversation)
        snapshot = await run_in_db_thread(transcripts.snapshot, self.conversation)
        if snapshot:
            self._show_snapshot(snapshot)
            await self.show_holder()
        else:
            self._enter(None)
            self.outbox.put(Over(conversation=None))

    def _ready(self, messages: list[Message], *, more: bool) -> Ready:
        return Ready(
            visitor="",
            conversation=str(self.conversation),
            messages=messages,
            more=more,
            limits=ReadyLimits(max_length=MAX_ANSWER),
        )
