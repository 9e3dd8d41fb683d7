"""Shows one conversation, as a member of its room: every change once, in order.

What is shown goes into the socket's `Outbox`; nothing here sends. Who is shown it, and what comes
before a conversation and after its end, is for the kinds of this.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from uuid import UUID

from django.utils import translation

from chatwidget import transcripts
from chatwidget.db import run_in_db_thread
from chatwidget.errors import CloseCode, CloseConnection
from chatwidget.models import Status
from chatwidget.protocol import Message, Ready
from chatwidget.relay.relay import Relay
from chatwidget.relay.room import Room
from chatwidget.sockets.outbox import Outbox
from chatwidget.sockets.turns import Turns
from chatwidget.transcripts import Entry, Snapshot

delivery_log = logging.getLogger("chatwidget.delivery")


class Following(ABC):
    """A conversation as one socket is shown it. Implements room.Subscriber.

    It has shown every change up to its `revision`. The next one is shown as it comes; where one is
    missing, all since this revision are read in the transcript.
    """

    def __init__(self, relay: Relay, language: str, outbox: Outbox, turns: Turns) -> None:
        self.relay = relay
        self.language = language
        self.outbox = outbox
        outbox.catch_up = self.reload
        self.turns = turns
        self.conversation: UUID | None = None
        self.revision: int | None = None
        self.ended_at: datetime | None = None  # when the conversation had been, as it is shown
        self._waiting: set[UUID] = set()  # replies that are shown as pending
        self._room: Room | None = None
        self._catching_up = False

    # --- called by the room: never waits, and speaks the reader's language ----------------------

    def apply(self, entries: Sequence[Entry]) -> None:
        if self.revision is not None and entries[0].revision <= self.revision + 1:
            self._show(entries)

    @abstractmethod
    def show_typing(self, author: str) -> None: ...

    def catch_up(self) -> None:
        if not self._catching_up:
            self._catching_up = True
            self.turns.spawn(self._catch_up)

    def reload(self) -> None:
        self.revision = None
        self.catch_up()

    @abstractmethod
    def reset(self, following: UUID | None) -> None: ...

    def leave(self) -> None:
        self.outbox.close(CloseConnection(CloseCode.RESTARTING, "the server is restarting"))

    def gone(self) -> None:
        """The socket is closed."""
        self.outbox.forget()
        self._enter(None)
        self.turns.cancel()

    # --- what is shown ------------------------------------------------------------------------

    def _show(self, entries: Sequence[Entry]) -> None:
        """Show messages as they are now; what was shown as of a later revision stays."""
        # To change the language costs more than all the rest; of a message only failures have one.
        failed = any(entry.error_code for entry in entries)
        with translation.override(self.language) if failed else nullcontext():
            for entry in entries:
                if self.revision is not None and entry.revision > self.revision:
                    self._show_entry(entry)
                    self.revision = entry.revision

    def _show_entry(self, entry: Entry) -> None:
        waited = entry.id in self._waiting
        self._waiting.discard(entry.id)
        if entry.status == Status.STREAMING:
            assert self._room
            self.outbox.follow(self.relay.hub.follow(self._room, entry))
        elif entry.status == Status.PENDING:
            self._waiting.add(entry.id)
            self.outbox.put_message(entry)
        elif waited:
            self.outbox.put_end(entry)
        elif entry.rating or not self.outbox.follows(entry):  # else its `done` says all
            self.outbox.put_message(entry)

    def _show_snapshot(self, snapshot: Snapshot) -> None:
        """Show a conversation instead of all that was shown."""
        room = self._room
        assert room
        delivery_log.debug("%s: as of %d", snapshot.conversation, snapshot.revision)
        self.conversation = snapshot.conversation
        self.revision, self.ended_at = snapshot.revision, snapshot.ended
        self._waiting = {e.id for e in snapshot.entries if e.status == Status.PENDING}
        self.outbox.forget()
        running = next((e for e in snapshot.entries if e.status == Status.STREAMING), None)
        self.outbox.put_messages(
            snapshot.entries,
            lambda messages: self._ready(messages, more=snapshot.more),
            live=self.relay.hub.follow(room, running) if running else None,
        )
        room.note(snapshot.revision)

    @abstractmethod
    def _ready(self, messages: list[Message], *, more: bool) -> Ready: ...

    async def _catch_up(self) -> None:
        """Show what has changed since `revision`; all, where there was no conversation yet."""
        self._catching_up = False
        room, since = self._room, self.revision
        if room is None or (since is not None and since >= room.revision):
            return
        if since is None or self.conversation is None:
            return await self._reload()
        known = room.revision
        delivery_log.debug("%s: behind, %d to %d", self.conversation, since, known)
        changes = await run_in_db_thread(transcripts.changes_since, self.conversation, since)
        if changes is None or self._is_left(changes):
            return await self._reload()
        self.ended_at = changes.ended
        for entry in changes.entries:
            room.settle(entry)
        self._show(changes.entries)
        self.revision = max(since, changes.revision)
        if changes.more or room.revision > known:
            self.catch_up()

    def _is_left(self, snapshot: Snapshot) -> bool:
        """Has the visitor begun another conversation, since this one has been shown?"""
        return snapshot.ended not in (None, self.ended_at)

    @abstractmethod
    async def _reload(self) -> None:
        """Show the conversation again, or what has taken its place."""

    def _enter(self, conversation: UUID | None) -> Room | None:
        """Be in this conversation's room, and in no other; what it shows is yet to be read."""
        self.revision = None
        if self._room is not None and self._room.conversation != conversation:
            self.relay.hub.leave(self._room.conversation, self)
            self._room = None
        if conversation is not None:
            self._room = self.relay.hub.open(conversation)
            if self not in self._room.members:
                self._room.members.append(self)
        return self._room
