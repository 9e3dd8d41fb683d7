"""What each frame of a client does, after its `hello`: one `Session` for one socket."""

from __future__ import annotations

import asyncio
import logging
from typing import assert_never
from uuid import UUID

from msgspec import UNSET

from chatwidget import transcripts
from chatwidget.db import ANSWER_SECONDS, no_answer, run_in_db_thread
from chatwidget.errors import BadFrame, BadRequest, MessageEmpty, MessageTooLong, RateLimited
from chatwidget.models import Widget, new_id
from chatwidget.protocol import (
    Accepted,
    Ack,
    AnyClientFrame,
    AskPerson,
    Hello,
    History,
    New,
    Older,
    Page,
    Ping,
    Pong,
    Profile,
    Rate,
    Retry,
    Send,
    Solve,
    Solved,
    Stop,
    VisitorTyping,
)
from chatwidget.providers.registry import providers
from chatwidget.relay.drafts import next_conversation_id
from chatwidget.relay.events import ConversationClosed
from chatwidget.relay.relay import Relay
from chatwidget.sockets import serialize
from chatwidget.sockets.client import Client
from chatwidget.sockets.details import Details
from chatwidget.sockets.outbox import Outbox
from chatwidget.sockets.share import Share
from chatwidget.sockets.subscription import Subscription
from chatwidget.telemetry import traces
from chatwidget.telemetry.request_id import request_id
from chatwidget.text import as_uuid, cleaned, is_clean
from chatwidget.transcripts import (
    Change,
    ConversationGone,
    StoredMessage,
)

logger = logging.getLogger("chatwidget")

# What is done in the order it arrived.
OrderedFrame = Send | Stop | Retry | New | Rate | Profile | Page | History | AskPerson


