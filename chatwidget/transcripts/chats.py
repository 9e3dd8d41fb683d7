"""Conversations as an export reads them: what the columns hold, by chunks.

Memory does not grow, and each chunk is a query of its own: no cursor stays open, which a pooler in
front of PostgreSQL might cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from chatwidget.models import Conversation, Judgement, Message, Note, Tag
from chatwidget.transcripts.raw_rows import (
    Times,
    between,
    id_writer,
    one_of,
    raw_rows,
    time_writer,
    utc,
)

CHUNK = 1000  # conversations in memory at once, with their messages

ABOUT = (
    *("id", "visitor_id", "started_at", "ended_at", "widget__slug", "visitor__name"),
    *("visitor__email", "visitor__external_id", "visitor__consent", "provider_session"),
    *("page_url", "page_title", "referrer", "locale", "user_agent", "done_seq", "last_seq"),
)
MESSAGE = (
    *("conversation_id", "id", "created_at", "completed_at", "seq", "role", "text", "status"),
    *("first_chunk_ms", "error_code", "error_cause", "retry_after", "rating", "rating_comment"),
    *("ui", "metadata", "author", "event"),
)


class Chat(NamedTuple):
    """One conversation."""

    about: tuple[Any, ...]  # ABOUT, as the database gives it
    messages: list[tuple[Any, ...]]  # of each MESSAGE, so too
    judgements: dict[str, dict[str, Any]]  # by the id of a message; of the whole chunk
    tags: list[str]
    notes: list[dict[str, Any]]
    id_text: Callable[[Any], str]  # what writes an id, and a time, of those
    time_text: Times


def read_chats(conversations: QuerySet[Conversation]) -> Iterator[Chat]:
    """Each of them; they are in the order of their ids."""
    database = conversations.db
    id_text, time_text = id_writer(database), time_writer(database)
    everything = not conversations.query.where  # then a chunk has all between its first and last
    chunk = raw_rows(conversations[:CHUNK], ABOUT)
    while chunk:
        keys = [about[0] for about in chunk]
        if everything:
            chosen = between("conversation_id", keys[0], keys[-1])
        else:
            chosen = one_of("conversation_id", keys, database)
        found = Message.objects.filter(chosen)
        rows = raw_rows(found.order_by("conversation", "seq"), MESSAGE)
        messages = {key: list(group) for key, group in groupby(rows, itemgetter(0))}
        # Where there are none, they would be sought by the id of each message.
        judged = _judgements(found) if Judgement.objects.exists() else {}
        tags, notes = _tags(chosen), _notes(chosen)
        for about in chunk:
            pk = id_text(about[0])
            added = (judged, tags.get(pk, []), notes.get(pk, []))
            yield Chat(about, messages.get(about[0], []), *added, id_text, time_text)
        chunk = raw_rows(conversations.filter(pk__gt=UUID(str(keys[-1])))[:CHUNK], ABOUT)


def _judgements(messages: QuerySet[Message]) -> dict[str, dict[str, Any]]:
    """What staff think of replies, by message."""
    return {
        str(row.message_id): {
            "verdict": row.verdict,
            "reason": row.reason,
            "expected": row.expected,
            "author": row.author_name,
            "created_at": utc(row.created_at),
        }
        for row in Judgement.objects.filter(message__in=messages.values("pk"))
    }


def _tags(chosen: RawSQL) -> dict[str, list[str]]:
    """Their names, by conversation."""
    tags: dict[str, list[str]] = {}
    given = Tag.conversations.through.objects.filter(chosen)
    for pk, name in given.order_by("tag__name").values_list("conversation_id", "tag__name"):
        tags.setdefault(str(pk), []).append(name)
    return tags


def _notes(chosen: RawSQL) -> dict[str, list[dict[str, Any]]]:
    """By conversation."""
    notes: dict[str, list[dict[str, Any]]] = {}
    for note in Note.objects.filter(chosen):
        written = {"author": note.author_name, "created_at": utc(note.created_at)}
        notes.setdefault(str(note.conversation_id), []).append({**written, "text": note.text})
    return notes
