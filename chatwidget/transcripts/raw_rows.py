"""Rows as the database gives them, for exports and numbers, which are long.

Django's converters cost more than the database does: an id becomes a UUID to become a text again,
a time a datetime. Both come as texts, and what those lack is made here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import BooleanField, Func, QuerySet, TextField
from django.db.models.expressions import RawSQL

Rows = list[tuple[Any, ...]]
Times = Callable[[Any], str | None]
TEXT, TIMESTAMPTZ, UUID = 25, 1184, 2950  # PostgreSQL's numbers of these types


class Reader:
    """What reads these columns of a query's rows, unconverted.

    The query may hold GIVEN, for values that come with each reading: Django needs longer to write
    a query than the database to answer it, so a chunk's is written once.
    """

    def __init__(self, rows: QuerySet[Any, Any], names: Iterable[str]) -> None:
        self._alias = rows.db
        database = connections[rows.db]
        named = rows.values_list(*[_column(name, database.vendor) for name in names])
        self._sql, self._values = named.query.get_compiler(connection=database).as_sql()

    def __call__(self, *given: Any) -> Rows:
        left = iter(given)
        values = [next(left) if value is _PLACE else value for value in self._values]
        connection: Any = connections[self._alias]  # of the thread that reads this chunk
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                _leave_texts(connection.Database, cursor)
            cursor.execute(self._sql, values)
            return list(cursor.fetchall())


_PLACE = object()
GIVEN = RawSQL("%s", [_PLACE])


def binary_rows(rows: QuerySet[Any, Any]) -> Rows:
    """Rows of numbers and bytes. PostgreSQL else writes bytes as digits, twice as long, as Django's
    cursors have it do."""
    database: Any = connections[rows.db]
    try:
        statement, values = rows.query.get_compiler(connection=database).as_sql()
    except EmptyResultSet:  # what is asked for is in an empty list
        return []
    driver = database.Database
    if hasattr(driver, "ClientCursor"):  # psycopg 3
        database.ensure_connection()
        with database.wrap_database_errors, driver.Cursor(database.connection) as cursor:
            cursor.execute(statement, values, binary=True)
            return list(cursor.fetchall())
    with database.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


class _Stored(Func):
    """A time as SQLite stores it, whose driver would parse it."""

    output_field = TextField()
    template = "+%(expressions)s"


def _column(name: str, vendor: str) -> Any:
    return _Stored(name) if vendor == "sqlite" and name.endswith("_at") else name


def _leave_texts(driver: Any, cursor: Any) -> None:
    """Have ids and times come as PostgreSQL writes them, as a cast would, for less."""
    if hasattr(driver, "ClientCursor"):  # psycopg 3
        for kind in (UUID, TIMESTAMPTZ):
            cursor.adapters.register_loader(kind, cursor.adapters.get_loader(TEXT, 0))
    else:
        texts = driver.extensions.new_type((UUID, TIMESTAMPTZ), "TEXTS", lambda text, _: text)
        driver.extensions.register_type(texts, cursor.cursor)


def id_writer(database: str) -> Callable[[Any], str]:
    """What writes an id as it comes from there: SQLite and MySQL store 32 hexadecimal digits."""
    writers: dict[str, Callable[[Any], str]] = {"sqlite": _hyphened, "postgresql": str}
    return writers.get(connections[database].vendor, id_text)


def id_text(value: Any) -> str:
    """An id, with its hyphens."""
    text = str(value)
    return _hyphened(text) if len(text) == 32 else text


def _hyphened(text: str) -> str:
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def one_of(column: str, size: int, database: str) -> RawSQL:
    """A condition: the column holds one of what `listed` makes of `size` values, GIVEN."""
    if connections[database].vendor == "postgresql":
        # By the index for each of them; `= ANY` of so many reads the table from end to end.
        found = f"{column} IN (SELECT unnest(%s::uuid[]))"
        return RawSQL(found, [_PLACE], output_field=BooleanField())
    places = ",".join(["%s"] * size)
    return RawSQL(f"{column} IN ({places})", [_PLACE] * size, output_field=BooleanField())


def listed(values: Sequence[Any], size: int, database: str) -> list[Any]:
    """At least one value and at most `size`, as they were read, to be given for `one_of`."""
    if connections[database].vendor == "postgresql":
        return [f"{{{','.join(values)}}}"]  # a list would be quoted one by one
    return [*values, *[values[-1]] * (size - len(values))]


def time_writer(database: str) -> Times:
    """What writes a time as it comes from there: with its zone, or in the connection's."""
    connection = connections[database]
    zone = connection.timezone if settings.USE_TZ else None
    if connection.vendor == "sqlite" and zone is UTC:
        return lambda text: f"{text[:10]}T{text[11:]}Z" if text else None
    if connection.vendor == "postgresql" and zone is UTC:
        return six_digits

    def write(moment: datetime | str | None) -> str | None:
        if moment is None:
            return None
        if isinstance(moment, str):
            moment = datetime.fromisoformat(moment)
        return utc(moment.replace(tzinfo=zone) if moment.tzinfo is None and zone else moment)

    return write


def six_digits(text: str | None) -> str | None:
    """What PostgreSQL writes in UTC, 2026-03-14 12:00:00.5+00, as `utc` writes it."""
    return f"{text[:10]}T{text[11:-3]}{_ENDS[len(text)]}" if text else None


# By the length of such a text: what it lacks.
_ENDS = {22: "Z"} | {length: f"{'0' * (29 - length)}Z" for length in range(24, 30)}


def utc(moment: datetime | None) -> str | None:
    """ISO 8601 with a Z."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def json_value(value: Any) -> Any:
    """What a column of JSON holds."""
    if value == "{}":
        return {}
    return json.loads(value) if isinstance(value, str) else value
