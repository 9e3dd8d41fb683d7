"""What a socket shows: one conversation, as a member of its room; before that, its draft.

Nothing here sends: what is shown goes into the socket's `Outbox`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import count
from uuid import UUID

from django.utils import translation
from msgspec import UNSET

from chatwidget import tokens, transcripts
from chatwidget.db import run_in_db_thread
from chatwidget.errors import BadRequest, ChatError, CloseCode, CloseConnection
from chatwidget.models import Status, Widget
from chatwidget.protocol import Hello, Message, MessageState, Ready, ReadyLimits
from chatwidget.providers.base import VisitorIdentity, longest_message, providers
from chatwidget.relay.drafts import Draft, next_conversation_id
from chatwidget.relay.events import MessageChanged
from chatwidget.relay.relay import Relay
from chatwidget.relay.reply import Reply
from chatwidget.relay.room import Room
from chatwidget.sockets import serialize
from chatwidget.sockets.client import Client
from chatwidget.sockets.outbox import Outbox, put_end, put_entries, put_entry
from chatwidget.sockets.page_address import page_address
from chatwidget.text import as_uuid, cleaned
from chatwidget.transcripts import Entry, Snapshot, VisitorDetails

logger = logging.getLogger("chatwidget")

# An event may arrive while a conversation is being loaded: then it is loaded again, so often.
LOADS = 5
# Before what could not be loaded is loaded again.
RETRY_SECONDS = 1.0


class Subscription:
    """The conversation, or the draft of one, that a socket shows. Implements room.Subscriber."""

    def __init__(self, relay: Relay, widget: Widget, client: Client, outbox: Outbox) -> None:
        self.relay = relay
        self.widget = widget
        self.client = client
        self.outbox = outbox
        outbox.catch_up = self.reload
        self.details = VisitorDetails()
        self.conversation: UUID | None = None
        self.draft: Draft | None = None
        self._room: Room | None = None
        # One thing at a time: a frame, or what an event asks for.
        self.lock = asyncio.Lock()
        self._loading = False
        self._missed = False
        self._reload_due = False
        self._first: UUID | None = None  # the draft's id, where the visitor has never said a word
        self._read = 0  # the revision as of which the conversation was loaded
        self.ended_at: datetime | None = None  # when it had been, as of then
        self._later: list[asyncio.Task[None]] = []

    # --- called by the room: never waits, and speaks the visitor's language --------------------

    def show(self, entry: Entry, revision: int) -> None:
        if self.conversation is None:
            self._show_in_draft(entry)
        elif not self._noted() and not 0 < revision <= self._read:
            with translation.override(self.client.language):
                put_entry(self.outbox, entry)

    def _show_in_draft(self, entry: Entry) -> None:
        if entry.seq > 1:
            self.reload()  # another tab's first message has made the draft a conversation
        elif self.draft and (self.draft.greeting is None or entry is self.draft.greeting):
            self.draft.greeting = entry
            self.outbox.put(MessageState(message=serialize.message(entry)))

    def follow(self, reply: Reply, revision: int) -> None:
        if self.conversation is None:
            self.reload()
        elif not self._noted() and not 0 < revision <= self._read:
            self.outbox.follow(reply, 0, announced=False)

    def ended(self) -> None:
        self._noted()

    def done(self, entry: Entry, revision: int) -> None:
        if self.conversation is None:
            self.reload()
        elif not self._noted() and not 0 < revision <= self._read:
            with translation.override(self.client.language):
                put_end(self.outbox, entry)

    def reset(self, following: UUID | None) -> None:
        self._spawn(partial(self._follow_to, following, self._room))

    def reload(self) -> None:
        if not self._noted() and not self._reload_due:
            self._reload_due = True
            self._spawn(self._reload)

    async def _reload(self) -> None:
        self._reload_due = False
        known = self.ended_at
        following = self.draft.conversation if self.draft else None
        try:
            found = await self._load(self.place)
            while found and self.conversation and self.ended_at and self.ended_at != known:
                following = next_conversation_id(
                    self.conversation, self.ended_at
                )  # another tab has begun it
                found = await self._load(following)
            if not found:
                await self.start_draft(following)
        except ChatError:
            self._reload_due, self.ended_at = True, known
            self._enter(self.place)  # until then what happens there is shown
            raise

    def leave(self) -> None:
        self.outbox.close(CloseConnection(CloseCode.RESTARTING, "the server is restarting"))

    def gone(self) -> None:
        """The socket is closed."""
        self.outbox.forget()
        self._enter(None)
        for task in self._later:
            task.cancel()

    def _noted(self) -> bool:
        """While the conversation is loaded, an event only says that it must be loaded again."""
        self._missed = self._loading
        return self._loading

    def _spawn(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Run `work` under the lock. If the database is unavailable, retry every second until it
        succeeds: events missed in between are not sent again."""

        async def in_turn() -> None:
            for attempt in count(1):
                try:
                    async with self.lock:
                        return await work()
                except ChatError as error:
                    if attempt == 1:
                        logger.warning("conversation %s: %s", self.conversation, error)
                await asyncio.sleep(RETRY_SECONDS)

        task = asyncio.create_task(in_turn())
        self._later.append(task)
        task.add_done_callback(self._later.remove)

    # --- which conversation -------------------------------------------------------------------

    async def begin(self, hello: Hello) -> None:
        """Answer a `hello`, whose token has been checked, by `ready`."""
        if page := hello.page:
            self.details = replace(
                self.details,
                page_url=page_address(page.url),
                page_title=cleaned(page.title, 500),
                referrer=page_address(page.referrer),
            )
        if identity := hello.identity:
            # Nobody vouches for it: a name and an email, nothing more.
            self.details = replace(
                self.details, name=cleaned(identity.name, 200), email=cleaned(identity.email, 320)
            )
        if hello.conversation is UNSET:
            wanted = await run_in_db_thread(transcripts.latest, self.client.visitor)
            self._first = None if wanted else next_conversation_id(self.client.visitor)
        else:
            wanted = as_uuid(hello.conversation or "")
        async with self.lock:
            if wanted is None or not await self._load(wanted):
                await self.start_draft(None)

    async def _load(self, conversation: UUID) -> bool:
        """Load and show a conversation; False where there is none."""
        room = self._enter(conversation)
        assert room is not None
        self._loading = True
        try:
            for _ in range(LOADS):
                self._missed = False
                snapshot = await run_in_db_thread(
                    transcripts.snapshot, conversation, self.client.visitor
                )
                # What another tab has read since, the room would take for shown here, too.
                behind = snapshot is not None and snapshot.revision < (room.revision or 0)
                if not (self._missed or behind):
                    break
        finally:
            self._loading = False
        if snapshot is None:
            return False
        self.conversation, self.draft = conversation, None
        self._show_snapshot(snapshot, room)
        if self._missed:
            self.reload()
        return True

    def _show_snapshot(self, snapshot: Snapshot, room: Room) -> None:
        self._read, self.ended_at = snapshot.revision, snapshot.ended
        room.read(snapshot.revision)
        self.outbox.forget()
        running = next((e for e in snapshot.entries if e.status == Status.STREAMING), None)
        put_entries(
            self.outbox,
            snapshot.entries,
            lambda messages: self._ready(messages, more=snapshot.more),
            live=self._live(room, running) if running else None,
        )

    def _live(self, room: Room, entry: Entry) -> Reply | None:
        """The reply in flight behind an entry: ours, or a copy of the one that runs elsewhere."""
        if reply := room.in_flight(entry):
            room.append_remote(entry.id, entry.attempt, 0, entry.text)
            return reply
        if entry.owner == self.relay.worker:
            return None  # ours, and just about to begin: `follow` comes
        return self.relay.hub.replica(room, entry)

    async def start_draft(self, conversation: UUID | None) -> Draft:
        """Show the visitor's draft."""
        if conversation is None and self.conversation:
            conversation = next_conversation_id(self.conversation)  # it was erased
        self._loading, self._missed = True, False
        try:
            draft = await self.relay.greetings.draft(
                self.widget,
                self._person,
                self.client.language,
                self._greet,
                conversation=conversation,
                otherwise=self._first,
            )
        finally:
            self._loading = False
        self.conversation, self.draft, self._read, self.ended_at = None, draft, 0, None
        if room := self._enter(draft.conversation):
            room.read(0)
        self.outbox.forget()
        greeting = [serialize.message(draft.greeting)] if draft.greeting else []
        self.outbox.put(self._ready(greeting, more=False))
        if self._missed:
            self.reload()  # another tab has begun it meanwhile
        return draft

    async def _follow_to(self, following: UUID | None, room: Room | None) -> None:
        if self._room is room:  # else another conversation has been entered meanwhile
            await self.start_draft(following)
            if self._room and self._room.revision:
                self.reload()  # another tab had begun it before

    def _greet(self, draft: Draft) -> None:
        if draft.greeting:
            self.relay.hub.publish(draft.conversation, MessageChanged(entry=draft.greeting))

    def _enter(self, conversation: UUID | None) -> Room | None:
        """Be in this conversation's room, and in no other."""
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
    def _person(self) -> VisitorIdentity:
        return VisitorIdentity(
            id=str(self.client.visitor),
            name=self.details.name,
            email=self.details.email,
            locale=self.client.language,
        )

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