class Session:
    """One socket of one visitor: does what its frames ask for, and shows what comes of it."""

    def __init__(self, relay: Relay, widget: Widget, client: Client, outbox: Outbox) -> None:
        self._relay = relay
        self._widget = widget
        self._client = client
        self._outbox = outbox
        self.subscription = Subscription(relay, widget, client, outbox)
        self._details = Details(client, self.subscription)
        self._share = Share(client)

    async def begin(self, hello: Hello, *, latest: bool = False) -> None:
        """Answer a `hello`, whose token has been checked, by `ready`.

        `latest`: with the visitor's latest conversation, whichever it names.
        """
        if latest or hello.conversation is UNSET:
            await self.subscription.open_latest()
        else:
            await self.subscription.open(as_uuid(hello.conversation or ""))

    def leave(self) -> None:
        """The process ends: close when what is followed has ended."""
        self.subscription.leave()

    def gone(self) -> None:
        """The socket is closed."""
        self.subscription.gone()

    async def handle(self, frame: AnyClientFrame) -> None:
        """Do what a frame asks for. Raises ChatError; DatabaseUnavailable when it takes long."""
        match frame:
            case Ack(id=reply, offset=offset):
                self._outbox.ack(reply, offset)
            case Ping():
                self._outbox.put(Pong())
            case Solve(solution=solution):
                await self._share.solve(solution)
                self._outbox.put(Solved())
            case VisitorTyping():
                if self.subscription.conversation:
                    self._relay.hub.publish_typing(self.subscription.conversation)
            case Hello():
                raise BadFrame("a second hello")
            case _:
                await self._in_time(frame)

    async def _in_time(self, frame: OrderedFrame) -> None:
        doing = asyncio.create_task(self._in_turn(frame))
        await asyncio.wait([doing], timeout=ANSWER_SECONDS)
        if not doing.done():
            # When the database answers at last, what it was asked is done and shown all the same.
            doing.add_done_callback(_done_late)
            raise no_answer()
        doing.result()

    async def _in_turn(self, frame: OrderedFrame) -> None:
        async with self.subscription.turns.lock:
            try:
                await self._do(frame)
            except ConversationGone:
                await self.subscription.check_known()
                await self.subscription.start_draft(None)
                raise BadRequest("the conversation was erased") from None

    async def _do(self, frame: OrderedFrame) -> None:
        match frame:
            case Send(id=client_id):
                request_id.set(str(UUID(client_id)))
                with traces.span("accept", "SERVER", within=traces.apart()):
                    await self._send(frame)
            case Stop(id=reply):
                await self._stop(_known(reply))
            case Retry():
                with traces.span("accept", "SERVER", within=traces.apart()):
                    await self._retry(frame)
            case New():
                await self._new()
            case Rate():
                await self._rate(frame)
            case Profile():
                await self._profile(frame)
            case Page():
                await self._page(frame)
            case AskPerson():
                await self._ask_person()
            case History(before=before):
                await self._history(_known(before))
            case _:
                assert_never(frame)

    async def _send(self, frame: Send) -> None:
        if not is_clean(frame.text):
            raise BadRequest("the text holds a NUL or a lone surrogate")
        if not frame.text.strip():
            raise MessageEmpty
        if len(frame.text) > self.subscription.max_length:
            raise MessageTooLong
        visitor, client_id = self._client.visitor, UUID(frame.id)
        draft = self.subscription.draft
        try:
            await self._share.consume("messages")
            if draft and not draft.paid:
                await self._share.consume("conversations")
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
            draft = self.subscription.draft
            self.subscription.accept(stored)
            self._announce(stored.change)
            if draft:
                await self._relay.greetings.used(self._widget, visitor, draft.conversation)

    def _announce(self, change: Change) -> None:
        """Show a visitor's message and its reply, which goes on in the trace of this frame."""
        traces.note(widget=self._widget.slug, conversation=str(change.conversation))
        if change.job:
            traces.note(request_id=change.job.request_id)
        traces.carry(change.entries[-1].id)
        self._relay.announce(change)

    async def _store(self, client_id: UUID, text: str) -> StoredMessage:
        for _ in range(2):
            message = await self.subscription.message(client_id, text)
            try:
                return await run_in_db_thread(
                    transcripts.store_message, message, self._relay.claimant
                )
            except ConversationGone:  # the owner erased it: the message begins a new one
                await self.subscription.check_known()
                await self.subscription.start_draft(None)
        raise BadRequest("the conversation was erased")

    async def _ask_person(self) -> None:
        """The visitor wants a person."""
        await self._share.consume("messages")
        draft = self.subscription.draft
        if draft and not draft.paid:
            await self._share.consume("conversations")
        message = await self.subscription.message(new_id(), "")
        change = await run_in_db_thread(transcripts.ask_for_person, message)
        if change:
            self._relay.announce(change)
        if change and draft:
            self.subscription.reload()
            await self._relay.greetings.used(self._widget, self._client.visitor, draft.conversation)

    async def _stop(self, reply: UUID) -> None:
        conversation = self.subscription.shown
        running = self._relay.running.get(reply)
        if running and running.job.conversation == conversation:
            self._relay.stop(reply)
            return
        found = await run_in_db_thread(transcripts.request_stop, conversation, reply)
        if isinstance(found, Change):
            self._relay.announce(found)
        elif found.unfinished:
            self._relay.hub.request_stop(conversation, reply)
        else:
            self._outbox.put(serialize.done(found), after=reply)

    async def _retry(self, frame: Retry) -> None:
        conversation, reply = self.subscription.shown, _known(frame.id)
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

    async def _new(self) -> None:
        await self._share.consume("conversations")  # its greeting is asked of the platform
        visitor = self._client.visitor
        await run_in_db_thread(transcripts.check_admission, self._widget.pk, visitor)
        # Also of a draft, which another tab may just have stored; and of what another one has begun
        # instead, unknown here. So two tabs at one moment find the same draft.
        place, known = self.subscription.place, self.subscription.ended_at
        before = [place]
        ended = await run_in_db_thread(transcripts.end_conversation, place, known)
        following = next_conversation_id(place, ended)
        while ended := await run_in_db_thread(transcripts.end_conversation, following):
            before.append(following)
            following = next_conversation_id(following, ended)
        draft = await self.subscription.start_draft(following)
        draft.paid = True
        for each in before:
            self._relay.hub.publish(each, ConversationClosed(following=following))

    async def _rate(self, frame: Rate) -> None:
        conversation, reply = self.subscription.shown, _known(frame.id)
        comment = cleaned(frame.comment, 1000) if frame.comment is not None else None
        change = await run_in_db_thread(transcripts.rate, conversation, reply, frame.value, comment)
        if change:
            self._relay.announce(change)

    async def _profile(self, frame: Profile) -> None:
        good = self._client.describe(frame)
        await self._details.changed()
        if not good:
            raise BadRequest("not an email address")

    async def _history(self, before: UUID) -> None:
        entries, more = await run_in_db_thread(transcripts.older, self.subscription.shown, before)
        # What is being written is shown already, and its deltas go on from where they are.
        older = [e for e in entries if not (e.unfinished or self._outbox.follows(e))]
        self._outbox.put_messages(older, lambda found: Older(messages=found, more=more))

    async def _page(self, frame: Page) -> None:
        self._client.navigate(frame.url, frame.title)
        await self._details.changed()


def _done_late(doing: asyncio.Task[None]) -> None:
    if not doing.cancelled() and (error := doing.exception()):
        logger.warning("a frame that was given up: %s: %s", type(error).__name__, error)


def _known(name: str) -> UUID:
    """A message's id. Raises BadRequest where it can be none."""
    found = as_uuid(name)
    if found is None:
        raise BadRequest("no such message")
    return found
