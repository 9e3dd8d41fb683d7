"""Reading conversations: nothing here changes anything."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from django.db.models.functions import Length

from chatwidget.errors import BadRequest
from chatwidget.models import Conversation, Message, Status
from chatwidget.protocol import HISTORY_PAGE, PAGE_BYTES, PART
from chatwidget.transcripts.types import ENTRY_FIELDS, Entry, Snapshot, StoredMessage, entry_of

# What a message has beside its text and rich element, in bytes of JSON.
ENVELOPE = 1024
# How much of a conversation goes with a turn where the platform keeps no history of its own.
HISTORY_MESSAGES = 60
HISTORY_LENGTH = 256 * 1024  # code points
# Values in one statement: databases take no more than some ten thousand.
AT_ONCE = 5000


_json = msgspec.json.Encoder()


def _page(rows: QuerySet[Message]) -> tuple[list[Entry], bool]:
    """The newest of `rows`, oldest first, as many as a page holds; and whether there are more."""
    entries: list[Entry] = []
    size = 0
    for row in rows.order_by("-seq").values(*ENTRY_FIELDS)[: HISTORY_PAGE + 1]:
        size += len(_json.encode((row["text"][:PART], row["ui"]))) + ENVELOPE
        if entries and (len(entries) == HISTORY_PAGE or size > PAGE_BYTES):
            return entries[::-1], True
        entries.append(Entry(**row))
    return entries[::-1], False


def snapshot(conversation: UUID, visitor: UUID) -> Snapshot | None:
    """A visitor's conversation; None when it is unknown, erased or somebody else's."""
    rows = Conversation.objects.filter(pk=conversation, visitor=visitor)
    # Before the messages, which may thus be newer: then they are shown twice, and never missed. A
    # transaction would change nothing of that, and have readers wait for SQLite's writer.
    row = rows.values_list("revision", "ended_at").first()
    if row is None:
        return None
    # A conversation is begun with its greeting, so entry 1 ends the history.
    entries, more = _page(Message.objects.filter(conversation=conversation))
    return Snapshot(conversation, *row, entries, more)


def latest(visitor: UUID) -> UUID | None:
    """The visitor's newest conversation."""
    rows = Conversation.objects.filter(visitor=visitor).order_by("-id")
    return rows.values_list("pk", flat=True).first()


def older(conversation: UUID, before: UUID) -> tuple[list[Entry], bool]:
    """The messages before one of the conversation's. Raises BadRequest for an unknown one."""
    rows = Message.objects.filter(conversation=conversation)
    seq = rows.filter(pk=before).values_list("seq", flat=True).first()
    if seq is None:
        raise BadRequest("history before an unknown message")
    return _page(rows.filter(seq__lt=seq))


def entry(conversation: UUID, message: UUID) -> Entry | None:
    """One message as it stands."""
    row = Message.objects.filter(conversation=conversation, pk=message)
    values = row.values(*ENTRY_FIELDS).first()
    return Entry(**values) if values else None


def entries(messages: Iterable[UUID]) -> dict[UUID, Entry]:
    """Those of these messages that there are."""
    rows = Message.objects.filter(pk__in=list(messages)).values(*ENTRY_FIELDS)
    return {row["id"]: Entry(**row) for row in rows}


def revisions(conversations: Iterable[UUID]) -> dict[UUID, int]:
    """How often these conversations have changed; an erased one is missing."""
    wanted = list(conversations)
    found: dict[UUID, int] = {}
    for start in range(0, len(wanted), AT_ONCE):
        rows = Conversation.objects.filter(pk__in=wanted[start : start + AT_ONCE])
        found |= dict(rows.values_list("pk", "revision"))
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
    return list(rows.filter(seq__gte=since).values_list("role", "text", "seq"))[::-1]


def accepted_before(visitor: UUID, client_id: UUID) -> StoredMessage | None:
    """The send with this id, where it was accepted before."""
    row = (
        Message.objects.filter(visitor=visitor, client_id=client_id)
        .select_related("conversation")
        .first()
    )
    if row is None:
        return None
    return StoredMessage(
        row.conversation_id, row.conversation.revision, entry_of(row), duplicate=True
    )
