"""Conversations as an export reads them: what the columns hold, by chunks.

Memory does not grow, and each chunk is a query of its own: no cursor stays open, which a pooler in
front of PostgreSQL might cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from chatwidget.models import Conversation, Judgement, Message, Note, Tag
from chatwidget.transcripts.raw_rows import (
    GIVEN,
    Reader,
    Rows,
    Times,
    id_writer,
    listed,
    one_of,
    time_writer,
)

CHUNK = 250  # conversations in memory at once, with their messages: what a cache holds
CHUNKS = 8  # so many are found at once: to plan that query takes as long as to answer it

ABOUT = (
    *("pk", "visitor_id", "started_at", "ended_at", "widget__slug", "visitor__name"),
    *("visitor__email", "visitor__external_id", "visitor__consent", "provider_session"),
    *("page_url", "page_title", "referrer", "locale", "user_agent", "done_seq", "last_seq"),
)
MESSAGE = (
    *("conversation_id", "id", "created_at", "completed_at", "seq", "role", "text", "status"),
    *("first_chunk_ms", "error_code", "error_cause", "retry_after", "rating", "rating_comment"),
    *("ui", "metadata", "author", "event"),
)
JUDGEMENT = ("message_id", "verdict", "reason", "expected", "author_name", "created_at")
NOTE = ("conversation_id", "author_name", "created_at", "text")


class Chat(NamedTuple):
    """One conversation."""

    about: tuple[Any, ...]  # ABOUT, as the database gives it
    messages: list[tuple[Any, ...]]  # of each MESSAGE, so too
    judgements: dict[Any, dict[str, Any]]  # by the id of a message, so too; of the whole chunk
    tags: list[str]
    notes: list[dict[str, Any]]
    id_text: Callable[[Any], str]  # what writes an id, and a time, of those
    time_text: Times


def read_chats(conversations: QuerySet[Conversation]) -> Iterator[Chat]:
    """Each of them; they are in the order of their ids."""
    database = conversations.db
    id_text, time_text = id_writer(database), time_writer(database)
    everything = not conversations.query.where  # then a chunk has all between its first and last
    if everything:
        readers = _Readers(time_text, Q(conversation__gte=GIVEN, conversation__lte=GIVEN))
    else:
        readers = _Readers(time_text, one_of("conversation_id", CHUNK, database))
    after = Reader(conversations.filter(pk__gt=GIVEN)[: CHUNK * CHUNKS], ABOUT)
    found = Reader(conversations[: CHUNK * CHUNKS], ABOUT)()
    while chunk := found[:CHUNK]:
        keys = [about[0] for about in chunk]
        given = [keys[0], keys[-1]] if everything else listed(keys, CHUNK, database)
        messages, judgements = readers.messages(*given), readers.judgements(*given)
        tags, notes = readers.tags(*given), readers.notes(*given)
        for about in chunk:
            key = about[0]
            of_it = (messages.pop(key, []), judgements, tags.get(key, []), notes.get(key, []))
            yield Chat(about, *of_it, id_text, time_text)
        found = found[CHUNK:] or after(keys[-1])


class _Readers:
    """What reads all that belongs to conversations: to those of a condition."""

    def __init__(self, times: Times, chosen: Q | RawSQL) -> None:
        self._times = times
        found = Message.objects.filter(chosen)
        self._messages = Reader(found.order_by("conversation", "seq"), MESSAGE)
        judged = Judgement.objects.filter(message__in=found.values("pk"))
        self._judgements = _unless_empty(judged, JUDGEMENT)
        given = Tag.conversations.through.objects.filter(chosen)
        self._tags = _unless_empty(given.order_by("tag__name"), ("conversation_id", "tag__name"))
        self._notes = _unless_empty(Note.objects.filter(chosen), NOTE)

    def messages(self, *given: Any) -> dict[Any, list[tuple[Any, ...]]]:
        """By conversation."""
        return {key: list(group) for key, group in groupby(self._messages(*given), itemgetter(0))}

    def judgements(self, *given: Any) -> dict[Any, dict[str, Any]]:
        """What staff think of replies, by message."""
        return {
            message: {
                "verdict": verdict,
                "reason": reason,
                "expected": expected,
                "author": author,
                "created_at": self._times(created),
            }
            for message, verdict, reason, expected, author, created in self._judgements(*given)
        }

    def tags(self, *given: Any) -> dict[Any, list[str]]:
        """Their names, by conversation."""
        tags: dict[Any, list[str]] = {}
        for conversation, name in self._tags(*given):
            tags.setdefault(conversation, []).append(name)
        return tags

    def notes(self, *given: Any) -> dict[Any, list[dict[str, Any]]]:
        """By conversation."""
        notes: dict[Any, list[dict[str, Any]]] = {}
        for conversation, author, created, text in self._notes(*given):
            note = {"author": author, "created_at": self._times(created), "text": text}
            notes.setdefault(conversation, []).append(note)
        return notes


def _unless_empty(rows: QuerySet[Any], names: Iterable[str]) -> Callable[..., Rows]:
    """What reads these columns; it asks for none where the table had no row at the beginning."""
    return Reader(rows, names) if rows.model.objects.exists() else lambda *given: []
