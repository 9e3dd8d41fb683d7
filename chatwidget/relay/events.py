"""What happens to a conversation, as processes publish it to each other."""

from __future__ import annotations

from uuid import UUID

import msgspec

from chatwidget.transcripts import Entry


class ConversationEvent(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Something that happened to a conversation; `revision` is its count of changes after it."""

    revision: int = 0


class MessageChanged(ConversationEvent, frozen=True, tag=True):
    """A message is new, or has changed."""

    entry: Entry


class ReplyStarted(ConversationEvent, frozen=True, tag=True):
    """A reply began, for the first time or again."""

    entry: Entry


class TextAppended(ConversationEvent, frozen=True, tag=True):
    """A reply's text from `offset` on."""

    id: UUID
    attempt: int
    offset: int
    text: str


class ReplyFinished(ConversationEvent, frozen=True, tag=True):
    """A reply ended, and is stored."""

    entry: Entry


class ConversationClosed(ConversationEvent, frozen=True, tag=True):
    """The visitor began a new conversation, or the owner erased this one."""

    following: UUID | None = None  # the draft of the new one


class PresenceAnnounced(ConversationEvent, frozen=True, tag=True):
    """A process shows this conversation (or no longer does), as of `revision`, and has this much
    of its reply."""

    worker: str
    reply: UUID | None = None
    length: int = 0
    answer: bool = False
    leaving: bool = False


class StopRequested(ConversationEvent, frozen=True, tag=True):
    """A visitor wants a reply stopped that runs in another process."""

    id: UUID


AnyEvent = (
    MessageChanged
    | ReplyStarted
    | TextAppended
    | ReplyFinished
    | ConversationClosed
    | PresenceAnnounced
    | StopRequested
)
