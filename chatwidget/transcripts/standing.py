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
from django.db.models.expressions import RawSQL

Question = Callable[..., QuerySet[Any, Any]]
_PLACE = "/* these */"
THESE = RawSQL(_PLACE, ())
"""In a question, `pk__in=THESE`: the ids that come with each asking."""


@lru_cache(maxsize=64)
def _written(vendor: str, question: Question, given: tuple[Hashable, ...]) -> tuple[str, Any]:
    statement, values = question(*given).query.get_compiler(connection=connection).as_sql()
    return statement, values


def rows_of(
    question: Question, *given: Hashable, these: Iterable[UUID] = ()
) -> list[tuple[Any, ...]]:
    """What is found, as the driver gives it. `question` gives the same query for the same
    arguments: what time it is, the database knows. `these`: one id or more, for THESE."""
    statement, values = _written(connection.vendor, question, given)
    with connection.cursor() as cursor:
        cursor.execute(statement.replace(_PLACE, id_list(these)), values)
        return list(cursor.fetchall())


def id_of(value: Any) -> UUID:
    """An id as a driver gives it."""
    return value if isinstance(value, UUID) else UUID(value)


def id_list(ids: Iterable[UUID]) -> str:
    """Ids as SQL, to stand in `IN (…)`: by parameters, a hundred of them cost a millisecond."""
    native = connection.features.has_native_uuid_field
    return ", ".join(f"'{each if native else each.hex}'" for each in ids)
