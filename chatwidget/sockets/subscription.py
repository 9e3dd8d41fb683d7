"""What a socket shows: one conversation, as a member of its room; before that, its draft.

Nothing here sends: what is shown goes into the socket's `Outbox`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from django.utils import translation
from msgspec import UNSET

from chatwidget import tokens, transcripts
from chatwidget.db import run_in_db_thread
from chatwidget.errors import (
    BadRequest,
    CloseCode,
    CloseConnection,
    DatabaseUnavailable,
    RateLimited,
)
from chatwidget.models import Status, Widget
from chatwidget.protocol import Message, MessageState, Ready, ReadyLimits
from chatwidget.providers.registry import longest_message, providers
from chatwidget.relay.drafts import Draft, next_conversation_id
from chatwidget.relay.events import MessagesChanged
from chatwidget.relay.relay import Relay
from chatwidget.relay.room import Room
from chatwidget.sockets import rate_limits, serialize
from chatwidget.sockets.client import Client
from chatwidget.sockets.outbox import Outbox
from chatwidget.sockets.turns import Turns
from chatwidget.transcripts import Entry, Snapshot, StoredMessage

delivery_log = logging.getLogger("chatwidget.delivery")


class Subscription:
    """The conversation, or the draft of one, that a socket shows. Implements room.Subscriber.

    It has shown every change up to its `revision`. The next one is shown as it comes; where one is
    missing, all since this revision are read in the transcript.
    """

    def __init__(self, relay: Relay, widget: Widget, client: Client, outbox: Outbox) -> None:
        self.relay = relay
        self.widget = widget
        self.client = client
        self.outbox = outbox
        outbox.catch_up = self.reload
        self.conversation: UUID | None = None
        self.draft: Draft | None = None
        self.revision: int | None = None
        self.ended_at: datetime | None = None  # when the conversation had been, as it is shown
        self._waiting: set[UUID] = set()  # replies that are shown as pending
        self._room: Room | None = None
        self.turns = Turns(partial(relay.admission.shut, client.visitor))
        self._catching_up = False
        self._first: UUID | None = None  # the draft's id, where the visitor has never said a word

    # --- called by the room: never waits, and speaks the visitor's language --------------------

    def apply(self, entries: Sequence[Entry]) -> None:
        if self.draft:
            self._greeted(entries[0])
        elif self.revision is not None and entries[0].revision <= self.revision + 1:
            self._show(entries)

    def catch_up(self) -> None:
        if not self._catching_up:
            self._catching_up = True
            self.turns.spawn(self._catch_up)

    def reload(self) -> None:
        self.revision = None
        self.catch_up()

    def reset(self, following: UUID | None) -> None:
        self.turns.spawn(partial(self._follow_to, following, self._room))

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
        with translation.override(self.client.language):
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

    def _greeted(self, entry: Entry) -> None:
        """Show the draft's greeting; another process's comes too late, or is the same."""
        assert self.draft
        greeting = self.draft.greeting
        if entry.revision == 0 and (greeting is None or greeting is entry):
            self.draft.greeting = entry
            self.outbox.put(MessageState(message=serialize.message(entry)))

    def _show_snapshot(self, snapshot: Snapshot) -> None:
        """Show a conversation instead of all that was shown."""
        room = self._room
        assert room
        delivery_log.debug("%s: as of %d", snapshot.conversation, snapshot.revision)
        self.conversation, self.draft = snapshot.conversation, None
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

    async def start_draft(self, conversation: UUID | None) -> Draft:
        """Show the visitor's draft."""
        if conversation is None and self.conversation:
            conversation = next_conversation_id(self.conversation)  # it was erased
        draft = await self.relay.greetings.draft(
            self.widget,
            self.client.person,
            self.client.language,
            self._greet,
            self._may_ask,
            conversation=conversation,
            otherwise=self._first,
        )
        room = self._enter(draft.conversation)
        self.conversation, self.draft, self.revision, self.ended_at = None, draft, 0, None
        self._waiting.clear()
        self.outbox.forget()
        greeting = [serialize.message(draft.greeting)] if draft.greeting else []
        self.outbox.put(self._ready(greeting, more=False))
        if room:
            room.note(0)  # another tab may have sent its first message
        return draft

    async def _may_ask(self) -> bool:
        """May the platform be asked for a greeting? Else the widget's own is shown."""
        try:
            await rate_limits.consume_address("greetings_per_address", self.client.address)
            return await run_in_db_thread(transcripts.consume_greeting, self.widget)
        except (RateLimited, DatabaseUnavailable):
            return False

    def _greet(self, draft: Draft) -> None:
        if draft.greeting:
            self.relay.hub.publish(draft.conversation, MessagesChanged((draft.greeting,)))

    # --- which conversation -------------------------------------------------------------------

    async def open(self, conversation: UUID | None) -> None:
        """Show a conversation, or a draft where there is none."""
        async with self.turns.lock:
            if conversation and (snapshot := await self._load(conversation)):
                self._show_snapshot(snapshot)
            else:
                await self.start_draft(None)

    async def open_latest(self) -> None:
        """Show the visitor's latest conversation, or the draft of their first one."""
        latest = await run_in_db_thread(transcripts.latest, self.client.visitor)
        known = latest is not None or tokens.is_verified(self.client.visitor)
        self._first = None if known else next_conversation_id(self.client.visitor)
        await self.open(latest)

    def accept(self, stored: StoredMessage) -> None:
        """Take in what the visitor has just stored here: its `accepted` shows it."""
        draft, self.conversation, self.draft = self.draft, stored.conversation, None
        if self.revision == stored.entry.revision - 1:
            self.revision = stored.entry.revision
        elif draft:
            self.reload()  # another tab has begun it, with what that was greeted by

    async def _load(self, conversation: UUID) -> Snapshot | None:
        """Read a conversation; from before that on, its room notes what happens there."""
        self._enter(conversation)
        return await run_in_db_thread(transcripts.snapshot, conversation, self.client.visitor)

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
        if changes is None or changes.ended not in (None, self.ended_at):
            return await self._reload()
        self.ended_at = changes.ended
        for entry in changes.entries:
            room.settle(entry)
        self._show(changes.entries)
        self.revision = max(since, changes.revision)
        if changes.more or room.revision > known:
            self.catch_up()

    async def _reload(self) -> None:
        """Show the conversation again; where another tab has begun a new one, that."""
        place, known = self.place, self.ended_at
        conversation = place
        while (found := await self._load(conversation)) and found.ended not in (None, known):
            conversation = next_conversation_id(conversation, found.ended)
        if found:
            self._show_snapshot(found)
        else:
            erased = conversation == self.conversation
            if erased:
                await self.check_known()
            await self.start_draft(next_conversation_id(place) if erased else conversation)

    async def _follow_to(self, following: UUID | None, room: Room | None) -> None:
        if self._room is room:  # else another conversation has been entered meanwhile
            if following is None:
                await self.check_known()
            await self.start_draft(following)

    async def check_known(self) -> None:
        """The conversation was erased. Raises CloseConnection where its visitor was, too."""
        if self.conversation:
            await run_in_db_thread(transcripts.check_known, self.client.visitor)

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

    def _ready(self, messages: list[Message], *, more: bool) -> Ready:
        profile = self.relay.greetings.profile(self.widget)
        return Ready(
            visitor=tokens.visitor_token(self.client.visitor, self.widget.pk),
            conversation=str(self.conversation) if self.conversation else None,
            messages=messages,
            more=more,
            limits=ReadyLimits(max_length=self.max_length),
            features={"email": True} if profile.asks_email else UNSET,
        )

    @property
    def max_length(self) -> int:
        profile = self.relay.greetings.profile(self.widget)
        return longest_message(providers().get(self.widget.provider), profile.max_length)

    @property
    def place(self) -> UUID:
        """The conversation that is shown, or will be when it has begun."""
        place = self.conversation or (self.draft and self.draft.conversation)
        assert place, "before hello"
        return place

    @property
    def shown(self) -> UUID:
        """The conversation. Raises BadRequest while there is none."""
        if self.conversation is None:
            raise BadRequest("there is no conversation yet")
        return self.conversation
