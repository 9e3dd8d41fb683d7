"""A conversation as this process sees it: the sockets that show it, and its replies in flight."""

from __future__ import annotations

from typing import Protocol, assert_never
from uuid import UUID

from chatwidget.relay.events import (
    ConversationClosed,
    MessageChanged,
    ReplyFinished,
    ReplyStarted,
)
from chatwidget.relay.reply import Reply
from chatwidget.transcripts import Entry

# What a socket is shown.
Shown = MessageChanged | ReplyStarted | ReplyFinished | ConversationClosed


class Subscriber(Protocol):
    """A socket in a room. It is told as of which revision something is so (0: now), for it may have
    read that in the transcript already."""

    def show(self, entry: Entry, revision: int) -> None:
        """A new message, or a known one's new state."""

    def follow(self, reply: Reply, revision: int) -> None:
        """A reply begins: its message, deltas and done."""

    def ended(self) -> None:
        """The reply in flight has ended; the sockets that follow it know already."""

    def done(self, entry: Entry, revision: int) -> None:
        """A reply that never began here has ended: its message and done."""

    def reset(self, following: UUID | None) -> None:
        """The conversation is over: a new one begins, whose draft has this id."""

    def reload(self) -> None:
        """Something was missed: show the conversation again."""

    def leave(self) -> None:
        """The process ends: close when what is followed has ended."""


class Room:
    """One conversation in this process."""

    __slots__ = (
        "_beyond",
        "_changed",
        "asked",
        "behind",
        "conversation",
        "interest",
        "members",
        "renewed",
        "replicas",
        "reply",
        "revision",
    )

    def __init__(self, conversation: UUID) -> None:
        self.conversation = conversation
        self.members: list[Subscriber] = []  # of one visitor, so few
        self.reply: Reply | None = None  # the one in flight that is ours
        # Of those that run elsewhere; several, while their ends have not been heard of.
        self.replicas: dict[UUID, Reply] = {}
        self.interest: dict[str, float] = {}  # other processes, until when they are published to
        self.renewed = 0.0
        self.asked = 0.0
        # Up to which revision nothing is missing, None until one is known; and those beyond it
        # that were applied all the same: two processes' events may overtake each other.
        self.revision: int | None = None
        self._beyond: frozenset[int] = frozenset()
        self._changed: dict[UUID, int] = {}  # message → the last revision it was shown as of
        self.behind = False

    @property
    def empty(self) -> bool:
        return not self.members and self.reply is None

    def apply(self, event: Shown, skip: Subscriber | None = None) -> None:
        """Show an event to this room's sockets, except to the one that already knows."""
        members = [member for member in self.members if member is not skip]
        match event:
            case MessageChanged(revision=0) if self.revision:
                pass  # another process's greeting, of what was a draft when it was asked for
            case MessageChanged(entry=entry):
                if not self.overtaken(entry, event.revision):
                    for member in members:
                        member.show(entry, event.revision)
            case ReplyStarted(entry=entry):
                overtaken = self.overtaken(entry, event.revision)
                if overtaken or self.in_flight(entry):
                    pass  # it was met in the transcript
                elif entry.id in self.replicas:
                    self.reload()  # the end of its earlier attempt has been overtaken
                else:
                    self.begin(self.replica(entry), event.revision)
            case ReplyFinished(entry=entry):
                self._end(entry, event.revision)
            case ConversationClosed(following=following):
                if following is None:
                    self.reply = None  # erased with all else
                    self.replicas.clear()
                for member in members:
                    member.reset(following)
            case _:
                assert_never(event)
        self.at(event.revision)

    def overtaken(self, entry: Entry, revision: int) -> bool:
        """Has something later been shown of this message? Two processes' events may do that."""
        if not revision:
            return False
        latest = self._changed.get(entry.id, 0)
        self._changed[entry.id] = max(latest, revision)
        return revision < latest

    def at(self, revision: int) -> None:
        """An event with this revision was applied; 0: it has none."""
        if self.revision is None:
            self.revision = revision or None
        elif revision > self.revision:
            self._beyond |= {revision}
            while self.revision + 1 in self._beyond:
                self.revision += 1
            self._forget_applied()

    def read(self, revision: int) -> None:
        """One of the sockets has read the transcript as of this revision.

        What the others have missed of it they still miss.
        """
        if self.revision is None or len(self.members) == 1:
            self.revision = max(revision, self.revision or 0)
            self._forget_applied()

    def _forget_applied(self) -> None:
        if self._beyond:
            self._beyond = frozenset(
                later for later in self._beyond if later > (self.revision or 0)
            )

    def in_flight(self, entry: Entry) -> Reply | None:
        """The reply behind an entry, ours or a replica, while it is under way."""
        for reply in (self.reply, self.replicas.get(entry.id)):
            if reply and reply.entry.id == entry.id and reply.entry.attempt == entry.attempt:
                return reply
        return None

    def begin(self, reply: Reply, revision: int = 0) -> None:
        """A reply is in flight; every socket here follows it."""
        for member in self.members:
            member.follow(reply, revision)

    def replica(self, entry: Entry) -> Reply:
        """A copy of our own of a reply that runs in another process, from what is stored of it."""
        replica = self.replicas[entry.id] = Reply(self.conversation, entry)
        return replica

    def reload(self) -> None:
        """Something was missed: every socket here shows the conversation again."""
        self.revision = None
        self.replicas.clear()
        for member in list(self.members):
            member.reload()

    def append_remote(self, reply_id: UUID, attempt: int, offset: int, text: str) -> bool:
        """Append text that another process sent; False when some before it is missing."""
        replica = self.replicas.get(reply_id)
        if replica is None or replica.entry.attempt != attempt:
            return True
        if offset > replica.length:
            return False
        if offset + len(text) > replica.length:
            replica.append(text[replica.length - offset :])
        return True

    def _end(self, entry: Entry, revision: int) -> None:
        overtaken = self.overtaken(entry, revision)
        reply = self.in_flight(entry)
        if reply is None:
            for member in () if overtaken else self.members:
                member.done(entry, revision)
            return
        if reply is self.reply:
            self.reply = None
        else:
            del self.replicas[entry.id]
        reply.end(entry)
        for member in self.members:
            member.ended()
