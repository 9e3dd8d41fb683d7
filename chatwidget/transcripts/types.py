"""The values that the transcript takes and gives, apart from the database and any language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from chatwidget.models import UNFINISHED, Message, Role, Status, Widget


class ConversationGone(Exception):
    """The conversation was erased."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message as it stands, apart from the database and from any language."""

    id: UUID
    seq: int
    role: Role
    text: str
    status: Status
    created_at: datetime
    attempt: int = 1
    ui: dict[str, Any] | None = None
    rating: int = 0
    error_code: str = ""
    retry_after: float | None = None
    owner: str = ""
    author: str = ""
    event: str = ""
    revision: int = 0  # the conversation's as of this message's last change

    @property
    def unfinished(self) -> bool:
        return self.status in UNFINISHED

    def is_same_attempt(self, other: Entry) -> bool:
        return (self.id, self.attempt) == (other.id, other.attempt)


ENTRY_FIELDS = tuple(Entry.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A conversation as of `revision`: its newest messages, or those that have changed."""

    conversation: UUID
    revision: int
    ended: datetime | None  # since when the visitor talks in another one
    entries: list[Entry]
    more: bool  # are there others: older ones, or with later changes


@dataclass(frozen=True, slots=True)
class NewConversation:
    """A conversation that begins with its first message: what is known of it until then."""

    greeting: Entry | None = None
    session: str = ""
    session_config: str = ""
    locale: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class VisitorDetails:
    """What the page and the visitor have said of themselves; empty where they have not."""

    page_url: str = ""
    page_title: str = ""
    referrer: str = ""
    name: str = ""
    email: str = ""
    consent: str = ""
    external_id: str = ""  # the embedding site's, which vouches for it
    email_verified: bool = False


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A visitor's message. With an `opening`, its conversation is created where there is none."""

    widget: Widget
    visitor: UUID
    conversation: UUID
    client_id: UUID
    text: str
    details: VisitorDetails
    opening: NewConversation | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed reply, with all that is needed to ask the platform."""

    entry: Entry
    widget: Widget
    conversation: UUID
    text: str
    session: str
    page_url: str
    page_title: str
    referrer: str
    locale: str
    visitor: UUID
    name: str
    email: str
    email_verified: bool
    asked_seq: int  # of the first message that is answered
    request_id: str  # the client's id of the last one


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction has changed: messages as they are now, in the order of their revisions,
    of which none is missing. `job` is the reply that it has claimed, for the caller to start."""

    conversation: UUID
    entries: tuple[Entry, ...]
    job: Job | None = None


@dataclass(frozen=True, slots=True)
class Staff:
    """A person who answers in the place of the agent."""

    id: str  # the user's primary key
    name: str  # as visitors read it


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message that is stored; with its reply that is the `change`, None where it was before."""

    conversation: UUID
    entry: Entry
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a reply ended."""

    status: Status
    text: str
    session: str = ""
    session_config: str = ""
    fallback: Widget | None = None  # whose platform it was that answered
    fallback_session: str = ""
    ui: dict[str, Any] | None = None
    provider_message_id: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    error_code: str = ""
    error_cause: str = ""
    retry_after: float | None = None
    first_chunk_ms: int | None = None
    total_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One running reply's text so far; `changed` since the last checkpoint, or only its lease."""

    reply: UUID
    conversation: UUID
    attempt: int
    text: str
    session: str
    session_config: str


def entry_of(message: Message) -> Entry:
    return Entry(**{name: getattr(message, name) for name in ENTRY_FIELDS})


def entry_of_row(row: Mapping[str, Any]) -> Entry:
    """Of a message that is stored by this row; what it has not is at its default."""
    return Entry(**{name: value for name, value in row.items() if name in ENTRY_FIELDS})
