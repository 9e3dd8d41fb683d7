"""Conversations as JSON lines or CSV.

Reading goes by chunks, so memory does not grow, and each chunk is a query of its own: no cursor
stays open, which a pooler in front of PostgreSQL might cut.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from chatwidget.models import Conversation, Judgement, Message, Note, Status, Tag
from chatwidget.transcripts.dataset import as_dataset
from chatwidget.transcripts.erasure import find_people
from chatwidget.transcripts.printed import as_html

CHUNK = 100  # conversations in memory at once, with their messages
PIECE = 64 * 1024  # code points of what is written at once

CONVERSATION = (
    *("provider_session", "page_url", "page_title", "referrer", "locale", "user_agent"),
    *("started_at", "ended_at"),
)
MESSAGE = ("seq", "role", "text", "status", "created_at", "completed_at", "first_chunk_ms")
# Of the table: what `as_csv` puts into a line, in this order.
COLUMNS = (
    *("conversation", "widget", "visitor_id", "visitor_name", "visitor_email"),
    *("visitor_external_id", "visitor_consent", *CONVERSATION, "done", "tags", "notes"),
    *("message", *MESSAGE, "error_code", "error_cause", "rating", "rating_comment"),
    *("judgement", "ui", "metadata", "author", "event"),
)
# By it a double click tells UTF-8 from a code page.
BYTE_ORDER_MARK = "\ufeff"
# A spreadsheet takes a cell that begins so for a formula; some take the full-width forms too. What
# begins a cell is for the reader's settings to say: where lists are separated by semicolons, one
# within a cell ends it, and our quotes count for nothing.
FORMULA = re.compile(r"""(\A|\r\n|[;|\t\r\n])(?=[\s"']*[=+\-@＝＋－＠])|\A(?=[\t\r\n])""")


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
    rows = conversations.select_related("widget", "visitor")
    chunk = list(rows[:CHUNK])
    while chunk:
        # Dicts, not prefetched models: a message and its conversation would hold each other, and
        # such circles fill the memory until the garbage collector happens to look.
        found = Message.objects.filter(conversation__in=[row.pk for row in chunk])
        messages: dict[UUID, list[dict[str, Any]]] = {row.pk: [] for row in chunk}
        judged = _judgements(row.pk for row in chunk)
        for message in found.order_by("conversation", "seq").values():
            entry = _message(message, judged.get(message["id"]))
            messages[message["conversation_id"]].append(entry)
        tags, notes = _added(row.pk for row in chunk)
        for row in chunk:
            yield _conversation(row, messages[row.pk], tags.get(row.pk, []), notes.get(row.pk, []))
        chunk = list(rows.filter(pk__gt=chunk[-1].pk)[:CHUNK])


def _judgements(conversations: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """What staff think of replies, by message."""
    rows = Judgement.objects.filter(message__conversation__in=list(conversations))
    return {
        row.message_id: {
            "verdict": row.verdict,
            "reason": row.reason,
            "expected": row.expected,
            "author": row.author_name,
            "created_at": utc(row.created_at),
        }
        for row in rows
    }


def _added(
    conversations: Iterable[UUID],
) -> tuple[dict[UUID, list[str]], dict[UUID, list[dict[str, Any]]]]:
    """Tags and notes, by conversation."""
    within = list(conversations)
    tags: dict[UUID, list[str]] = {}
    given = Tag.conversations.through.objects.filter(conversation__in=within)
    for pk, name in given.order_by("tag__name").values_list("conversation_id", "tag__name"):
        tags.setdefault(pk, []).append(name)
    notes: dict[UUID, list[dict[str, Any]]] = {}
    for note in Note.objects.filter(conversation__in=within):
        written = {"author": note.author_name, "created_at": utc(note.created_at)}
        notes.setdefault(note.conversation_id, []).append({**written, "text": note.text})
    return tags, notes


def _conversation(
    row: Conversation,
    messages: list[dict[str, Any]],
    tags: list[str],
    notes: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "widget": row.widget.slug,
        "visitor": {
            "id": str(row.visitor.id),
            "name": row.visitor.name,
            "email": row.visitor.email,
            "external_id": row.visitor.external_id,
            "consent": row.visitor.consent,
        },
        "provider_session": row.provider_session,
        "page_url": row.page_url,
        "page_title": row.page_title,
        "referrer": row.referrer,
        "locale": row.locale,
        "user_agent": row.user_agent,
        "started_at": utc(row.started_at),
        "ended_at": utc(row.ended_at),
        "done": row.is_done,
        "tags": tags,
        "notes": notes,
        "messages": messages,
    }


def _message(row: Mapping[str, Any], judgement: dict[str, Any] | None) -> dict[str, Any]:
    failed = row["error_code"] and {
        "code": row["error_code"],
        "cause": row["error_cause"],
        "retry_after": row["retry_after"],
    }
    return {
        "id": str(row["id"]),
        "seq": row["seq"],
        "role": row["role"],
        "text": row["text"],
        "status": row["status"],
        "created_at": utc(row["created_at"]),
        "completed_at": utc(row["completed_at"]),
        "first_chunk_ms": row["first_chunk_ms"],
        "error": failed or None,
        "rating": row["rating"],
        "rating_comment": row["rating_comment"],
        "judgement": judgement,
        "ui": row["ui"],
        "metadata": row["metadata"],
        **({"author": {"name": row["author"]}} if row["author"] else {}),
        **({"event": row["event"]} if row["event"] else {}),
    }


def utc(moment: datetime | None) -> str | None:
    """ISO 8601 with a Z."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def as_jsonl(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    """One conversation a line."""
    for row in rows:
        yield json.dumps(row, ensure_ascii=False) + "\n"


def as_csv(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    """A header, then one message a line, with its conversation's columns repeated."""
    yield BYTE_ORDER_MARK
    lines = io.StringIO(newline="")
    table = csv.writer(lines)
    table.writerow(COLUMNS)
    for row in rows:
        of_conversation = [
            row["id"],
            row["widget"],
            *(row["visitor"][name] for name in ("id", "name", "email", "external_id")),
            _json(row["visitor"]["consent"]),
            *(row[name] for name in CONVERSATION),
            row["done"],
            ", ".join(row["tags"]),
            _json(row["notes"]),
        ]
        first = [harmless(cell) for cell in of_conversation]
        for message in row["messages"]:
            error = message["error"] or {"code": "", "cause": ""}
            cells = [
                message["id"],
                *(message[name] for name in MESSAGE),
                error["code"],
                error["cause"],
                *(message[name] for name in ("rating", "rating_comment")),
                *(_json(message[name]) for name in ("judgement", "ui", "metadata")),
                message.get("author", {}).get("name", ""),
                message.get("event", ""),
            ]
            table.writerow([*first, *(harmless(cell) for cell in cells)])
        yield lines.getvalue()
        lines.seek(0)
        lines.truncate()
    yield lines.getvalue()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if value else ""


def harmless(cell: Any) -> Any:
    """The cell, with an apostrophe before whatever a spreadsheet would take for a formula."""
    return FORMULA.sub(r"\1'", cell) if isinstance(cell, str) else cell


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
