"""A visitor's socket shows one conversation by this; before its first message, the draft of one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from msgspec import UNSET

from chatwidget import tokens, transcripts
from chatwidget.db import run_in_db_thread
from chatwidget.errors import BadRequest, DatabaseUnavailable, RateLimited
from chatwidget.models import Widget
from chatwidget.protocol import Author, Message, MessageState, Ready, ReadyLimits, Typing
from chatwidget.providers.registry import longest_message, providers
from chatwidget.relay.drafts import Draft, next_conversation_id
from chatwidget.relay.events import MessagesChanged
from chatwidget.relay.relay import Relay
from chatwidget.relay.room import Room
from chatwidget.sockets import rate_limits, serialize
from chatwidget.sockets.client import Client
from chatwidget.sockets.following import Following
from chatwidget.sockets.outbox import Outbox
from chatwidget.sockets.turns import Turns
from chatwidget.transcripts import (
    Entry,
    NewConversation,
    NewMessage,
    Snapshot,
    StoredMessage,
)


class Subscription(Following):
    """The conversation, or the draft of one, that a visitor's socket shows."""

    def __init__(self, relay: Relay, widget: Widget, client: Client, outbox: Outbox) -> None:
        turns = Turns(partial(relay.admission.shut, client.visitor))
        super().__init__(relay, client.language, outbox, turns)
        self.widget = widget
        self.client = client
        self.draft: Draft | None = None
        self._first: UUID | None = None  # the draft's id, where the visitor has never said a word

    # --- called by the room -------------------------------------------------------------------

    def apply(self, entries: Sequence[Entry]) -> None:
        if self.draft:
            self._greeted(entries[0])
        else:
            super().apply(entries)

    def show_typing(self, author: str) -> None:
        if author:
            self.outbox.put(Typing(author=Author(author)))

    def reset(self, following: UUID | None) -> None:
        self.turns.spawn(partial(self._follow_to, following, self._room))

    # --- what is shown ------------------------------------------------------------------------

    def _greeted(self, entry: Entry) -> None:
        """Show the draft's greeting; another process's comes too late, or is the same."""
        assert self.draft
        greeting = self.draft.greeting
        if entry.revision == 0 and (greeting is None or greeting is entry):
            self.draft.greeting = entry
            self.outbox.put(MessageState(message=serialize.message(entry)))

    def _show_snapshot(self, snapshot: Snapshot) -> None:
        self.draft = None
        super()._show_snapshot(snapshot)

    async def start_draft(self, conversation: UUID | None, *, gone: bool = False) -> Draft:
        """Show the visitor's draft; `gone`: what they had, or asked for, is there no more."""
        if conversation is None and self.conversation:
            conversation, gone = next_conversation_id(self.conversation), True  # it was erased
        is_new, self.client.is_new = self.client.is_new, False
        shown, self.client.greeting = self.client.greeting, ""  # of what comes after, not
        draft = await self.relay.greetings.draft(
            self.widget,
            self.client.person,
            self.client.language,
            self._greet,
            self._may_ask,
            conversation=conversation,
            otherwise=self._first,
            may_be_kept=not is_new,
            shown=shown,
        )
        room = self._enter(draft.conversation)
        self.conversation, self.draft, self.revision, self.ended_at = None, draft, 0, None
        self._waiting.clear()
        self.outbox.forget()
        greeting = [serialize.message(draft.greeting)] if draft.greeting else []
        self.outbox.put(self._ready(greeting, more=False, gone=gone))
        if room:
            room.note(0)  # another tab may have sent its first message
        return draft

    async def _may_ask(self) -> bool:
        """May the platform be asked for a greeting? Else the widget's own is shown."""
        try:
            await rate_limits.consume_address("greetings_per_address", self.client.address)
            if not self.widget.typed_budgets.daily_greetings:
                return True
            return await run_in_db_thread(transcripts.consume_greeting, self.widget)
        except (RateLimited, DatabaseUnavailable):
            return False

    def _greet(self, draft: Draft) -> None:
        if draft.greeting:
            self.relay.hub.publish(draft.conversation, MessagesChanged((draft.greeting,)))

    # --- which conversation -------------------------------------------------------------------

    async def open(self, conversation: UUID | None) -> None:
        """Show a conversation, or a draft where there is none. Raises CloseConnection."""
        async with self.turns.lock:
            snapshot = None
            if conversation:
                self._enter(conversation)
                snapshot = await run_in_db_thread(
                    transcripts.admitted, self.widget.pk, self.client.visitor, conversation
                )
            else:
                await self._latest()
            await self._show_or_draft(snapshot, gone=conversation is not None)

    async def open_latest(self) -> None:
        """Show the visitor's latest conversation, or the draft of their first one. Raises
        CloseConnection."""
        visitor = self.client.visitor
        async with self.turns.lock:
            latest = await self._latest()
            known = latest is not None or tokens.is_verified(visitor)
            self._first = None if known else next_conversation_id(visitor)
            await self._show_or_draft(await self._load(latest) if latest else None)

    async def _latest(self) -> UUID | None:
        """The latest conversation of a visitor who may chat. Raises CloseConnection."""
        if self.client.is_new:
            return None
        return await run_in_db_thread(
            transcripts.check_admission, self.widget.pk, self.client.visitor
        )

    async def _show_or_draft(self, snapshot: Snapshot | None, *, gone: bool = False) -> None:
        if snapshot:
            self._show_snapshot(snapshot)
        else:
            await self.start_draft(None, gone=gone)

    async def message(self, client_id: UUID, text: str) -> NewMessage:
        """The visitor's message as it is stored; a draft's first waits for the greeting."""
        client, opening = self.client, None
        if draft := self.draft:
            await draft.greeted()
            opening = NewConversation(
                greeting=draft.greeting,
                session=draft.session,
                session_config=draft.config,
                locale=client.language,
                user_agent=client.user_agent,
            )
        return NewMessage(
            widget=self.widget,
            visitor=client.visitor,
            conversation=self.place,
            client_id=client_id,
            text=text,
            details=client.details,
            opening=opening,
        )

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
            await self.start_draft(None if erased else conversation)

    async def _follow_to(self, following: UUID | None, room: Room | None) -> None:
        if self._room is room:  # else another conversation has been entered meanwhile
            if following is None:
                await self.check_known()
            await self.start_draft(following)

    async def check_known(self) -> None:
        """The conversation was erased. Raises CloseConnection where its visitor was, too."""
        if self.conversation:
            await run_in_db_thread(transcripts.check_known, self.client.visitor)

    def _ready(self, messages: list[Message], *, more: bool, gone: bool = False) -> Ready:
        profile = self.relay.greetings.profile(self.widget)
        return Ready(
            visitor=tokens.visitor_token(self.client.visitor, self.widget.pk),
            conversation=str(self.conversation) if self.conversation else None,
            messages=messages,
            more=more,
            limits=ReadyLimits(max_length=self.max_length),
            features={"email": True} if profile.asks_email else UNSET,
            gone=gone or UNSET,
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
