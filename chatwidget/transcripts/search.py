"""Full-text search over what was said, who said it, and what staff noted.

`SearchEntry` holds the folded words of one message, or of all that is known about a conversation
beside its messages. SQLite indexes them by FTS5, PostgreSQL by a GIN index over a tsvector; both
are asked for the newest entries first, and for no more than a bounded number, so that a frequent
word costs no more than a rare one. An entry's id sorts by the time of its message.

The index follows `Conversation.revision`: what has changed since `indexed_revision` is read once
more, by the housekeeping every few seconds and before every search, so that a message is found as
soon as it is stored, and to store it costs nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import BooleanField, F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Substr

from chatwidget.models import UNFINISHED, Conversation, Message, Note, Role, SearchEntry, Tag
from chatwidget.transcripts import batches
from chatwidget.transcripts.folding import MAX_TEXT, beginnings, encoded, indexed
from chatwidget.transcripts.locking import row_lock
from chatwidget.transcripts.search_query import ORIGINS, Query, Term

# Not read to be indexed.
LARGE = ("text", "ui", "metadata", "error_cause")
# Ids that are read at once where one is taken: many messages may be of one moment.
AHEAD = 1_000
# Of the entries that match, so many of the newest are looked at.
MOST_HITS = 5_000
_OF_ROLE = {Role.USER: "r0", Role.ASSISTANT: "r1", Role.OPERATOR: "r2"}


def find(conversations: QuerySet[Conversation], query: Query) -> QuerySet[Conversation]:
    """Those of the conversations that match."""
    return conversations.filter(matching(query))


def matching(query: Query) -> Q:
    """The conversations that match: in one message, or in several and about it.

    The index is asked now, once, however often the condition is used.
    """
    condition = Q()
    if query.wanted or query.marks:
        found = set(_conversations(query.wanted, query))
        if len(query.wanted) > 1:
            apart = (set(_conversations([term], query)) for term in query.wanted)
            found |= set.intersection(*apart)
        condition = Q(pk__in=found)
    for term in query.unwanted:
        condition &= ~Q(pk__in=_conversations([term], query, most=None))
    return condition


def find_messages(query: Query, within: Iterable[UUID], most: int = 1000) -> dict[UUID, list[UUID]]:
    """The messages that match any of the query's words, newest first, by conversation.

    Those that hold all of them come first. Reads the entries of these conversations, by their own
    index, and not those of all that match.
    """
    found: dict[UUID, list[UUID]] = {}
    entries = SearchEntry.objects.filter(conversation__in=list(within), message__isnull=False)
    for terms in [query.wanted] if len(query.wanted) < 2 else [query.wanted, *zip(query.wanted)]:
        test = RawSQL(*_likes(terms, query.marks), output_field=BooleanField())
        hits = entries.filter(test).order_by("-pk")[:most]
        for each, message in hits.values_list("conversation_id", "message_id"):
            of_it = found.setdefault(each, [])
            if message not in of_it:
                of_it.append(message)
    return found


def _conversations(
    terms: Iterable[Term], query: Query, most: int | None = MOST_HITS
) -> QuerySet[SearchEntry, UUID]:
    entries = SearchEntry.objects.filter(pk__in=RawSQL(*_entries_sql(terms, query, most)))
    return entries.order_by().values_list("conversation_id", flat=True)


def _entries_sql(terms: Iterable[Term], query: Query, most: int | None) -> tuple[str, list[object]]:
    """The ids of the newest entries that hold all of the terms. The names in it are ours."""
    bound, limit = (" ORDER BY {} DESC LIMIT %s", [most]) if most else ("", [])
    if connection.vendor == "postgresql":
        table = SearchEntry._meta.db_table
        sql = f"SELECT id FROM {table} WHERE {VECTOR} @@ to_tsquery('simple', %s)"
        return sql + bound.format("id"), [_tsquery(terms, query.marks), *limit]
    if connection.vendor == "sqlite":
        sql = f"SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s"
        return sql + bound.format("rowid"), [_match(terms, query.marks), *limit]
    tests, values = _likes(terms, query.marks)
    # MySQL takes no LIMIT right in an IN.
    sql = f"SELECT id FROM {SearchEntry._meta.db_table} WHERE {tests}{bound.format('id')}"
    return f"SELECT id FROM ({sql}) newest", [*values, *limit]


# The virtual table on SQLite, and what is indexed on PostgreSQL; as the migration makes them.
TABLE = "chatwidget_search"
VECTOR = "to_tsvector('simple', words)"


def _match(terms: Iterable[Term], marks: list[tuple[str, ...]]) -> str:
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


def _tsquery(terms: Iterable[Term], marks: list[tuple[str, ...]]) -> str:
    """As to_tsquery takes it."""

    def written(term: Term) -> str:
        *before, last = term.words
        start = "".join(f"{encoded(word)} <-> " for word in before)
        ends = beginnings(last) if term.is_beginning else [encoded(last)]
        star = ":*" if term.is_beginning else ""
        return f"({start}({' | '.join(end + star for end in ends)}))"

    return " & ".join([*map(written, terms), *(f"({' | '.join(of)})" for of in marks)])


JOINED = {True: ", ", False: " || "}


def _likes(terms: Iterable[Term], marks: list[tuple[str, ...]]) -> tuple[str, list[object]]:
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


# --- the index --------------------------------------------------------------------------------


def outdated() -> QuerySet[Conversation]:
    """The conversations that have changed since they were indexed; as the partial index says it."""
    return Conversation.objects.filter(revision__gt=F("indexed_revision"))


def catch_up(most: int = 1_000_000, **how: Any) -> int:
    """Index what has changed; the number of conversations. `how`: as `batches` says."""
    return batches.catch_up(outdated(), _index_batch, most, **how)


@transaction.atomic
def _index_batch(behind: QuerySet[Conversation], size: int) -> int:
    skips = connection.features.has_select_for_update_skip_locked
    rows = row_lock(behind, "visitor", skip_locked=skips)
    found = {row.pk: row for row in rows[:size]}
    if not found:
        return 0
    new = Q(revision__gt=F("conversation__indexed_revision")) | Q(conversation__indexed_revision=0)
    messages = Message.objects.filter(new, conversation__in=found).exclude(status__in=UNFINISHED)
    # No more of a text than is indexed: a reply may have a megabyte.
    beginning = Substr("text", 1, MAX_TEXT)
    said = list(messages.annotate(beginning=beginning).defer(*LARGE))
    SearchEntry.objects.filter(conversation__in=found, message=None).delete()
    SearchEntry.objects.filter(message__in=said).delete()
    noted = _noted(found)
    _insert(
        [
            *(_about(row, noted.get(row.pk, [])) for row in found.values()),
            *(_said(message, found[message.conversation_id]) for message in said),
        ]
    )
    # They are locked: no other revision has come meanwhile.
    Conversation.objects.filter(pk__in=found).update(indexed_revision=F("revision"))
    return len(found)


def _said(message: Any, row: Conversation) -> SearchEntry:
    marks = f"w{row.widget_id} {_OF_ROLE.get(message.role, 'r9')}"
    return SearchEntry(
        pk=message.pk.int >> 65,  # 48 bits of time, and some that tell two of one moment apart
        conversation_id=row.pk,
        message_id=message.pk,
        words=f"{indexed(message.beginning)} {indexed(message.rating_comment)} {marks}",
    )


def _noted(conversations: Iterable[UUID]) -> dict[UUID, list[str]]:
    """What staff added, by conversation: tags and notes."""
    found: dict[UUID, list[str]] = {}
    within = list(conversations)
    tags = Tag.conversations.through.objects.filter(conversation__in=within)
    notes = Note.objects.filter(conversation__in=within).order_by("-id")
    for conversation, text in [
        *tags.values_list("conversation_id", "tag__name"),
        *notes.values_list("conversation_id", "text"),
    ]:
        found.setdefault(conversation, []).append(text)
    return found


def _about(row: Conversation, noted: list[str]) -> SearchEntry:
    """What is known beside the messages: visitor, page, platform's ids, and what staff added."""
    visitor = row.visitor
    ids = [visitor.external_id, row.provider_session, row.fallback_session]
    known = [visitor.name, visitor.email, *ids, row.page_url, row.page_title, *noted]
    return SearchEntry(
        pk=row.pk.int >> 65,
        conversation_id=row.pk,
        words=f"{indexed(chr(10).join(known))} w{row.widget_id} {ORIGINS['about']}",
    )


