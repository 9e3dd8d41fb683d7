"""The statements that each message, each reply and each new conversation costs, as SQL.

With the ORM each costs 100 to 300 µs of CPU, most of what a send and the end of a reply cost; here
they cost 20. Everything that is rarer is the ORM's. They suit SQLite (3.35 or newer), PostgreSQL,
MariaDB and MySQL; values pass through the models' fields, so the models stay the one truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from django.db.models.expressions import DatabaseDefault

from chatwidget.models import Conversation, Message, Visitor, Widget
from chatwidget.transcripts.locking import LEASE, UNFINISHED_SQL
from chatwidget.transcripts.types import ConversationGone, Job, Outcome


def _database() -> BaseDatabaseWrapper:
    """This thread's connection itself: its proxy, django.db.connection, looks up every access."""
    return connections[DEFAULT_DB_ALIAS]


@lru_cache
def _field(model: type[Model], name: str) -> Any:
    return model._meta.get_field(name)


def _value(model: type[Model], name: str, value: Any, database: BaseDatabaseWrapper) -> Any:
    """A value as this field is stored by this database."""
    if type(value) in (str, int, bool):
        return value  # as it is, by all of these models' fields
    return _field(model, name).get_db_prep_save(value, database)


def lease_end() -> str:
    """The end of a lease by the database's clock."""
    seconds = int(LEASE.total_seconds())
    if _database().vendor == "sqlite":
        return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '+{seconds} seconds')"
    if _database().vendor == "mysql":
        return f"UTC_TIMESTAMP(6) + INTERVAL {seconds} SECOND"
    return f"statement_timestamp() + interval '{seconds} seconds'"


_ADVANCE = f"""
UPDATE {Conversation._meta.db_table}
SET last_seq = last_seq + 2, revision = revision + 2, last_message_at = %s, ended_at = NULL
WHERE id = %s AND visitor_id = %s
"""
_ADVANCED = f"""
last_seq, revision, provider_session, session_config,
    page_url, page_title, referrer, locale,
    (SELECT name FROM {Visitor._meta.db_table} v WHERE v.id = visitor_id),
    (SELECT email FROM {Visitor._meta.db_table} v WHERE v.id = visitor_id),
    (SELECT email_verified FROM {Visitor._meta.db_table} v WHERE v.id = visitor_id),
    (SELECT blocked_at IS NOT NULL FROM {Visitor._meta.db_table} v WHERE v.id = visitor_id),
    (SELECT config_version FROM {Widget._meta.db_table} w WHERE w.id = widget_id),
    (SELECT active FROM {Widget._meta.db_table} w WHERE w.id = widget_id), with_person
"""  # the tables' names are ours


class Advanced(NamedTuple):
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
    email_verified: bool
    blocked: bool
    widget_version: int
    widget_active: bool
    with_person: bool


def advance(conversation: UUID, visitor: UUID, now: datetime) -> Advanced:
    """Lock a visitor's conversation and count two more messages. Raises ConversationGone."""
    database = _database()
    values = [
        _value(Conversation, "last_message_at", now, database),
        _value(Conversation, "id", conversation, database),
        _value(Visitor, "id", visitor, database),
    ]
    return Advanced(*_changed(_ADVANCE, _ADVANCED, values, values[1]))


_ARRIVAL = f"""
SELECT active, (SELECT blocked_at IS NOT NULL FROM {Visitor._meta.db_table} v WHERE v.id = %s),
    (SELECT c.id FROM {Conversation._meta.db_table} c WHERE c.visitor_id = %s
    ORDER BY c.id DESC LIMIT 1)
FROM {Widget._meta.db_table} WHERE id = %s
"""


def arrival(widget: int, visitor: UUID) -> tuple[bool, bool, UUID | None]:
    """Is the widget on, is the visitor blocked, and which conversation is their latest?"""
    database = _database()
    who = _value(Visitor, "id", visitor, database)
    with database.cursor() as cursor:
        cursor.execute(_ARRIVAL, [who, who, widget])
        active, blocked, latest = cursor.fetchone() or (False, False, None)
    return bool(active), bool(blocked), UUID(str(latest)) if latest else None


_STEP_BACK = f"""
UPDATE {Conversation._meta.db_table} SET last_seq = last_seq - 1, revision = revision - 1
WHERE id = %s
"""


def step_back(conversation: UUID) -> None:
    """Of the two messages that `advance` has counted there is but one."""
    database = _database()
    with database.cursor() as cursor:
        cursor.execute(_STEP_BACK, [_value(Conversation, "id", conversation, database)])


def _changed(update: str, columns: str, values: list[Any], conversation: Any) -> tuple[Any, ...]:
    """Change a conversation, which locks it, and read these columns. Raises ConversationGone."""
    database = _database()
    with database.cursor() as cursor:
        if database.vendor != "mysql":
            cursor.execute(f"{update} RETURNING {columns}", values)
        else:
            cursor.execute(update, values)
            if not cursor.rowcount:
                raise ConversationGone
            table = Conversation._meta.db_table
            cursor.execute(f"SELECT {columns} FROM {table} WHERE id = %s", [conversation])
        row: tuple[Any, ...] | None = cursor.fetchone()
    if row is None:
        raise ConversationGone
    return row


