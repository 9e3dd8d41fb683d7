"""What each frame of a client does, after its `hello`: one `Session` for one socket.

A session shows one conversation: it is a member of that conversation's room, or, before the first
message, of its draft's. It never sends by itself; what it shows goes into its `Outbox`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import translation
from msgspec import UNSET

from chatwidget import access, transcripts, wire
from chatwidget.bus import Closed, Ended, Said
from chatwidget.conf import conf
from chatwidget.errors import (
    BadFrame,
    BadRequest,
    ChatError,
    CloseCode,
    MessageEmpty,
    MessageTooLong,
    RateLimited,
    Refused,
)
from chatwidget.greetings import Draft
from chatwidget.models import Widget
from chatwidget.protocol import (
    Accepted,
    Ack,
    AnyClientFrame,
    Hello,
    History,
    Message,
    MessageState,
    New,
    Older,
    Page,
    Ping,
    Pong,
    Profile,
    Rate,
    Ready,
    ReadyLimits,
    Retry,
    Send,
    Stop,
    cleaned,
    is_clean,
)
from chatwidget.providers.base import Person, providers
from chatwidget.relay import Relay
from chatwidget.replies import Outbox, Reply
from chatwidget.rooms import Room
from chatwidget.storage import stored
from chatwidget.transcripts import (
    ConversationGone,
    Details,
    Entry,
    Opening,
    Snapshot,
)

logger = logging.getLogger("chatwidget")

# An event may arrive while a conversation is being loaded: then it is loaded again, so often.
LOADS = 5


@dataclass(frozen=True, slots=True)
class Client:
    """What is known of the other end of a socket."""

    visitor: UUID
    address: str
    user_agent: str
    language: str


class Session:
    """One socket's view of one conversation. Implements rooms.Member."""

    def __init__(self, relay: Relay, widget: Widget, client: Client, outbox: Outbox) -> None:
        self.relay = relay
        self.widget = widget
        self.client = client
        self.outbox = outbox
        self.details = Details()
        self.conversation: UUID | None = None
        self.draft: Draft | None = None
        self._room: Room | None = None
        # One thing at a time: a frame, or what an event asks for.
        self._lock = asyncio.Lock()
        self._loading = False
        self._missed = False
        self._later: set[asyncio.Task[None]] = set()

    # --- what a room tells its members: never waits, and speaks the visitor's language --------

    def show(self, entry: Entry) -> None:
        if self.conversation is None:
            self._show_in_draft(entry)
        elif not self._noted():
            with translation.override(self.client.language):
                self.outbox.put(MessageState(message=wire.message(entry)))

    def _show_in_draft(self, entry: Entry) -> None:
        if entry.seq > 1:
            self.reload()  # another tab's first message has made the draft a conversation
        elif self.draft and (self.draft.greeting is None or entry is self.draft.greeting):
            self.draft.greeting = entry
            self.outbox.put(MessageState(message=wire.message(entry)))

    def follow(self, reply: Reply) -> None:
        if self.conversation is None:
            self.reload()
        elif not self._noted():
            self.outbox.follow(reply, 0, announced=False)

    def done(self, entry: Entry) -> None:
        if self.conversation is None:
            self.reload()
        elif not self._noted():
            with translation.override(self.client.language):
                self.outbox.put(MessageState(message=wire.message(entry)))
                self.outbox.put(wire.done(entry))

    def reset(self, following: UUID | None) -> None:
        self._spawn(self._begin_anew(following))

    def reload(self) -> None:
        if not self._noted():
            self._spawn(self._resume(None))

    def leave(self) -> None:
        self.outbox.close(Refused(CloseCode.RESTARTING, "the server is restarting"))

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

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        async def in_turn() -> None:
            async with self._lock:
                try:
                    await work
                except ChatError as error:
                    logger.warning("conversation %s: %s", self.conversation, error)

        task = asyncio.create_task(in_turn())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    # --- which conversation -------------------------------------------------------------------

    async def begin(self, hello: Hello) -> None:
        """Answer a `hello`, whose token has been checked, by `ready`."""
        if page := hello.page:
            self.details = replace(
                self.details,
                page_url=cleaned(page.url, 2000),
                page_title=cleaned(page.title, 500),
                referrer=cleaned(page.referrer, 2000),
            )
        if identity := hello.identity:
            # Nobody vouches for it: a name and an email, nothing more.
            self.details = replace(
                self.details, name=cleaned(identity.name, 200), email=cleaned(identity.email, 320)
            )
        if hello.conversation is UNSET:
            wanted = await stored(transcripts.latest, self.client.visitor)
        else:
            wanted = _uuid(hello.conversation or "")
        async with self._lock:
            await self._resume(wanted)

    async def _resume(self, conversation: UUID | None) -> None:
        """Show a conversation (None: the one that is shown) afresh; one that is not, a draft."""
        conversation = conversation or self.conversation
        if conversation is None and self.draft:
            conversation = self.draft.conversation
        if conversation is None or not await self._load(conversation):
            await self._begin_anew(self.draft.conversation if self.draft else None)

    async def _load(self, conversation: UUID) -> bool:
        room = self._enter(conversation)
        assert room is not None
        self._loading = True
        try:
            for _ in range(LOADS):
                self._missed = False
                snapshot = await stored(transcripts.snapshot, conversation, self.client.visitor)
                if snapshot is None:
                    return False
                if not self._missed:
                    break
        finally:
            self._loading = False
        self.conversation, self.draft = conversation, None
        self._show_snapshot(snapshot, room)
        return True

    def _show_snapshot(self, snapshot: Snapshot, room: Room) -> None:
        room.revision = max(snapshot.revision, room.revision or 0)
        self.outbox.forget()
        messages = []
        following = None
        for entry in snapshot.entries:
            live = self._live(room, entry) if entry.status == "streaming" else None
            following = live or following
            messages.append(wire.message(entry, live.text if live else None))
        self.outbox.put(self._ready(messages, more=snapshot.more))
        if following:
            self.outbox.follow(following, following.length, announced=True)

    def _live(self, room: Room, entry: Entry) -> Reply | None:
        """The reply in flight behind an entry: ours, or a copy of the one that runs elsewhere."""
        reply = room.reply
        if reply and reply.entry.id == entry.id and reply.entry.attempt == entry.attempt:
            return reply
        if entry.owner == self.relay.worker:
            return None  # ours, and just about to begin: the room will tell
        return self.relay.rooms.mirror(room, entry)

    async def _begin_anew(self, conversation: UUID | None, *, fresh: bool = False) -> None:
        """Show the visitor's draft."""
        draft = await self.relay.greetings.draft(
            self.widget,
            self._person,
            self.client.language,
            self._greet,
            conversation=conversation,
            fresh=fresh,
        )
        self.conversation, self.draft = None, draft
        self._enter(draft.conversation)
        self.outbox.forget()
        greeting = [wire.message(draft.greeting)] if draft.greeting else []
        self.outbox.put(self._ready(greeting, more=False))

    def _greet(self, draft: Draft) -> None:
        if draft.greeting:
            self.relay.rooms.happened(draft.conversation, Said(entry=draft.greeting))

    def _enter(self, conversation: UUID | None) -> Room | None:
        """Be in this conversation's room, and in no other."""
        if self._room is not None and self._room.conversation != conversation:
            self.relay.rooms.leave(self._room.conversation, self)
            self._room = None
        if conversation is not None:
            self._room = self.relay.rooms.open(conversation)
            self._room.members.add(self)
        return self._room

    def _ready(self, messages: list[Message], *, more: bool) -> Ready:
        profile = self.relay.greetings.profile(self.widget)
        return Ready(
            visitor=access.visitor_token(self.client.visitor, self.widget.pk),
            conversation=str(self.conversation) if self.conversation else None,
            messages=messages,
            more=more,
            limits=ReadyLimits(max_length=self._max_length),
            features={"email": True} if profile.asks_email else UNSET,
        )

    @property
    def _max_length(self) -> int:
        profile = self.relay.greetings.profile(self.widget)
        platform = providers().get(self.widget.provider)
        limits = (
            conf().MAX_MESSAGE_LENGTH,
            profile.max_length,
            platform.max_length if platform else None,
        )
        return min(limit for limit in limits if limit)

    @property
    def _person(self) -> Person:
        return Person(
            id=str(self.client.visitor),
            name=self.details.name,
            email=self.details.email,
            locale=self.client.language,
        )

    @property
    def _shown(self) -> UUID:
        """The conversation. Raises BadRequest while there is none."""
        if self.conversation is None:
            raise BadRequest("there is no conversation yet")
        return self.conversation

    # --- frames -------------------------------------------------------------------------------

    async def handle(self, frame: AnyClientFrame) -> None:
        """Do what a frame asks for. Raises ChatError."""
        match frame:
            case Ack(id=reply, offset=offset):
                self.outbox.ack(reply, offset)
                return
            case Ping():
                self.outbox.put(Pong())
                return
            case Hello():
                raise BadFrame("a second hello")
        async with self._lock:
            match frame:
                case Send():
                    await self._send(frame)
                case Stop(id=reply):
                    await self._stop(_uuid(reply))
                case Retry():
                    await self._retry(frame)
                case New():
                    await self._new()
                case Rate():
                    await self._rate(frame)
                case Profile():
                    await self._profile(frame)
                case Page(url=url, title=title):
                    await self._page(cleaned(url, 2000), cleaned(title, 500))
                case History(before=before):
                    messages, more = await stored(
                        transcripts.older, self._shown, _known(_uuid(before))
                    )
                    self.outbox.put(Older(messages=[wire.message(e) for e in messages], more=more))

    async def _send(self, frame: Send) -> None:
        if not is_clean(frame.text):
            raise BadRequest("the text holds a NUL or a lone surrogate")
        if not frame.text.strip():
            raise MessageEmpty
        if len(frame.text) > self._max_length:
            raise MessageTooLong
        client_id = UUID(frame.id)
        try:
            await self._spend()
            accepted = await self._accept(client_id, frame.text)
        except RateLimited:
            earlier = await stored(transcripts.accepted_before, self.client.visitor, client_id)
            if earlier is None:
                raise
            accepted = earlier
        self.outbox.put(
            Accepted(
                id=frame.id,
                message=wire.message(accepted.entry),
                conversation=str(accepted.conversation),
            )
        )
        if accepted.duplicate:
            return
        if self.draft is not None:
            self.conversation, self.draft = accepted.conversation, None
            await self.relay.greetings.used(self.widget, self.client.visitor, self.conversation)
        self.relay.rooms.happened(
            accepted.conversation,
            Said(entry=accepted.entry, revision=accepted.revision),
            skip=self,
        )
        if accepted.job:
            self.relay.launch(accepted.job)

    async def _spend(self) -> None:
        visitor, address = str(self.client.visitor), self.client.address
        await access.spend("messages_per_visitor", visitor)
        await access.spend("messages_per_address", address)
        if self.draft is not None:
            await access.spend("conversations_per_visitor", visitor)
            await access.spend("conversations_per_address", address)

    async def _accept(self, client_id: UUID, text: str) -> transcripts.Accepted:
        for _ in range(2):
            opening = None
            if draft := self.draft:
                await draft.greeted()
                opening = Opening(
                    greeting=draft.greeting,
                    session=draft.session,
                    session_config=draft.config,
                    locale=self.client.language,
                    user_agent=self.client.user_agent,
                )
            conversation = draft.conversation if draft else self._shown
            try:
                return await stored(
                    transcripts.accept,
                    self.widget,
                    self.client.visitor,
                    conversation,
                    client_id,
                    text,
                    self.relay.claimant,
                    self.details,
                    opening,
                )
            except ConversationGone:
                await self._begin_anew(None)  # the owner erased it: the message begins a new one
        raise BadRequest("the conversation was erased")

    async def _stop(self, reply: UUID | None) -> None:
        conversation, reply = self._shown, _known(reply)
        running = self.relay.running.get(reply)
        if running and running.job.conversation == conversation:
            self.relay.stop(reply)
            return
        entry, revision, stopped = await stored(transcripts.ask_stop, conversation, reply)
        if stopped:
            self.relay.rooms.happened(conversation, Ended(entry=entry, revision=revision))
        elif entry.unfinished:
            self.relay.rooms.ask_stop(conversation, reply)
        else:
            self.outbox.put(wire.done(entry))

    async def _retry(self, frame: Retry) -> None:
        conversation, reply = self._shown, _known(_uuid(frame.id))
        await access.spend("messages_per_visitor", str(self.client.visitor))
        await access.spend("messages_per_address", self.client.address)
        platform = providers().get(self.widget.provider)
        result = await stored(
            transcripts.retry,
            conversation,
            reply,
            frame.attempt,
            self.relay.claimant,
            bool(platform and platform.can_rewind),
        )
        if result is None:
            return
        entry, revision, job = result
        if job:
            self.relay.launch(job)
        else:
            self.relay.rooms.happened(conversation, Said(entry=entry, revision=revision))

    async def _new(self) -> None:
        before = self.conversation or (self.draft.conversation if self.draft else None)
        if self.conversation:
            await stored(transcripts.end, self.conversation)
        await self._begin_anew(None, fresh=True)
        if before and self.draft:
            self.relay.rooms.happened(before, Closed(following=self.draft.conversation))

    async def _rate(self, frame: Rate) -> None:
        comment = cleaned(frame.comment, 1000) if frame.comment is not None else None
        entry, revision = await stored(
            transcripts.rate, self._shown, _known(_uuid(frame.id)), frame.value, comment
        )
        self.relay.rooms.happened(self._shown, Said(entry=entry, revision=revision))

    async def _profile(self, frame: Profile) -> None:
        name, email = cleaned(frame.name, 200), cleaned(frame.email, 320)
        if email and not _is_email(email):
            raise BadRequest("not an email address")
        self.details = replace(
            self.details,
            name=name or self.details.name,
            email=email or self.details.email,
            consent=cleaned(frame.consent, 32) or self.details.consent,
        )
        if self.conversation:
            await stored(transcripts.describe, self.client.visitor, self.details)

    async def _page(self, url: str, title: str) -> None:
        self.details = replace(self.details, page_url=url, page_title=title)
        if self.conversation:
            await stored(transcripts.visit, self.conversation, url, title)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


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
