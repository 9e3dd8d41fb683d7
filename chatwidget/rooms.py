"""A conversation as this process sees it: the sockets that show it, and its reply in flight.

What happens to a conversation is an `Event`. The process where it happens applies it to its own
room and, where other processes have asked, publishes it through the `Bus`; they apply it to theirs.
A reply that runs elsewhere is mirrored by a `Reply` of our own, which the same outboxes follow. The
transcript stays the truth: whoever sees a gap asks for what is missing, or reads it there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from chatwidget.bus import AnyEvent, Began, Bus, Closed, Ended, Grew, Hi, Said, StopAsked
from chatwidget.replies import Reply
from chatwidget.transcripts import Entry

logger = logging.getLogger("chatwidget")

# Interest is renewed by `Hi`; a process that died without goodbye is published to until then.
INTEREST_SECONDS = 150.0
RENEW_SECONDS = 60.0
# A gap is asked about so often, while what was asked for may be on its way.
ASK_SECONDS = 0.2


class Member(Protocol):
    """A socket in a room."""

    def show(self, entry: Entry) -> None:
        """A new message, or a known one's new state."""

    def follow(self, reply: Reply) -> None:
        """A reply begins: its message, deltas and done."""

    def ended(self) -> None:
        """The reply in flight has ended; whoever follows it knows already."""

    def done(self, entry: Entry) -> None:
        """A reply that never began here has ended: its message and done."""

    def reset(self, following: UUID | None) -> None:
        """The conversation is over: a new one begins, whose draft has this id."""

    def reload(self) -> None:
        """Something was missed: show the conversation afresh."""

    def leave(self) -> None:
        """The process ends: close when what is followed has ended."""


class Room:
    """One conversation in this process."""

    def __init__(self, conversation: UUID) -> None:
        self.conversation = conversation
        self.members: set[Member] = set()
        self.reply: Reply | None = None  # the one in flight that is ours
        # Of those that run elsewhere; several, while their ends have not been heard of.
        self.mirrors: dict[UUID, Reply] = {}
        self.interest: dict[str, float] = {}  # other processes, until when they are published to
        self.renewed = 0.0
        self.asked = 0.0
        # Up to which revision nothing is missing, None until one is known; and those beyond it
        # that were applied all the same: two processes' events may overtake each other.
        self.revision: int | None = None
        self._beyond: set[int] = set()
        self.behind = False

    @property
    def empty(self) -> bool:
        return not self.members and self.reply is None

    def apply(self, event: AnyEvent, skip: Member | None = None) -> None:
        """Show an event to this room's sockets, except to the one that already knows."""
        members = [member for member in self.members if member is not skip]
        match event:
            case Said(revision=0) if self.revision:
                pass  # another process's greeting, of what was a draft when it was asked for
            case Said(entry=entry):
                for member in members:
                    member.show(entry)
            case Began(entry=entry):
                if not self.in_flight(entry):  # else it was met in the transcript already
                    self.begin(self.mirror(entry))
            case Ended(entry=entry):
                self._end(entry)
            case Closed(following=following):
                if following is None:
                    self.reply = None  # erased with all else
                    self.mirrors.clear()
                for member in members:
                    member.reset(following)
        self.at(event.revision)

    def at(self, revision: int) -> None:
        """An event with this revision was applied; 0: it has none."""
        if self.revision is None:
            self.revision = revision or None
        elif revision > self.revision:
            self._beyond.add(revision)
            while self.revision + 1 in self._beyond:
                self.revision += 1
                self._beyond.remove(self.revision)

    def read(self, revision: int) -> None:
        """One of the sockets has read the transcript as of this revision.

        What the others have missed of it they still miss.
        """
        if self.revision is None or len(self.members) == 1:
            self.revision = max(revision, self.revision or 0)
            self._beyond = {later for later in self._beyond if later > self.revision}

    def in_flight(self, entry: Entry) -> Reply | None:
        """The reply behind an entry, ours or a mirror, while it is under way."""
        for reply in (self.reply, self.mirrors.get(entry.id)):
            if reply and reply.entry.id == entry.id and reply.entry.attempt == entry.attempt:
                return reply
        return None

    def begin(self, reply: Reply) -> None:
        """A reply is in flight; every socket here follows it."""
        for member in self.members:
            member.follow(reply)

    def mirror(self, entry: Entry) -> Reply:
        """A copy of our own of a reply that runs in another process, from what is stored of it."""
        mirror = self.mirrors[entry.id] = Reply(self.conversation, entry)
        return mirror

    def reload(self) -> None:
        """Something was missed: every socket here shows the conversation afresh."""
        self.revision = None
        self.mirrors.clear()
        for member in list(self.members):
            member.reload()

    def feed(self, reply_id: UUID, attempt: int, offset: int, text: str) -> bool:
        """More text of a mirrored reply; False when some before it is missing."""
        mirror = self.mirrors.get(reply_id)
        if mirror is None or mirror.entry.attempt != attempt:
            return True
        if offset > mirror.length:
            return False
        if offset + len(text) > mirror.length:
            mirror.append(text[mirror.length - offset :])
        return True

    def _end(self, entry: Entry) -> None:
        reply = self.in_flight(entry)
        if reply is None:
            for member in self.members:
                member.done(entry)
            return
        if reply is self.reply:
            self.reply = None
        else:
            del self.mirrors[entry.id]
        reply.end(entry)
        for member in self.members:
            member.ended()


