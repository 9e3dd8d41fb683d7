"""What each frame of a client does, after its `hello`: one `Session` for one socket."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import assert_never
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from chatwidget import transcripts
from chatwidget.db import ANSWER_SECONDS, no_answer, run_in_db_thread
from chatwidget.errors import BadFrame, BadRequest, MessageEmpty, MessageTooLong, RateLimited
from chatwidget.protocol import (
    Accepted,
    Ack,
    AnyClientFrame,
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
    Stop,
)
from chatwidget.providers.base import providers
from chatwidget.relay.drafts import next_conversation_id
from chatwidget.relay.events import ConversationClosed
from chatwidget.sockets import rate_limits, serialize
from chatwidget.sockets.outbox import put_entries
from chatwidget.sockets.page_address import page_address
from chatwidget.sockets.subscription import Subscription
from chatwidget.text import as_uuid, cleaned, is_clean
from chatwidget.transcripts import Change, ConversationGone, NewConversation, NewMessage

logger = logging.getLogger("chatwidget")

# What is done in the order it arrived.
OrderedFrame = Send | Stop | Retry | New | Rate | Profile | Page | History


class Session(Subscription):
    """One socket of one visitor."""

    async def handle(self, frame: AnyClientFrame) -> None:
        """Do what a frame asks for. Raises ChatError; DatabaseUnavailable when it takes long."""
        match frame:
            case Ack(id=reply, offset=offset):
                self.outbox.ack(reply, offset)
            case Ping():
                self.outbox.put(Pong())
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
        async with self.lock:
            try:
                await self._do(frame)
            except ConversationGone:
                await self.check_known()
                await self.start_draft(None)
                raise BadRequest("the conversation was erased") from None

    async def _do(self, frame: OrderedFrame) -> None:
        match frame:
            case Send():
                await self._send(frame)
            case Stop(id=reply):
                await self._stop(as_uuid(reply))
            case Retry():
                await self._retry(frame)
            case New():
                await self._new()
            case Rate():
                await self._rate(frame)
            case Profile():
                await self._profile(frame)
            case Page(url=url, title=title):
                await self._page(page_address(url), cleaned(title, 500))
            case History(before=before):
                await self._history(as_uuid(before))
            case _:
                assert_never(frame)

    async def _send(self, frame: Send) -> None:
        if not is_clean(frame.text):
            raise BadRequest("the text holds a NUL or a lone surrogate")
        if not frame.text.strip():
            raise MessageEmpty
        if len(frame.text) > self.max_length:
            raise MessageTooLong
        client_id = UUID(frame.id)
        try:
            await self._consume_message()
            stored = await self._store(client_id, frame.text)
        except RateLimited:
            earlier = await run_in_db_thread(
                transcripts.accepted_before, self.client.visitor, client_id
            )
            if earlier is None:
                raise
            stored = earlier
        self.outbox.put(
            Accepted(
                id=frame.id,
                message=serialize.message(stored.entry),
                conversation=str(stored.conversation),
            )
        )
        if stored.change is None:
            return
        draft, self.conversation, self.draft = self.draft, stored.conversation, None
        revision = stored.entry.revision
        if self.revision == revision - 1:
            self.revision = revision  # `accepted` has shown it
        elif draft:
            self.reload()  # another tab has begun it, with what that was greeted by
        self.relay.announce(stored.change)
        if draft:
            await self.relay.greetings.used(self.widget, self.client.visitor, draft.conversation)

    async def _consume_message(self) -> None:
        visitor, address = str(self.client.visitor), self.client.address
        await rate_limits.consume("messages_per_visitor", visitor)
        await rate_limits.consume("messages_per_address", address)
        if self.draft is not None and not self.draft.paid:
            await self._consume_conversation()

    async def _consume_conversation(self) -> None:
        await rate_limits.consume("conversations_per_visitor", str(self.client.visitor))
        await rate_limits.consume("conversations_per_address", self.client.address)

    async def _store(self, client_id: UUID, text: str) -> transcripts.StoredMessage:
        for _ in range(2):
            opening = None
            if draft := self.draft:
                await draft.greeted()
                opening = NewConversation(
                    greeting=draft.greeting,
                    session=draft.session,
                    session_config=draft.config,
                    locale=self.client.language,
                    user_agent=self.client.user_agent,
                )
            message = NewMessage(
                self.widget,
                self.client.visitor,
                draft.conversation if draft else self.shown,
                client_id,
                text,
                self.details,
                opening,
            )
            try:
                return await run_in_db_thread(
                    transcripts.store_message, message, self.relay.claimant
                )
            except ConversationGone:
                await self.check_known()
                await self.start_draft(None)  # the owner erased it: the message begins a new one
        raise BadRequest("the conversation was erased")

    async def _stop(self, reply: UUID | None) -> None:
        conversation, reply = self.shown, _known(reply)
        running = self.relay.running.get(reply)
        if running and running.job.conversation == conversation:
            self.relay.stop(reply)
            return
        found = await run_in_db_thread(transcripts.request_stop, conversation, reply)
        if isinstance(found, Change):
            self.relay.announce(found)
        elif found.unfinished:
            self.relay.hub.request_stop(conversation, reply)
        else:
            self.outbox.put(serialize.done(found), after=reply)

    async def _retry(self, frame: Retry) -> None:
        conversation, reply = self.shown, _known(as_uuid(frame.id))
        await rate_limits.consume("messages_per_visitor", str(self.client.visitor))
        await rate_limits.consume("messages_per_address", self.client.address)
        platform = providers().get(self.widget.provider)
        change = await run_in_db_thread(
            transcripts.retry,
            conversation,
            reply,
            frame.attempt,
            self.relay.claimant,
            bool(platform and platform.rewinds(self.widget.options)),
        )
        if change:
            self.relay.announce(change)

    async def _new(self) -> None:
        await self._consume_conversation()  # its greeting is asked of the platform
        visitor = self.client.visitor
        await run_in_db_thread(transcripts.check_admission, self.widget.pk, visitor)
        # Also of a draft, which another tab may just have stored; and of what another one has begun
        # instead, unknown here. So two tabs at one moment find the same draft.
        before = [self.place]
        following = next_conversation_id(
            before[0],
            await run_in_db_thread(transcripts.end_conversation, before[0], self.ended_at),
        )
        while ended := await run_in_db_thread(transcripts.end_conversation, following):
            before.append(following)
            following = next_conversation_id(following, ended)
        draft = await self.start_draft(following)
        draft.paid = True
        for each in before:
            self.relay.hub.publish(each, ConversationClosed(following=following))

    async def _rate(self, frame: Rate) -> None:
        comment = cleaned(frame.comment, 1000) if frame.comment is not None else None
        reply = _known(as_uuid(frame.id))
        self.relay.announce(
            await run_in_db_thread(transcripts.rate, self.shown, reply, frame.value, comment)
        )

    async def _profile(self, frame: Profile) -> None:
        email = cleaned(frame.email, 320)
        wrong = bool(email) and not _is_email(email)  # no reason to forget what was agreed to
        kept = wrong or not email or self.details.email_verified
        self.details = replace(
            self.details,
            name=cleaned(frame.name, 200) or self.details.name,
            email=self.details.email if kept else email,
            consent=cleaned(frame.consent, 32) or self.details.consent,
        )
        if self.conversation:
            await run_in_db_thread(transcripts.update_visitor, self.client.visitor, self.details)
        if wrong:
            raise BadRequest("not an email address")

    async def _history(self, before: UUID | None) -> None:
        entries, more = await run_in_db_thread(transcripts.older, self.shown, _known(before))
        put_entries(self.outbox, entries, lambda found: Older(messages=found, more=more))

    async def _page(self, url: str, title: str) -> None:
        self.details = replace(self.details, page_url=url, page_title=title)
        if self.conversation:
            await run_in_db_thread(transcripts.record_page, self.conversation, url, title)


def _done_late(doing: asyncio.Task[None]) -> None:
    if not doing.cancelled() and (error := doing.exception()):
        logger.warning("a frame that was given up: %s: %s", type(error).__name__, error)


def _known(found: UUID | None) -> UUID:
    if found is None:
        raise BadRequest("no such message")
    return found


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
