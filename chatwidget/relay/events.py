"""The events of a conversation, as processes publish them to each other.

Each event has a short tag and all have a version, so that two releases can serve side by side: a
process skips what it does not know, and the transcript has what it has missed.
"""

from __future__ import annotations

import logging
from uuid import UUID

import msgspec

from chatwidget.transcripts import Entry

logger = logging.getLogger("chatwidget")

VERSION = 1


class ConversationEvent(msgspec.Struct, frozen=True, tag_field="type", omit_defaults=True):
    """Something that happened to a conversation."""


class MessagesChanged(ConversationEvent, frozen=True, tag="changed"):
    """Messages are new, or have changed: all that one transaction did, as in `Change`."""

    entries: tuple[Entry, ...]


class TextAppended(ConversationEvent, frozen=True, tag="text"):
    """A reply's text from `offset` on."""

    id: UUID
    attempt: int
    offset: int
    text: str


class ActivityChanged(ConversationEvent, frozen=True, tag="activity"):
    """What the agent does before it goes on writing; empty: nothing any more."""

    id: UUID
    attempt: int
    text: str


class ConversationClosed(ConversationEvent, frozen=True, tag="closed"):
    """The visitor began a new conversation, or the owner erased this one."""

    following: UUID | None = None  # the draft of the new one


class PresenceAnnounced(ConversationEvent, frozen=True, tag="presence"):
    """A process shows this conversation (or no longer does), as of `revision`, and has this much
    of its reply."""

    worker: str
    revision: int = 0
    reply: UUID | None = None
    length: int = 0
    answer: bool = False
    leaving: bool = False


class StopRequested(ConversationEvent, frozen=True, tag="stop"):
    """A visitor wants a reply stopped that runs in another process."""

    id: UUID


class TypingSeen(ConversationEvent, frozen=True, tag="typing"):
    """Somebody writes: the visitor, or a person of this name who has the conversation."""

    author: str = ""  # empty: the visitor


class FramesPosted(ConversationEvent, frozen=True, tag="frames"):
    """Frames of an event stream that another process has open; sent under the stream's id."""

    request: UUID
    frames: tuple[str, ...]


class FramesTaken(ConversationEvent, frozen=True, tag="taken"):
    """The answer to `FramesPosted`."""

    request: UUID


class VisitorsAsked(ConversationEvent, frozen=True, tag="visitors?"):
    """A process wants to know which visitors the others have."""


class VisitorsHere(ConversationEvent, frozen=True, tag="visitors"):
    """The visitors who have a connection open in a process."""

    worker: str
    visitors: tuple[UUID, ...]


Mail = FramesPosted | FramesTaken | VisitorsAsked | VisitorsHere
AnyEvent = (
    MessagesChanged
    | TextAppended
    | ActivityChanged
    | ConversationClosed
    | PresenceAnnounced
    | StopRequested
    | TypingSeen
    | Mail
)

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(AnyEvent)
_skipped: set[str] = set()  # what was logged; another release may send a thousand of a kind


def encode(event: AnyEvent) -> bytes:
    """The bytes of an event."""
    return _encoder.encode(event)


def decode(event: bytes, version: int) -> AnyEvent | None:
    """The event of another process; None, with one line in the log, where it is of a kind or a
    version that this release does not know."""
    reason = f"version {version}"
    if version == VERSION:
        try:
            found: AnyEvent = _decoder.decode(event)
            return found
        except msgspec.DecodeError as error:
            reason = str(error)
    if reason not in _skipped:
        _skipped.add(reason)
        logger.warning("an event of another release is skipped: %s", reason)
    return None
