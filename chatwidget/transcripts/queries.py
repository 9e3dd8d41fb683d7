"""Reading conversations: nothing here changes anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Length

from chatwidget.errors import BadRequest
from chatwidget.models import Conversation, Message, Role, Status
from chatwidget.protocol import HISTORY_PAGE, PAGE_BYTES, PART
from chatwidget.transcripts.standing import id_list, id_of
from chatwidget.transcripts.types import ENTRY_FIELDS, Entry, Snapshot, StoredMessage, entry_of

# What a message has beside its text and rich element, in bytes of JSON.
ENVELOPE = 1024
# How much of a conversation goes with a turn where the platform keeps no history of its own.
HISTORY_MESSAGES = 60
HISTORY_LENGTH = 256 * 1024  # code points
# Values in one statement: databases take no more than some ten thousand.
AT_ONCE = 5000


_SPEAKER: dict[str, str] = {Role.OPERATOR: Role.ASSISTANT}
_json = msgspec.json.Encoder()


def _page(rows: QuerySet[Message], *others: str) -> tuple[list[dict[str, Any]], bool]:
    """The newest of `rows`, oldest first, as many as a page holds; and whether there are more."""
    page: list[dict[str, Any]] = []
    size = 0
    for row in rows.order_by("-seq").values(*ENTRY_FIELDS, *others)[: HISTORY_PAGE + 1]:
        size += len(_json.encode((row["text"][:PART], row["ui"]))) + ENVELOPE
        if page and (len(page) == HISTORY_PAGE or size > PAGE_BYTES):
            return page[::-1], True
        page.append(row)
    return page[::-1], False


def _entries(rows: Iterable[Mapping[str, Any]]) -> list[Entry]:
    return [Entry(**{name: row[name] for name in ENTRY_FIELDS}) for row in rows]


def snapshot(conversation: UUID, visitor: UUID | None = None) -> Snapshot | None:
    """A conversation; None when it is unknown, erased or not this visitor's."""
    rows = Message.objects.filter(conversation=conversation)
    if visitor is not None:
        rows = rows.filter(conversation__visitor=visitor)
    # In one statement, so that messages and revision are of one moment; there is no conversation
    # without a message.
    page, more = _page(rows, "conversation__revision", "conversation__ended_at")
    if not page:
        return None
    revision, ended = page[0]["conversation__revision"], page[0]["conversation__ended_at"]
    return Snapshot(conversation, revision, ended, _entries(page), more)


def changes_since(conversation: UUID, revision: int) -> Snapshot | None:
    """The messages that have changed since a revision, in that order; None where it was erased.

    The first HISTORY_PAGE of them: the snapshot's revision is the one that they lead to.
    """
    rows = Conversation.objects.filter(pk=conversation).values_list("revision", "ended_at")
    if (row := rows.first()) is None:
        return None
    now, ended = row
    # Not what has changed again since that statement: it comes with its own, later revision.
    found = Message.objects.filter(
        conversation=conversation, revision__gt=revision, revision__lte=now
    )
    page = list(found.order_by("revision").values(*ENTRY_FIELDS)[: HISTORY_PAGE + 1])
    more = len(page) > HISTORY_PAGE
    entries = _entries(page[:HISTORY_PAGE])
    return Snapshot(conversation, entries[-1].revision if more else now, ended, entries, more)


def older(conversation: UUID, before: UUID) -> tuple[list[Entry], bool]:
    """The messages before one of the conversation's. Raises BadRequest for an unknown one."""
    rows = Message.objects.filter(conversation=conversation)
    seq = rows.filter(pk=before).values_list("seq", flat=True).first()
    if seq is None:
        raise BadRequest("history before an unknown message")
    page, more = _page(rows.filter(seq__lt=seq))
    return _entries(page), more


def entry(conversation: UUID, message: UUID) -> Entry | None:
    """One message as it stands."""
    row = Message.objects.filter(conversation=conversation, pk=message)
    values = row.values(*ENTRY_FIELDS).first()
    return Entry(**values) if values else None


def entries(messages: Iterable[UUID]) -> dict[UUID, Entry]:
    """Those of these messages that there are."""
    rows = Message.objects.filter(pk__in=list(messages)).values(*ENTRY_FIELDS)
    return {row["id"]: Entry(**row) for row in rows}


_REVISIONS = f"SELECT id, revision FROM {Conversation._meta.db_table} WHERE id IN"


def revisions(conversations: Iterable[UUID]) -> dict[UUID, int]:
    """The revisions of these conversations; an erased one is missing."""
    wanted = list(conversations)
    found: dict[UUID, int] = {}
    for start in range(0, len(wanted), AT_ONCE):
        some = id_list(wanted[start : start + AT_ONCE])
        with connection.cursor() as cursor:
            cursor.execute(f"{_REVISIONS} ({some})")
            found |= {id_of(pk): revision for pk, revision in cursor.fetchall()}
    return found


def history(conversation: UUID, before_seq: int) -> list[tuple[str, str, int]]:
    """What was said before a message, oldest first, for platforms that keep no history.

    Role, text and number of each.
    """
    rows = (
        Message.objects.filter(
            conversation=conversation,
            seq__lt=before_seq,
            status__in=(Status.COMPLETE, Status.STOPPED),
        )
        .exclude(text="")
        .exclude(role=Role.EVENT)
        .order_by("-seq")
    )
    length = 0
    since = before_seq
    for seq, size in rows.annotate(size=Length("text")).values_list("seq", "size")[
        :HISTORY_MESSAGES
    ]:
        length += size
        if length > HISTORY_LENGTH:
            break
        since = seq
    said = rows.filter(seq__gte=since).values_list("role", "text", "seq")
    # What a person has answered is, to the agent, what was answered.
    return [(_SPEAKER.get(role, role), text, seq) for role, text, seq in said][::-1]


def accepted_before(visitor: UUID, client_id: UUID) -> StoredMessage | None:
    """The send with this id, where it was accepted before."""
    row = Message.objects.filter(visitor=visitor, client_id=client_id).first()
    if row is None:
        return None
    return StoredMessage(row.conversation_id, entry_of(row))