class Rooms:
    """All rooms of this process, and its talk with the others."""

    def __init__(self, worker: str, stop: Callable[[UUID], object]) -> None:
        self.worker = worker
        self._stop = stop  # what another process asks for; nothing where the reply is not ours
        self.by_id: dict[UUID, Room] = {}
        self.bus = Bus(worker, self.receive)

    def open(self, conversation: UUID) -> Room:
        """The room, made where there is none."""
        room = self.by_id.get(conversation)
        if room is None:
            room = self.by_id[conversation] = Room(conversation)
            self.bus.join(conversation)
            self._greet(room)
        return room

    def leave(self, conversation: UUID, member: Member) -> None:
        """A socket is gone, or shows another conversation."""
        room = self.by_id.get(conversation)
        if room is not None:
            room.members.discard(member)
            self.close_if_empty(room)

    def close_if_empty(self, room: Room) -> None:
        if room.empty and room.conversation in self.by_id:
            del self.by_id[room.conversation]
            self.bus.send(room.conversation, Hi(worker=self.worker, leaving=True))
            self.bus.leave(room.conversation)

    def happened(self, conversation: UUID, event: AnyEvent, skip: Member | None = None) -> None:
        """Something happened here: show it to this process's sockets, and tell the others."""
        room = self.by_id.get(conversation)
        if room is not None:
            room.apply(event, skip)
            self.tell(room, event)
            self.close_if_empty(room)
        else:
            self.bus.send(conversation, event)  # nobody here knows who would like to hear it

    def began(self, reply: Reply, revision: int) -> None:
        """A reply of ours begins."""
        room = self.open(reply.conversation)
        room.reply = reply
        room.begin(reply)
        room.at(revision)
        self.tell(room, Began(entry=reply.entry, revision=revision))
        if room.interest:
            self.bus.publish(reply, 0)

    def disown(self, reply: Reply) -> None:
        """A reply of ours goes on elsewhere: its sockets read in the transcript how."""
        room = self.by_id.get(reply.conversation)
        if room is not None and room.reply is reply:
            room.reply = None
            room.reload()
            self.close_if_empty(room)

    def tell(self, room: Room, event: AnyEvent) -> None:
        """Publish an event, if anybody asked for this conversation."""
        now = time.monotonic()
        for worker in [worker for worker, until in room.interest.items() if until < now]:
            del room.interest[worker]
        if room.interest:
            self.bus.send(room.conversation, event)

    def ask_stop(self, conversation: UUID, reply_id: UUID) -> None:
        """Ask whoever runs a reply to stop it; the transcript says so too, should this be lost."""
        self.bus.send(conversation, StopAsked(id=reply_id))

    def receive(self, conversation: UUID, event: AnyEvent) -> None:
        """Something happened in another process."""
        room = self.by_id.get(conversation)
        if room is None:
            return
        match event:
            case Hi():
                self._met(room, event)
            case StopAsked(id=reply_id):
                self._stop(reply_id)
            case Grew(id=reply_id, attempt=attempt, offset=offset, text=text):
                missing = not room.feed(reply_id, attempt, offset, text)
                if missing and room.asked + ASK_SECONDS < time.monotonic():
                    self._greet(room)
            case _:
                room.apply(event)
                self.close_if_empty(room)

    def mirror(self, room: Room, entry: Entry) -> Reply:
        """Our copy of a reply that runs in another process, which is asked for the rest."""
        mirror = room.mirror(entry)
        self._greet(room)
        return mirror

    def renew(self) -> None:
        """Called about once a second: keep the others' interest in us alive."""
        now = time.monotonic()
        for room in self.by_id.values():
            if room.members and room.renewed + RENEW_SECONDS < now:
                self._greet(room)

    def rejoin(self) -> None:
        """The channel layer was away: hear of every conversation again."""
        self.bus.broken = False
        for room in self.by_id.values():
            self.bus.join(room.conversation)
            self._greet(room)

    def _greet(self, room: Room, answer: bool = False) -> None:
        """Say that this process shows the conversation, and how much of its reply it has."""
        room.renewed = room.asked = time.monotonic()
        mirror = next(reversed(room.mirrors.values()), None)
        self.bus.send(
            room.conversation,
            Hi(
                revision=room.revision or 0,
                worker=self.worker,
                reply=mirror.entry.id if mirror else None,
                length=mirror.length if mirror else 0,
                answer=answer,
            ),
        )

    def _met(self, room: Room, hi: Hi) -> None:
        if hi.leaving:
            room.interest.pop(hi.worker, None)
            return
        room.interest[hi.worker] = time.monotonic() + INTEREST_SECONDS
        known = room.revision or 0
        if hi.revision < known or (room.members and not hi.answer):
            self._greet(room, answer=True)
        if hi.revision > known:
            room.reload()  # it happened before they knew that we would like to hear it
        if reply := room.reply:
            self.bus.publish(reply, hi.length if reply.entry.id == hi.reply else 0)
