"""All conversations that this process shows or runs a reply of, and its talk with the others.

What happens to a conversation is a `ConversationEvent`. The process where it happens applies it to
its own room and, where other processes have asked, publishes it through the `PubSub`; they apply it
to theirs. A reply that runs elsewhere has a replica here, which outboxes follow alike. The
transcript stays the truth: a process that sees a gap asks for what is missing, or reads it there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import assert_never
from uuid import UUID

from chatwidget.relay.events import (
    ActivityChanged,
    AnyEvent,
    ConversationClosed,
    Mail,
    MessagesChanged,
    PresenceAnnounced,
    StopRequested,
    TextAppended,
    TypingSeen,
)
from chatwidget.relay.pubsub import PubSub
from chatwidget.relay.reply import Reply
from chatwidget.relay.room import Room, Shown, Subscriber
from chatwidget.transcripts import Entry

# Interest is renewed by `PresenceAnnounced`; a process that died without one leaving is published
# to until then.
INTEREST_SECONDS = 150.0
RENEW_SECONDS = 60.0
# A gap is asked about so often, while what was asked for may be on its way.
ASK_SECONDS = 0.2


class Hub:
    """All rooms of this process, and its talk with the others."""

    def __init__(self, worker: str, stop: Callable[[UUID], object]) -> None:
        self.worker = worker
        self._stop = stop  # what another process asks for; nothing where the reply is not ours
        self.by_id: dict[UUID, Room] = {}
        # What is sent under an id that is no conversation's: an event stream's.
        self._mailboxes: dict[UUID, Callable[[Mail], None]] = {}
        self.pubsub = PubSub(worker, self.receive)

    def open(self, conversation: UUID) -> Room:
        """The room, made where there is none."""
        room = self.by_id.get(conversation)
        if room is None:
            room = self.by_id[conversation] = Room(conversation)
            self.pubsub.join(conversation)
            self._announce(room)
        return room

    def leave(self, conversation: UUID, member: Subscriber) -> None:
        """A socket is gone, or shows another conversation."""
        room = self.by_id.get(conversation)
        if room is not None:
            if member in room.members:
                room.members.remove(member)
            self.close_if_empty(room)

    def close_if_empty(self, room: Room) -> None:
        if room.empty and room.conversation in self.by_id:
            del self.by_id[room.conversation]
            self.pubsub.send(room.conversation, PresenceAnnounced(worker=self.worker, leaving=True))
            self.pubsub.leave(room.conversation)

    def publish(self, conversation: UUID, event: Shown) -> None:
        """Show an event of this process to its sockets, and send it to the other processes."""
        room = self.by_id.get(conversation)
        if room is not None:
            room.apply(event)
            self._send(room, event)
            self.close_if_empty(room)
        else:
            self.pubsub.send(conversation, event)  # nobody here knows which others show it

    def publish_typing(self, conversation: UUID, author: str = "") -> None:
        """Show that somebody writes; not worth repeating where it gets lost."""
        if room := self.by_id.get(conversation):
            room.show_typing(author)
            self._send(room, TypingSeen(author))

    def own(self, conversation: UUID, entry: Entry) -> Reply:
        """The reply in flight that this process runs from now on; its text goes to all."""
        room = self.open(conversation)
        reply = room.in_flight(entry)
        room.replicas.pop(entry.id, None)
        room.reply = reply
        if room.interest:
            self.pubsub.follow(reply, 0)
        return reply

    def _send(self, room: Room, event: AnyEvent) -> None:
        """Send an event to the other processes, if any shows this conversation."""
        now = time.monotonic()
        for worker in [worker for worker, until in room.interest.items() if until < now]:
            del room.interest[worker]
        if room.interest:
            self.pubsub.send(room.conversation, event)

    def request_stop(self, conversation: UUID, reply_id: UUID) -> None:
        """Ask the process that runs a reply to stop it. It may also read that in the transcript."""
        self.pubsub.send(conversation, StopRequested(id=reply_id))

    def open_mailbox(self, address: UUID, deliver: Callable[[Mail], None]) -> None:
        """Have what other processes send to an address."""
        self._mailboxes[address] = deliver
        self.pubsub.join(address)

    def close_mailbox(self, address: UUID) -> None:
        if self._mailboxes.pop(address, None) is not None:
            self.pubsub.leave(address)

    def receive(self, conversation: UUID, event: AnyEvent) -> None:
        """Apply what happened in another process."""
        if isinstance(event, Mail):
            if deliver := self._mailboxes.get(conversation):
                deliver(event)
            return
        room = self.by_id.get(conversation)
        if room is None:
            return
        match event:
            case PresenceAnnounced():
                self._met(room, event)
            case StopRequested(id=reply_id):
                self._stop(reply_id)
            case TextAppended(id=reply_id, attempt=attempt, offset=offset, text=text):
                replica = room.replica(reply_id, attempt)
                # As it grows it wakes the outbox of each socket that follows it.
                missing = replica and not replica.append_from(offset, text)
                if missing and room.asked + ASK_SECONDS < time.monotonic():
                    self._announce(room)
            case ActivityChanged(id=reply_id, attempt=attempt, text=text):
                if replica := room.replica(reply_id, attempt):
                    replica.show(text)
            case TypingSeen(author=author):
                room.show_typing(author)
            case MessagesChanged() | ConversationClosed():
                room.apply(event)
                self.close_if_empty(room)
            case _:
                assert_never(event)

    def follow(self, room: Room, entry: Entry) -> Reply:
        """The reply in flight behind a streaming entry; a process that runs it is asked for its
        text."""
        reply = room.in_flight(entry)
        if entry.owner != self.worker:
            self._announce(room)
        return reply

    def renew(self) -> None:
        """Called about once a second: keep the others' interest in us alive."""
        now = time.monotonic()
        for room in self.by_id.values():
            if room.members and room.renewed + RENEW_SECONDS < now:
                self._announce(room)

    def rejoin(self) -> None:
        """Join every conversation again after the channel layer was unavailable."""
        self.pubsub.rejoin()
        for room in self.by_id.values():
            self._announce(room)

    def _announce(self, room: Room, answer: bool = False) -> None:
        """Say that this process shows the conversation, and how much of its reply it has."""
        room.renewed = room.asked = time.monotonic()
        replica = next(reversed(room.replicas.values()), None)
        self.pubsub.send(
            room.conversation,
            PresenceAnnounced(
                revision=room.revision,
                worker=self.worker,
                reply=replica.entry.id if replica else None,
                length=replica.length if replica else 0,
                answer=answer,
            ),
        )

    def _met(self, room: Room, presence: PresenceAnnounced) -> None:
        if presence.leaving:
            room.interest.pop(presence.worker, None)
            return
        room.interest[presence.worker] = time.monotonic() + INTEREST_SECONDS
        if presence.revision < room.revision or (room.members and not presence.answer):
            self._announce(room, answer=True)
        room.note(presence.revision)  # it happened before they knew that we show it
        if reply := room.reply:
            start = presence.length if reply.entry.id == presence.reply else 0
            self.pubsub.follow(reply, start)
