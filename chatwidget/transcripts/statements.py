"""The statements of every message, as SQL.

With the ORM each costs 100 to 300 µs of CPU, most of what a send and the end of a reply cost; here
they cost 20. Everything that is rarer than once a message is the ORM's. They suit SQLite (3.35 or
newer) and PostgreSQL; values pass through the models' fields, so the models stay the one truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model

from chatwidget.models import Conversation, Message, Visitor, Widget
from chatwidget.transcripts.entries import ConversationGone, Outcome
from chatwidget.transcripts.rows import LEASE, UNFINISHED_SQL


def _value(model: type[Model], name: str, value: Any) -> Any:
    """A value as this field is stored by this database."""
    field: Any = model._meta.get_field(name)
    return field.get_db_prep_save(value, connection)


def lease_end() -> str:
    """The end of a lease by the database's clock."""
    seconds = int(LEASE.total_seconds())
    if connection.vendor == "sqlite":
        return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '+{seconds} seconds')"
    return f"statement_timestamp() + interval '{seconds} seconds'"


_ADVANCE = f"""
UPDATE {Conversation._meta.db_table}
SET last_seq = last_seq + 2, revision = revision + 1, last_message_at = %s, ended_at = NULL
WHERE id = %s AND visitor_id = %s
RETURNING last_seq, revision, provider_session, session_config,
    page_url, page_title, referrer, locale,
    (SELECT name FROM {Visitor._meta.db_table} v WHERE v.id = visitor_id),
    (SELECT email FROM {Visitor._meta.db_table} v WHERE v.id = visitor_id),
    (SELECT config_version FROM {Widget._meta.db_table} w WHERE w.id = widget_id)
"""  # the tables' names are ours


@dataclass(frozen=True, slots=True)
class Advanced:
    """A conversation after two more messages, its row locked."""

    last_seq: int
    revision: int
    provider_session: str
    session_config: str
    page_url: str
    page_title: str
    referrer: str
    locale: str
    name: str
    email: str
    widget_version: int


def advance(conversation: UUID, visitor: UUID, now: datetime) -> Advanced:
    """Lock a visitor's conversation and count two more messages. Raises ConversationGone."""
    values = [
        _value(Conversation, "last_message_at", now),
        _value(Conversation, "id", conversation),
        _value(Visitor, "id", visitor),
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ADVANCE, values)
        row = cursor.fetchone()
    if row is None:
        raise ConversationGone
    return Advanced(*row)


_WAITING = f"""
SELECT COUNT(*), COALESCE(SUM(CASE WHEN status = 'pending' THEN 1 ELSE 0 END), 0)
FROM {Message._meta.db_table} WHERE conversation_id = %s AND {UNFINISHED_SQL}
"""


def unfinished(conversation: UUID) -> tuple[int, int]:
    """How many replies of a conversation are unfinished, and how many of them wait."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [_value(Conversation, "id", conversation)])
        count, waiting = cursor.fetchone()
    return count, waiting


@lru_cache(maxsize=4)
def _insert(vendor: str, claimed: bool) -> str:
    fields = Message._meta.concrete_fields
    names = ", ".join(str(field.column) for field in fields)
    plain = ["%s"] * len(fields)
    leased = [
        f"COALESCE(%s, {lease_end()})" if claimed and field.name == "lease_until" else "%s"
        for field in fields
    ]
    rows = f"({', '.join(plain)}), ({', '.join(leased)})"
    return f"INSERT INTO {Message._meta.db_table} ({names}) VALUES {rows}"


def insert_pair(sent: Message, reply: Message) -> None:
    """A visitor's message and its reply; a reply that has an owner gets its lease."""
    values = [
        field.get_db_prep_save(getattr(message, field.attname), connection)
        for message in (sent, reply)
        for field in Message._meta.concrete_fields
    ]
    with connection.cursor() as cursor:
        cursor.execute(_insert(connection.vendor, bool(reply.owner)), values)


_ENDED = (
    "status",
    "text",
    "ui",
    "error_code",
    "error_cause",
    "retry_after",
    "provider_message_id",
    "metadata",
    "first_chunk_ms",
    "total_ms",
)  # the fields of Outcome that a message has

_END_REPLY = f"""
UPDATE {Message._meta.db_table}
SET owner = '', lease_until = NULL, {", ".join(f"{name} = %s" for name in _ENDED)},
    completed_at = %s
WHERE id = %s AND owner = %s AND attempt = %s AND status = 'streaming'
"""


def end_reply(reply: UUID, owner: str, attempt: int, outcome: Outcome, now: datetime) -> bool:
    """Store a reply's end; False when it is no longer this owner's."""
    values = [_value(Message, name, getattr(outcome, name)) for name in _ENDED]
    values.append(_value(Message, "completed_at", now))
    with connection.cursor() as cursor:
        cursor.execute(_END_REPLY, [*values, _value(Message, "id", reply), owner, attempt])
        return bool(cursor.rowcount)


_TOUCH = f"""
UPDATE {Conversation._meta.db_table} SET revision = revision + 1, last_message_at = %s
WHERE id = %s RETURNING revision
"""


def touch(conversation: UUID, now: datetime) -> int:
    """Lock a conversation that changes; its new revision. Raises ConversationGone."""
    values = [
        _value(Conversation, "last_message_at", now),
        _value(Conversation, "id", conversation),
    ]
    with connection.cursor() as cursor:
        cursor.execute(_TOUCH, values)
        row = cursor.fetchone()
    if row is None:
        raise ConversationGone
    return int(row[0])
