"""What the search says to each database: to SQLite's FTS5, PostgreSQL's GIN, or to one without."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models.expressions import RawSQL

from chatwidget.models import Conversation, SearchEntry
from chatwidget.transcripts.folding import beginnings, encoded
from chatwidget.transcripts.search_query import Query, Term
from chatwidget.transcripts.sql import Row, insert_many
from chatwidget.transcripts.standing import id_list

Marks = list[tuple[str, ...]]

ENTRIES = SearchEntry._meta.db_table
# The virtual table on SQLite, and what is indexed on PostgreSQL; as the migration makes them.
TABLE = "chatwidget_search"
VECTOR = "to_tsvector('simple', words)"
# How frequent words are is seen in so many entries at each of these places, from the last one back
# in time to the first: a night's, or a country's, are not like the others.
PLACES = (0.0, 1 / 64, 1 / 16, 1 / 4)
AT_A_PLACE = 250


def in_newest(terms: Iterable[Term], query: Query, entries: int, most: int) -> dict[str, int]:
    """The conversations of those among the newest entries that hold all of the terms; of how
    many each."""
    tests, values = contains(terms, query.marks)
    columns = "conversation_id, words"
    newest = f"SELECT {columns} FROM {ENTRIES} WHERE id < %s ORDER BY id DESC LIMIT %s"
    # In the order of the inner query: SQLite would sort them again.
    sql = f"SELECT conversation_id FROM ({newest}) newest WHERE {tests} LIMIT %s"
    return _conversations(sql, _end(query), entries, *values, most)


def by_index(terms: Collection[Term], query: Query, most: int) -> dict[str, int]:
    """The conversations of the newest entries that hold all of the terms; of how many each."""
    end = _end(query)
    select = f"SELECT conversation_id FROM {ENTRIES} WHERE"
    if connection.vendor == "postgresql":
        # By the sum, which the primary key does not give: else PostgreSQL goes through that and
        # makes a tsvector of each entry.
        # Phrases are looked for in the words: PostgreSQL makes a tsvector of each entry for them,
        # whose places end at the 16,384th word.
        phrases, values = contains([term for term in terms if len(term.words) > 1], [])
        match = f"{VECTOR} @@ to_tsquery('simple', %s) AND {phrases}"
        sql = f"{select} {match} AND id < %s ORDER BY id + 0 DESC LIMIT %s"
        with transaction.atomic(), connection.cursor() as cursor:
            # To remember which rows match: else it is whole pages, whose rows are all read.
            cursor.execute("SET LOCAL work_mem = '64MB'")
            return _conversations(sql, _tsquery(terms, query.marks), *values, end, most)
    if connection.vendor == "sqlite":
        sql = f"SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s AND rowid < %s"
        sql = f"{select} id IN ({sql} ORDER BY rowid DESC LIMIT %s)"
        return _conversations(sql, _match(terms, query.marks), end, most)
    tests, values = contains(terms, query.marks)
    sql = f"{select} {tests} AND id < %s ORDER BY id DESC LIMIT %s"
    return _conversations(sql, *values, end, most)


def _conversations(sql: str, *values: Any) -> dict[str, int]:
    """Those that are selected, each as 32 hexadecimal digits, and how often.

    To make a UUID of each would take longer than to find them; SQLite and MySQL have none.
    """
    key = "conversation_id"
    if connection.vendor == "postgresql":
        key = "encode(uuid_send(conversation_id), 'hex')"
    sql = f"SELECT {key}, COUNT(*) FROM ({sql}) hits GROUP BY conversation_id"
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return {str(each).replace("-", ""): count for each, count in cursor.fetchall()}


def _end(query: Query) -> int:
    """The id that all entries are below which the query may find: as `search_index` makes them."""
    return int(query.before.timestamp() * 1000) << 15 if query.before else (1 << 63) - 1


def within(terms: Iterable[Term], query: Query, keys: Collection[str]) -> set[str]:
    """Those of the conversations that have an entry with all of the terms."""
    if not keys:
        return set()
    tests, values = contains(terms, query.marks)
    among, these = _among(keys)
    held = f"SELECT conversation_id FROM {ENTRIES} WHERE conversation_id IN ({among}) AND {tests}"
    if connection.vendor in ("postgresql", "sqlite"):  # each is read as far as the first
        key = "encode(uuid_send(one), 'hex')" if connection.vendor == "postgresql" else "one"
        # Not to be made a join of, as PostgreSQL may, and read all entries for it.
        entry = f"SELECT 1 FROM {ENTRIES} WHERE conversation_id = one AND {tests} LIMIT 1 OFFSET 0"
        held = f"SELECT {key} FROM ({among}) AS keys WHERE EXISTS ({entry})"
    with connection.cursor() as cursor:
        cursor.execute(held, [*these, *values])
        return {str(each).replace("-", "") for (each,) in cursor.fetchall()}


def messages(
    query: Query, keys: Collection[str], most: int
) -> list[tuple[UUID, UUID, tuple[bool, ...]]]:
    """The messages of the conversations that hold any of the terms, newest first: of which, the
    message, and which of them it holds; no more than `most` of those that hold the same ones."""
    if not keys:
        return []
    marks, values = contains([], query.marks)
    among, these = _among(keys)
    tests = [contains([term], []) for term in query.wanted]
    flags = [f"f{number}" for number in range(len(tests))]
    columns = "".join(f", {flag}" for flag in flags)
    made = "".join(
        f", CASE WHEN {test} THEN 1 ELSE 0 END AS {flag}"
        for flag, (test, _) in zip(flags, tests, strict=True)
    )
    entries = (
        f"SELECT id, conversation_id, message_id{made} FROM {ENTRIES}"
        f" WHERE conversation_id IN ({among}) AND message_id IS NOT NULL AND {marks}"
    )
    place = f"ROW_NUMBER() OVER (PARTITION BY conversation_id{columns} ORDER BY id DESC)"
    ranked = f"SELECT id, conversation_id, message_id{columns}, {place} AS place FROM ({entries}) e"
    any_of = f" AND {' + '.join(flags)} > 0" if flags else ""
    sql = (
        f"SELECT conversation_id, message_id{columns} FROM ({ranked}) r"
        f" WHERE place <= %s{any_of} ORDER BY id DESC"
    )
    tested = [value for _, values in tests for value in values]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*tested, *these, *values, most])
        return [
            (UUID(str(conversation)), UUID(str(message)), tuple(map(bool, holds)))
            for conversation, message, *holds in cursor.fetchall()
        ]


def shares(sets: Iterable[Iterable[Term]], query: Query) -> tuple[list[float], int]:
    """For each set of terms, what share of the entries holds all of it, by a look at some of them;
    and about how many entries there are. Neither is counted."""
    stored, first, last = _extent()
    last = min(last, _end(query))
    tests = [contains(terms, query.marks) for terms in sets]
    sums = ", ".join(f"SUM(CASE WHEN {test} THEN 1 ELSE 0 END)" for test, _ in tests)
    place = f"SELECT words FROM {ENTRIES} WHERE id < %s ORDER BY id DESC LIMIT %s"
    places = " UNION ALL ".join(f"SELECT words FROM ({place}) p{n}" for n in range(len(PLACES)))
    befores = [last - int((last - first) * back) for back in PLACES]
    looked_at = [value for before in befores for value in (before, AT_A_PLACE)]
    with connection.cursor() as cursor:
        values = [value for _, values in tests for value in values]
        cursor.execute(f"SELECT {sums} FROM ({places}) looked_at", [*values, *looked_at])
        [seen] = cursor.fetchall()
    return [(each or 0) / (len(PLACES) * AT_A_PLACE) for each in seen], stored


def _extent() -> tuple[int, int, int]:
    """About how many entries there are, the first one's id, and one behind the last one's."""
    count = f"SELECT MAX(rowid) FROM {ENTRIES}"
    if connection.vendor == "postgresql":
        count = f"SELECT reltuples FROM pg_class WHERE oid = '{ENTRIES}'::regclass"
    ends = (f"(SELECT {end}(id) FROM {ENTRIES})" for end in ("MIN", "MAX"))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT ({count}), {', '.join(ends)}")
        [[stored, first, last]] = cursor.fetchall()
    return max(int(stored or 0), 1), first or 0, (last or 0) + 1


def among(keys: Collection[str]) -> Any:
    """What `pk__in` is one of."""
    return keys if connection.vendor == "mysql" else RawSQL(*_among(keys))


def _among(keys: Collection[str]) -> tuple[str, list[Any]]:
    """As SQL. As one value: to write thousands takes longer than to find them."""
    if connection.vendor == "postgresql":
        return "SELECT unnest(%s::uuid[]) AS one", [f"{{{','.join(keys)}}}"]
    if connection.vendor == "sqlite":
        return "SELECT value AS one FROM json_each(%s)", [json.dumps(list(keys))]
    return ", ".join(["%s"] * len(keys)), list(keys)


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
    """As to_tsquery takes it: of a phrase, its words wherever they are."""

    def written(term: Term) -> str:
        *before, last = term.words
        start = "".join(f"{encoded(word)} & " for word in before)
        ends = beginnings(last) if term.is_beginning else [encoded(last)]
        star = ":*" if term.is_beginning else ""
        return f"({start}({' | '.join(end + star for end in ends)}))"

    return " & ".join([*map(written, terms), *(f"({' | '.join(of)})" for of in marks)])


JOINED = {True: ", ", False: " || "}


def contains(terms: Iterable[Term], marks: Marks) -> tuple[str, list[Any]]:
    """For few entries, or a database without an index of ours: each is read."""
    mysql = connection.vendor == "mysql"  # where || says "or", as SQLite's CONCAT is too new
    padded = f"{'CONCAT' if mysql else ''}(' '{JOINED[mysql]}words{JOINED[mysql]}' ')"
    # Which PostgreSQL does in half the time of a LIKE.
    test = f"{'strpos' if connection.vendor == 'postgresql' else 'instr'}({padded}, %s) > 0"
    tests: list[str] = ["1 = 1"]
    values: list[Any] = []
    for of in marks:
        tests.append(f"({' OR '.join([test] * len(of))})")
        values += [f" {mark} " for mark in of]
    for term in terms:
        *before, last = term.words
        start = "".join(f"{encoded(word)} " for word in before)
        ends = beginnings(last) if term.is_beginning else [encoded(last)]
        tests.append(f"({' OR '.join([test] * len(ends))})")
        values += [f" {start}{end}{'' if term.is_beginning else ' '}" for end in ends]
    return " AND ".join(tests), values


# --- what is stored ---------------------------------------------------------------------------


def forget(entries: Sequence[Row]) -> None:
    """Take out what is stored of the same messages, or about the same conversations."""
    about = id_list(each["conversation_id"] for each in entries if not each["message_id"])
    said = id_list(each["message_id"] for each in entries if each["message_id"])
    # Not `IS NULL`: where there is a NULL to look for, SQLite looks for all there are.
    of_both = [f"conversation_id IN ({about}) AND NOT message_id IS NOT NULL"] if about else []
    of_both += [f"message_id IN ({said})"] if said else []
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {ENTRIES} WHERE {' OR '.join(of_both)}")


def taken(ids: Iterable[int]) -> set[int]:
    """Those of these ids that entries have."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {ENTRIES} WHERE id IN ({', '.join(map(str, ids))})")
        return {pk for (pk,) in cursor.fetchall()}


def store(entries: Sequence[Row]) -> None:
    """Entries with all of their columns; on PostgreSQL by few values, since each costs its driver
    as much as an entry costs the database."""
    if connection.vendor != "postgresql":
        insert_many(SearchEntry, entries)
        return
    values = [
        f"{{{','.join(str(each[name] or 'NULL') for each in entries)}}}"
        for name in ("id", "conversation_id", "message_id")
    ]
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [*values, ",".join(each["words"] for each in entries)])


# Words have no comma.
_STORE = f"""
INSERT INTO {ENTRIES} (id, conversation_id, message_id, words) SELECT * FROM
    unnest(%s::bigint[], %s::uuid[], %s::uuid[], string_to_array(%s, ','))
"""


def mark_indexed(conversations: Iterable[UUID]) -> None:
    """Of conversations that are locked: no other revision has come since they were read."""
    table = Conversation._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET indexed_revision = revision WHERE id IN ({id_list(conversations)})"
        )