def _insert(entries: list[SearchEntry]) -> None:
    """Store entries; one whose id is taken gets the next free one."""
    taken = set(
        SearchEntry.objects.filter(pk__in=[entry.pk for entry in entries]).values_list(
            "pk", flat=True
        )
    )
    low = high = 0  # between these, what is stored is in `taken`
    for entry in entries:
        while entry.pk in taken:
            entry.pk += 1
            if not low <= entry.pk <= high:
                behind = SearchEntry.objects.filter(pk__gte=entry.pk).order_by("pk")
                stored = list(behind.values_list("pk", flat=True)[:AHEAD])
                taken.update(stored)
                low, high = entry.pk, stored[-1] if len(stored) == AHEAD else 1 << 63
        taken.add(entry.pk)
    SearchEntry.objects.bulk_create(entries)


def forget_index(conversations: QuerySet[Conversation]) -> None:
    """Have conversations indexed again: what is known about them has changed."""
    conversations.filter(indexed_revision__gt=0).update(indexed_revision=0)


def forget_about(*conversations: UUID) -> None:
    """Have what is known about conversations indexed again, and no more of them than their end."""
    rows = Conversation.objects.filter(pk__in=conversations, indexed_revision__gte=F("revision"))
    rows.filter(revision__gt=0).update(indexed_revision=F("revision") - 1)
