"""Conversations as JSON lines or CSV.

Reading goes by chunks, so memory does not grow, and each chunk is a query of its own: no cursor
stays open, which a pooler in front of PostgreSQL might cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from chatwidget.models import Conversation, Judgement, Message, Note, Status, Tag
from chatwidget.text import json_line
from chatwidget.transcripts.csv_table import CONVERSATION, as_csv
from chatwidget.transcripts.dataset import as_dataset
from chatwidget.transcripts.erasure import find_people
from chatwidget.transcripts.printed import as_html
from chatwidget.transcripts.raw_rows import (
    columns,
    id_text,
    json_value,
    one_of,
    raw_rows,
    time_writer,
    utc,
)

CHUNK = 500  # conversations in memory at once, with their messages
PIECE = 64 * 1024  # code points of what is written at once

Times = Callable[[datetime | str | None], str | None]


def select(
    slug: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    language: str | None = None,
    page: str | None = None,
    tag: str | None = None,
    visitor: str | None = None,
    failed: bool = False,
    rating: int | None = None,
) -> QuerySet[Conversation]:
    """The conversations that began at `since` or later and before `until`, oldest first.

    `page` stands in the page's address; `visitor` is an id or an address; `failed`: with a reply
    that did; `rating`: with one that is rated so.
    """
    found = Conversation.objects.order_by("id")
    conditions: dict[str, Any] = {
        "widget__slug": slug,
        "started_at__gte": since,
        "started_at__lt": until,
        "locale__istartswith": language,
        "page_url__icontains": page,
        "tags__name": tag,
    }
    found = found.filter(**{name: each for name, each in conditions.items() if each is not None})
    if visitor is not None:
        found = found.filter(visitor__in=find_people(visitor))
    theirs = Message.objects.filter(conversation=OuterRef("pk"))
    if failed:
        found = found.filter(Exists(theirs.filter(status__in=(Status.FAILED, Status.INTERRUPTED))))
    if rating is not None:
        found = found.filter(Exists(theirs.filter(rating=rating)))
    return found


def read(conversations: QuerySet[Conversation]) -> Iterator[dict[str, Any]]:
    """Each of what `select` found as a line of the export holds it."""
    database = conversations.db
    time_text, of_message = time_writer(database), columns(_MESSAGE, database)
    rows = conversations.values_list(*columns(_CONVERSATION, database))
    chunk = list(raw_rows(rows[:CHUNK]))
    while chunk:
        within = [row[0] for row in chunk]
        messages: dict[Any, list[dict[str, Any]]] = {pk: [] for pk in within}
        judged = _judgements(within)
        found = Message.objects.filter(one_of("conversation_id", within))
        found = found.order_by("conversation", "seq")
        for row in raw_rows(found.values_list(*of_message)):
            messages[row[0]].append(_message(row, judged, time_text))
        tags, notes = _added(within)
        for row in chunk:
            pk = id_text(row[0])
            said = messages[row[0]]
            yield _conversation(row, said, tags.get(pk, []), notes.get(pk, []), time_text)
        chunk = list(raw_rows(rows.filter(pk__gt=UUID(str(within[-1])))[:CHUNK]))


def _judgements(conversations: list[Any]) -> dict[str, dict[str, Any]]:
    """What staff think of replies, by message."""
    theirs = Message.objects.filter(one_of("conversation_id", conversations))
    rows = Judgement.objects.filter(message__in=theirs.values("pk"))
    return {
        str(row.message_id): {
            "verdict": row.verdict,
            "reason": row.reason,
            "expected": row.expected,
            "author": row.author_name,
            "created_at": utc(row.created_at),
        }
        for row in rows
    }


def _added(
    conversations: list[Any],
) -> tuple[dict[str, list[str]], dict[str, list[dict[str, Any]]]]:
    """Tags and notes, by conversation."""
    tags: dict[str, list[str]] = {}
    chosen = one_of("conversation_id", conversations)
    given = Tag.conversations.through.objects.filter(chosen)
    for pk, name in given.order_by("tag__name").values_list("conversation_id", "tag__name"):
        tags.setdefault(str(pk), []).append(name)
    notes: dict[str, list[dict[str, Any]]] = {}
    for note in Note.objects.filter(chosen):
        written = {"author": note.author_name, "created_at": utc(note.created_at)}
        notes.setdefault(str(note.conversation_id), []).append({**written, "text": note.text})
    return tags, notes


_CONVERSATION = (
    *("id", "widget__slug", "visitor_id", "visitor__name", "visitor__email"),
    *("visitor__external_id", "visitor__consent", *CONVERSATION, "done_seq", "last_seq"),
)


def _conversation(
    row: tuple[Any, ...],
    messages: list[dict[str, Any]],
    tags: list[str],
    notes: list[dict[str, Any]],
    time_text: Times,
) -> dict[str, Any]:
    pk, widget, visitor, name, email, external_id, consent, *facts, done_seq, last_seq = row
    *texts, started_at, ended_at = facts
    return {
        "id": id_text(pk),
        "widget": widget,
        "visitor": {
            "id": id_text(visitor),
            "name": name,
            "email": email,
            "external_id": external_id,
            "consent": json_value(consent),
        },
        **dict(zip(CONVERSATION, texts, strict=False)),
        "started_at": time_text(started_at),
        "ended_at": time_text(ended_at),
        "done": done_seq >= last_seq,
        "tags": tags,
        "notes": notes,
        "messages": messages,
    }


_MESSAGE = (
    *("conversation_id", "id", "seq", "role", "text", "status", "created_at", "completed_at"),
    *("first_chunk_ms", "error_code", "error_cause", "retry_after", "rating", "rating_comment"),
    *("ui", "metadata", "author", "event"),
)


def _message(
    row: tuple[Any, ...], judgements: dict[str, dict[str, Any]], time_text: Times
) -> dict[str, Any]:
    _, pk, seq, role, text, status, created, completed, first, *more = row
    code, cause, retry_after, rating, comment, ui, metadata, author, event = more
    name = id_text(pk)
    message = {
        "id": name,
        "seq": seq,
        "role": role,
        "text": text,
        "status": status,
        "created_at": time_text(created),
        "completed_at": time_text(completed),
        "first_chunk_ms": first,
        "error": {"code": code, "cause": cause, "retry_after": retry_after} if code else None,
        "rating": rating,
        "rating_comment": comment,
        "judgement": judgements.get(name),
        "ui": json_value(ui) if ui else ui,
        "metadata": json_value(metadata),
    }
    if author:
        message["author"] = {"name": author}
    if event:
        message["event"] = event
    return message


def as_jsonl(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    """One conversation a line."""
    for row in rows:
        yield json_line(row)


FORMATS = {"jsonl": as_jsonl, "csv": as_csv, "html": as_html, "dataset": as_dataset}


def pieces(rows: Iterator[dict[str, Any]], kind: str) -> Iterator[str]:
    """What `read` gives, in one of FORMATS: text in pieces of a size that is good to send."""
    held: list[str] = []
    size = 0
    for piece in FORMATS[kind](rows):
        held.append(piece)
        size += len(piece)
        if size >= PIECE:
            yield "".join(held)
            held, size = [], 0
    if held:
        yield "".join(held)