_WAITING = f"""
SELECT COUNT(*), COALESCE(SUM(CASE WHEN status = 'pending' THEN 1 ELSE 0 END), 0)
FROM {Message._meta.db_table} WHERE conversation_id = %s AND {UNFINISHED_SQL}
"""


def unfinished(conversation: UUID) -> tuple[int, int]:
    """How many replies of a conversation are unfinished, and how many of them wait."""
    database = _database()
    with database.cursor() as cursor:
        cursor.execute(_WAITING, [_value(Conversation, "id", conversation, database)])
        count, waiting = cursor.fetchone()
    return count, int(waiting)  # a sum is a Decimal to some


AT_ONCE = 50  # rows in one statement

# One row to be stored: what it has beside its model's defaults, by the names of the attributes.
Row = dict[str, Any]


@lru_cache
def _insert(
    model: type[Model], vendor: str, rows: tuple[tuple[str, ...], ...]
) -> tuple[str, list[list[str]]]:
    """The statement for rows of these attributes, and of each row which of them goes where.

    Defaults stand in it as they are: each parameter costs psycopg and Django as much as ten of
    them. A message with an owner gets a lease.
    """
    fields = model._meta.concrete_fields

    def value(field: Any, given: tuple[str, ...]) -> str:
        if field.attname in given:
            return "%s"
        if field.name == "lease_until" and "owner" in given:
            return lease_end()
        default = field.get_default()
        return _literal(field.db_default if isinstance(default, DatabaseDefault) else default)

    columns = ", ".join(str(field.column) for field in fields)
    values = ", ".join(f"({', '.join(value(field, row) for field in fields)})" for row in rows)
    order = [[field.attname for field in fields if field.attname in row] for row in rows]
    return f"INSERT INTO {model._meta.db_table} ({columns}) VALUES {values}", order


def _literal(default: Any) -> str:
    """A default as SQL: NULL, a number, TRUE or FALSE, a text, or an empty JSON value."""
    if default is None:
        return "NULL"
    return str(default).upper() if isinstance(default, int) else f"'{default}'"


def insert(model: type[Model], *rows: Row, ending: str = "") -> None:
    """A few rows, in one statement."""
    database = _database()
    statement, order = _insert(model, database.vendor, tuple(map(tuple, rows)))
    values = [
        _value(model, name, row[name], database)
        for names, row in zip(order, rows, strict=True)
        for name in names
    ]
    with database.cursor() as cursor:
        cursor.execute(statement + ending, values)


def insert_many(model: type[Model], rows: Sequence[Row]) -> None:
    """Any number of rows; by `executemany` each would cost the databases and their drivers more."""
    for start in range(0, len(rows), AT_ONCE):
        insert(model, *rows[start : start + AT_ONCE])


def insert_unless_there(model: type[Model], row: Row) -> None:
    """A row whose id there may be already."""
    mysql = _database().vendor == "mysql"
    insert(
        model,
        row,
        ending=" ON DUPLICATE KEY UPDATE id = id" if mysql else " ON CONFLICT DO NOTHING",
    )


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
    completed_at = %s, revision = %s
WHERE id = %s AND owner = %s AND attempt = %s AND status = 'streaming'
"""
_WAIT = f"""
(SELECT COUNT(*) FROM {Message._meta.db_table} w
    WHERE w.conversation_id = %s AND {UNFINISHED_SQL} AND w.status = 'pending')
"""


def end_reply(job: Job, owner: str, outcome: Outcome, now: datetime, revision: int) -> int | None:
    """Store a reply's end, and count those that wait in its conversation, whose row is locked; None
    when it is no longer this owner's."""
    database = _database()
    values = [_value(Message, name, getattr(outcome, name), database) for name in _ENDED]
    values.append(_value(Message, "completed_at", now, database))
    reply = _value(Message, "id", job.entry.id, database)
    values += [revision, reply, owner, job.entry.attempt]
    with database.cursor() as cursor:
        if database.vendor == "mysql":
            cursor.execute(_END_REPLY, values)
            return unfinished(job.conversation)[1] if cursor.rowcount else None
        conversation = _value(Conversation, "id", job.conversation, database)
        cursor.execute(f"{_END_REPLY} RETURNING {_WAIT}", [*values, conversation])
        row = cursor.fetchone()
    return row[0] if row else None


_TOUCH = f"""
UPDATE {Conversation._meta.db_table} SET revision = revision + 1, last_message_at = %s
WHERE id = %s
"""


def touch(conversation: UUID, now: datetime) -> int:
    """Lock a conversation that changes; its new revision. Raises ConversationGone."""
    database = _database()
    values = [
        _value(Conversation, "last_message_at", now, database),
        _value(Conversation, "id", conversation, database),
    ]
    return int(_changed(_TOUCH, "revision", values, values[1])[0])
