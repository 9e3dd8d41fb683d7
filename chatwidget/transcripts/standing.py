"""Standing questions: the queries that each process asks every few seconds, mostly for nothing.

The ORM takes five times as long to write one as the database to answer it, so each is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

Question = Callable[..., QuerySet[Any, Any]]


@lru_cache(maxsize=64)
def _written(vendor: str, question: Question, given: tuple[Hashable, ...]) -> tuple[str, Any]:
    statement, values = question(*given).query.get_compiler(connection=connection).as_sql()
    return statement, values


def rows_of(question: Question, *given: Hashable) -> list[tuple[Any, ...]]:
    """What is found, as the driver gives it. `question` gives the same query for the same
    arguments: what time it is, the database knows."""
    statement, values = _written(connection.vendor, question, given)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def id_of(value: Any) -> UUID:
    """An id as a driver gives it."""
    return value if isinstance(value, UUID) else UUID(value)


def id_list(ids: Iterable[UUID]) -> str:
    """Ids as SQL, to stand in `IN (…)`: by parameters, a hundred of them cost a millisecond."""
    native = connection.features.has_native_uuid_field
    return ", ".join(f"'{each if native else each.hex}'" for each in ids)
