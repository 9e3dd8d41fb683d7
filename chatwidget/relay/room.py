"""A conversation as this process sees it: the sockets that show it, and its replies in flight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, assert_never
from uuid import UUID

from chatwidget.relay.events import ConversationClosed, MessagesChanged
from chatwidget.relay.reply import Reply
from chatwidget.transcripts import Entry

# What a socket is shown.
Shown = MessagesChanged | ConversationClosed


class Subscriber(Protocol):
    """A socket that shows a conversation, as of a revision."""

    @property
    def revision(self) -> int | None:
        """The revision up to which it has been shown every change; None while it loads."""

    def apply(self, entries: Sequence[Entry]) -> None:
        """Show what a transaction has changed, unless it knows, or misses what came before."""

    def show_typing(self, author: str) -> None:
        """Somebody writes: the visitor (empty), or a person of this name."""

    def catch_up(self) -> None:
        """There is a later revision: read in the transcript what has changed."""

    def reload(self) -> None:
        """Show the conversation again, whatever it has shown."""

    def reset(self, following: UUID | None) -> None:
        """The conversation is over: a new one begins, whose draft has this id."""

    def leave(self) -> None:
        """The process ends: close when what is followed has ended."""


class Room:
    """One conversation in this process."""

    __slots__ = (
        "asked",
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
        self.members: list[Subscriber] = []  # of one visitor and some staff, so few
        self.revision = 0  # the latest that is known of
        self.reply: Reply | None = None  # the one in flight that is ours
        # Of those that run elsewhere; several, while their ends have not arrived.
        self.replicas: dict[UUID, Reply] = {}
        self.interest: dict[str, float] = {}  # other processes, until when they are published to
        self.renewed = 0.0
        self.asked = 0.0

    @property
    def empty(self) -> bool:
        return not self.members and self.reply is None

    def apply(self, event: Shown) -> None:
        """Show an event to this room's sockets."""
        match event:
            case MessagesChanged(entries=entries):
                for entry in entries:
                    self.settle(entry)
                for member in self.members:
                    member.apply(entries)
                self.note(entries[-1].revision)
            case ConversationClosed(following=following):
                if following is None:
                    self.reply = None  # erased with all else
                    self.replicas.clear()
                for member in self.members:
                    member.reset(following)
            case _:
                assert_never(event)

    def note(self, revision: int) -> None:
        """There is this revision: the members that are behind it catch up."""
        self.revision = max(self.revision, revision)
        for member in self.members:
            if member.revision is not None and member.revision < self.revision:
                member.catch_up()

    def show_typing(self, author: str) -> None:
        """Somebody writes: the visitor (empty), or a person of this name."""
        for member in self.members:
            member.show_typing(author)

    def settle(self, entry: Entry) -> None:
        """End the reply in flight that has ended, or begun another attempt, by this entry."""
        for reply in (self.reply, self.replicas.get(entry.id)):
            if reply is None or reply.entry.id != entry.id:
                continue
            same = reply.entry.is_same_attempt(entry)
            if entry.attempt > reply.entry.attempt or (same and not entry.unfinished):
                if reply is self.reply:
                    self.reply = None
                else:
                    del self.replicas[entry.id]
                reply.end(entry)

    def in_flight(self, entry: Entry) -> Reply:
        """The reply behind a streaming entry: ours, or a copy of one that runs elsewhere."""
        self.settle(entry)
        if self.reply and self.reply.entry.is_same_attempt(entry):
            return self.reply
        reply = self.replicas.get(entry.id)
        if reply is None:
            reply = self.replicas[entry.id] = Reply(self.conversation, entry)
        elif reply.entry.is_same_attempt(entry):
            reply.append_from(0, entry.text)
        return reply

    def replica(self, reply_id: UUID, attempt: int) -> Reply | None:
        """The copy of this attempt of a reply, which runs in another process."""
        found = self.replicas.get(reply_id)
        return found if found and found.entry.attempt == attempt else None
