"""Does what a visitor's frames ask for, after `hello`: one `Session` for each socket."""

from __future__ import annotations

import asyncio
import logging
from typing import assert_never
from uuid import UUID

from msgspec import UNSET

from chatwidget import transcripts
from chatwidget.db import ANSWER_SECONDS, no_answer, run_in_db_thread
from chatwidget.errors import BadFrame, BadRequest
from chatwidget.models import Widget
from chatwidget.protocol import (
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
from chatwidget.relay.drafts import next_conversation_id
from chatwidget.relay.events import ConversationClosed
from chatwidget.relay.relay import Relay
from chatwidget.sockets import serialize
from chatwidget.sockets.client import Client
from chatwidget.sockets.details import Details
from chatwidget.sockets.outbox import Outbox
from chatwidget.sockets.sending import Sending, message_id
from chatwidget.sockets.share import Share
from chatwidget.sockets.subscription import Subscription
from chatwidget.telemetry import traces
from chatwidget.telemetry.request_id import request_id
from chatwidget.text import as_uuid, cleaned
from chatwidget.transcripts import (
    Change,
    ConversationGone,
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
        self._sending = Sending(relay, widget, client, self._share, self.subscription, outbox)

    async def begin(self, hello: Hello, *, latest: bool = False) -> None:
        """Answer a `hello`, whose token has been checked, by `ready`. Raises CloseConnection.

        `latest`: with the visitor's latest conversation, whichever it names.
        """
        if latest or hello.conversation is UNSET:
            await self.subscription.open_latest()
        else:
            await self.subscription.open(as_uuid(hello.conversation or ""))

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
        """Do it in its turn. Raises DatabaseUnavailable where that takes too long."""
        doing = asyncio.create_task(self._in_turn(frame))
        await asyncio.wait([doing], timeout=ANSWER_SECONDS)
        if not doing.done():
            # When the database answers at last, what it was asked is done and shown all the same.
            doing.add_done_callback(_done_late)
            raise no_answer()
        doing.result()

    async def _in_turn(self, frame: OrderedFrame) -> None:
        """Do it after the socket's frames before it, and what events have asked for."""
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
                    await self._sending.send(frame)
            case Stop(id=reply):
                await self._stop(message_id(reply))
            case Retry():
                with traces.span("accept", "SERVER", within=traces.apart()):
                    await self._sending.retry(frame)
            case New():
                await self._new()
            case Rate():
                await self._rate(frame)
            case Profile():
                await self._profile(frame)
            case Page():
                await self._page(frame)
            case AskPerson():
                await self._sending.ask_person()
            case History(before=before):
                await self._history(message_id(before))
            case _:
                assert_never(frame)

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
        conversation, reply = self.subscription.shown, message_id(frame.id)
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
