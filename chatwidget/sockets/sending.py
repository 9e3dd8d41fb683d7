"""Handles the frames that ask for an answer: `send`, `retry` and `ask_person`."""

from __future__ import annotations

from uuid import UUID

from chatwidget import transcripts
from chatwidget.db import run_in_db_thread
from chatwidget.errors import BadRequest, MessageEmpty, MessageTooLong, RateLimited
from chatwidget.models import Widget, new_id
from chatwidget.protocol import Accepted, Retry, Send
from chatwidget.providers.registry import providers
from chatwidget.relay.relay import Relay
from chatwidget.sockets import serialize
from chatwidget.sockets.client import Client
from chatwidget.sockets.outbox import Outbox
from chatwidget.sockets.share import Share
from chatwidget.sockets.subscription import Subscription
from chatwidget.telemetry import traces
from chatwidget.text import as_uuid, is_clean
from chatwidget.transcripts import Change, ConversationGone, StoredMessage


def message_id(name: str) -> UUID:
    """A message's id. Raises BadRequest where it can be none."""
    found = as_uuid(name)
    if found is None:
        raise BadRequest("no such message")
    return found


class Sending:
    """For one socket; each method holds the lock of its turns, and raises ChatError."""

    def __init__(
        self,
        relay: Relay,
        widget: Widget,
        client: Client,
        share: Share,
        subscription: Subscription,
        outbox: Outbox,
    ) -> None:
        self._relay = relay
        self._widget = widget
        self._client = client
        self._share = share
        self._subscription = subscription
        self._outbox = outbox

    async def send(self, frame: Send) -> None:
        """Store a message with its waiting reply, then answer `accepted`: once, however often."""
        if not is_clean(frame.text):
            raise BadRequest("the text holds a NUL or a lone surrogate")
        if not frame.text.strip():
            raise MessageEmpty
        if len(frame.text) > self._subscription.max_length:
            raise MessageTooLong
        visitor, client_id = self._client.visitor, UUID(frame.id)
        try:
            await self._consume()
            stored = await self._store(client_id, frame.text)
        except RateLimited:
            earlier = await run_in_db_thread(transcripts.accepted_before, visitor, client_id)
            if earlier is None:
                raise
            stored = earlier
        self._outbox.put(
            Accepted(
                id=frame.id,
                message=serialize.message(stored.entry),
                conversation=str(stored.conversation),
            )
        )
        if stored.change:
            draft = self._subscription.draft
            self._subscription.accept(stored)
            self._announce(stored.change)
            if draft:
                await self._relay.greetings.used(self._widget, visitor, draft.conversation)

    async def _consume(self) -> None:
        """Take a message off the share, and a conversation where this begins one."""
        await self._share.consume("messages")
        if (draft := self._subscription.draft) and not draft.paid:
            await self._share.consume("conversations")

    def _announce(self, change: Change) -> None:
        """Show a visitor's message and its reply, which goes on in the trace of this frame."""
        traces.note(widget=self._widget.slug, conversation=str(change.conversation))
        if change.job:
            traces.note(request_id=change.job.request_id)
        traces.carry(change.entries[-1].id)
        self._relay.announce(change)

    async def _store(self, client_id: UUID, text: str) -> StoredMessage:
        """Store the message by `transcripts.visitor_writes`; in a new conversation if erased."""
        for _ in range(2):
            message = await self._subscription.message(client_id, text)
            try:
                return await run_in_db_thread(
                    transcripts.store_message, message, self._relay.claimant
                )
            except ConversationGone:  # the owner erased it: the message begins a new one
                await self._subscription.check_known()
                await self._subscription.start_draft(None)
        raise BadRequest("the conversation was erased")

    async def ask_person(self) -> None:
        """Say in every tab that the visitor wants a person, once."""
        draft = self._subscription.draft
        await self._consume()
        message = await self._subscription.message(new_id(), "")
        change = await run_in_db_thread(transcripts.ask_for_person, message)
        if change:
            self._relay.announce(change)
        if change and draft:
            self._subscription.reload()
            await self._relay.greetings.used(self._widget, self._client.visitor, draft.conversation)

    async def retry(self, frame: Retry) -> None:
        """Have the last reply answered again, in place."""
        conversation, reply = self._subscription.shown, message_id(frame.id)
        await self._share.consume("messages")
        platform = providers().get(self._widget.provider)
        change = await run_in_db_thread(
            transcripts.retry,
            conversation,
            reply,
            frame.attempt,
            self._relay.claimant,
            bool(platform and platform.rewinds(self._widget.options)),
        )
        if change:
            self._announce(change)
