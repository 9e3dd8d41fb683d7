"""What the search says to each database: to SQLite's FTS5, PostgreSQL's GIN, or to one without."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models.expressions import RawSQL

from chatwidget.models import SearchEntry
from chatwidget.transcripts.folding import beginnings, encoded
from chatwidget.transcripts.search_query import Term

Marks = list[tuple[str, ...]]

# The virtual table on SQLite, and what is indexed on PostgreSQL; as the migration makes them.
TABLE = "chatwidget_search"
VECTOR = "to_tsvector('simple', words)"


def in_newest(terms: Iterable[Term], marks: Marks, entries: int, most: int) -> RawSQL:
    """The ids of those among the newest entries that hold all of the terms, newest first."""
    tests, values = likes(terms, marks)
    table = SearchEntry._meta.db_table
    newest = f"SELECT id, words FROM {table} ORDER BY id DESC LIMIT %s"
    # In the order of the inner query: SQLite would sort them again.
    sql = f"SELECT id FROM ({newest}) newest WHERE {tests} LIMIT %s"
    return RawSQL(sql, [entries, *values, most])


def by_index(terms: Iterable[Term], marks: Marks, most: int) -> RawSQL:
    """The ids of the newest entries that hold all of the terms."""
    table = SearchEntry._meta.db_table
    if connection.vendor == "postgresql":
        # By the sum, which the primary key does not give: else PostgreSQL goes through that and
        # makes a tsvector of each entry.
        sql = f"SELECT id FROM {table} WHERE {VECTOR} @@ to_tsquery('simple', %s)"
        return RawSQL(f"{sql} ORDER BY id + 0 DESC LIMIT %s", [_tsquery(terms, marks), most])
    if connection.vendor == "sqlite":
        sql = f"SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s ORDER BY rowid DESC LIMIT %s"
        return RawSQL(sql, [_match(terms, marks), most])
    tests, values = likes(terms, marks)
    # MySQL takes no LIMIT right in an IN.
    sql = f"SELECT id FROM {table} WHERE {tests} ORDER BY id DESC LIMIT %s"
    return RawSQL(f"SELECT id FROM ({sql}) newest", [*values, most])


@contextmanager
def room_for_matches() -> Iterator[None]:
    """Let PostgreSQL remember which rows match: else whole pages, whose rows it then all reads."""
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")
        yield


def among(keys: Collection[UUID]) -> Any:
    """What `pk__in` is one of. As one value: to write thousands takes longer than to find them."""
    if connection.vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::uuid[])", [f"{{{','.join(map(str, keys))}}}"])
    if connection.vendor == "sqlite":
        return RawSQL("SELECT value FROM json_each(%s)", [json.dumps([key.hex for key in keys])])
    return keys


def _match(terms: Iterable[Term], marks: Marks) -> str:
    """As FTS5 takes it."""

    def written(term: Term) -> str:
        *before, last = term.words
        start = " + ".join(f'"{encoded(word)}"' for word in before)
        ends = beginnings(last) if term.is_beginning else [encoded(last)]
        star = "*" if term.is_beginning else ""
        each = [f"{start} + " * bool(start) + f'"{end}"{star}' for end in ends]
        return f"({' OR '.join(each)})"

    marked = (f"({' OR '.join(of)})" for of in marks)
    return " AND ".join([*map(written, terms), *marked])


def _tsquery(terms: Iterable[Term], marks: Marks) -> str:
    """As to_tsquery takes it."""

    def written(term: Term) -> str:
        *before, last = term.words
        start = "".join(f"{encoded(word)} <-> " for word in before)
        ends = beginnings(last) if term.is_beginning else [encoded(last)]
        star = ":*" if term.is_beginning else ""
        return f"({start}({' | '.join(end + star for end in ends)}))"

    return " & ".join([*map(written, terms), *(f"({' | '.join(of)})" for of in marks)])


JOINED = {True: ", ", False: " || "}


def likes(terms: Iterable[Term], marks: Marks) -> tuple[str, list[object]]:
    """For few entries, or a database without an index of ours: each is read."""
    mysql = connection.vendor == "mysql"  # where || says "or", as SQLite's CONCAT is too new
    padded = f"{'CONCAT(' if mysql else '('}' '{JOINED[mysql]}words{JOINED[mysql]}' ') LIKE %s"
    tests: list[str] = ["1 = 1"]
    values: list[object] = []
    for of in marks:
        tests.append(f"({' OR '.join([padded] * len(of))})")
        values += [f"% {mark} %" for mark in of]
    for term in terms:
        *before, last = term.words
        start = "".join(f"{encoded(word)} " for word in before)
        ends = beginnings(last) if term.is_beginning else [encoded(last)]
        tests.append(f"({' OR '.join([padded] * len(ends))})")
        values += [f"% {start}{end}{'' if term.is_beginning else ' '}%" for end in ends]
    return " AND ".join(tests), values
