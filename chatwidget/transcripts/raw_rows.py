"""Rows as the database gives them, for exports, which are long.

Django's converters cost more than the database does: an id becomes a UUID to become a text again,
a time a datetime. These functions make the same texts of what is stored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.models import BooleanField, Func, QuerySet, TextField
from django.db.models.expressions import RawSQL


def raw_rows(rows: QuerySet[Any, Any]) -> Iterator[tuple[Any, ...]]:
    """What a query with `values_list` finds, unconverted."""
    database = connections[rows.db]
    sql, values = rows.query.get_compiler(connection=database).as_sql()
    with database.cursor() as cursor:
        cursor.execute(sql, values)
        yield from cursor.fetchall()


def id_text(value: Any) -> str:
    """An id, with its hyphens: SQLite and MySQL store 32 hexadecimal digits."""
    text = str(value)
    if len(text) != 32:
        return text
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class _Stored(Func):
    """What is stored, which SQLite's driver would parse."""

    template = "%(expressions)s||''"
    output_field = TextField()


def columns(names: Iterable[str], database: str) -> list[Any]:
    """Names for `values_list`; of times, which SQLite's driver would parse, as they are stored."""
    if connections[database].vendor != "sqlite":
        return list(names)
    return [_Stored(name) if name.endswith("_at") else name for name in names]


def one_of(column: str, values: Sequence[Any]) -> RawSQL:
    """A condition: the column holds one of what was read unconverted. Django would convert each."""
    places = ",".join(["%s"] * len(values))
    return RawSQL(f"{column} IN ({places})", values, output_field=BooleanField())


def time_writer(database: str) -> Callable[[datetime | str | None], str | None]:
    """What writes a time as it comes from there: with its zone, or in the connection's."""
    zone = connections[database].timezone if settings.USE_TZ else None

    def write(moment: datetime | str | None) -> str | None:
        if moment is None:
            return None
        if isinstance(moment, str):
            if zone is UTC:
                return f"{moment[:10]}T{moment[11:]}Z"
            moment = datetime.fromisoformat(moment)
        return utc(moment.replace(tzinfo=zone) if moment.tzinfo is None and zone else moment)

    return write


def utc(moment: datetime | None) -> str | None:
    """ISO 8601 with a Z."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def json_value(value: Any) -> Any:
    """What a column of JSON holds."""
    if value == "{}":
        return {}
    return json.loads(value) if isinstance(value, str) else value
