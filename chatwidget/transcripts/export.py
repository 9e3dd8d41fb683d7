"""Conversations as JSON lines or CSV.

Reading goes by chunks, so memory does not grow, and each chunk is a query of its own: no cursor
stays open, which a pooler in front of PostgreSQL might cut.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from chatwidget.models import Conversation, Judgement, Message, Note, Tag
from chatwidget.transcripts.dataset import as_dataset

CHUNK = 100  # conversations in memory at once, with their messages

CONVERSATION = (
    *("widget", "provider_session", "page_url", "page_title", "referrer", "locale", "user_agent"),
    *("started_at", "ended_at"),
)
MESSAGE = (
    "seq",
    "role",
    "text",
    "status",
    "created_at",
    "completed_at",
    "first_chunk_ms",
    "rating",
    "rating_comment",
)
COLUMNS = (
    *("conversation", "widget", "visitor_id", "visitor_name", "visitor_email"),
    *("visitor_external_id", "visitor_consent", "provider_session"),
    *("page_url", "page_title", "referrer", "locale", "user_agent", "started_at", "ended_at"),
    *("done", "tags", "notes"),
    *("message", "seq", "role", "text", "status", "created_at", "completed_at"),
    *("first_chunk_ms", "error_code", "error_cause", "rating", "rating_comment", "judgement"),
    *("ui", "metadata", "author", "event"),
)
# By it a double click tells UTF-8 from a code page.
BYTE_ORDER_MARK = "\ufeff"
# A spreadsheet takes a cell that begins so for a formula; some take the full-width forms too. What
# begins a cell is for the reader's settings to say: where lists are separated by semicolons, one
# within a cell ends it, and our quotes count for nothing.
FORMULA = re.compile(r"""(\A|\r\n|[;|\t\r\n])(?=[\s"']*[=+\-@＝＋－＠])|\A(?=[\t\r\n])""")


def select(
    slug: str | None = None, since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Conversation]:
    """The conversations that began at `since` or later and before `until`, oldest first."""
    found = Conversation.objects.order_by("id")
    if slug is not None:
        found = found.filter(widget__slug=slug)
    if since is not None:
        found = found.filter(started_at__gte=since)
    if until is not None:
        found = found.filter(started_at__lt=until)
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
        "done": row.done_seq >= row.last_seq,
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


def as_jsonl(rows: Iterator[dict[str, Any]], write: Callable[[str], Any]) -> None:
    """One conversation a line."""
    for row in rows:
        write(json.dumps(row, ensure_ascii=False) + "\n")


def as_csv(rows: Iterator[dict[str, Any]], write: Callable[[str], Any]) -> None:
    """A header, then one message a line, with its conversation's columns repeated."""
    write(BYTE_ORDER_MARK)
    table = csv.DictWriter(_Writer(write), COLUMNS)
    table.writeheader()
    for row in rows:
        of_conversation = {
            "conversation": row["id"],
            **{name: row[name] for name in CONVERSATION},
            **{f"visitor_{name}": value for name, value in row["visitor"].items()},
            "visitor_consent": _json(row["visitor"]["consent"]),
            "done": row["done"],
            "tags": ", ".join(row["tags"]),
            "notes": _json(row["notes"]),
        }
        for message in row["messages"]:
            error = message["error"] or {"code": "", "cause": ""}
            cells = {
                **of_conversation,
                "message": message["id"],
                **{name: message[name] for name in MESSAGE},
                **{f"error_{name}": error[name] for name in ("code", "cause")},
                **{name: _json(message[name]) for name in ("judgement", "ui", "metadata")},
                "author": message.get("author", {}).get("name", ""),
                "event": message.get("event", ""),
            }
            table.writerow({name: harmless(cell) for name, cell in cells.items()})


@dataclass(frozen=True, slots=True)
class _Writer:
    """What the csv module asks of a file."""

    write: Callable[[str], Any]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if value else ""


def harmless(cell: Any) -> Any:
    """The cell, with an apostrophe before whatever a spreadsheet would take for a formula."""
    return FORMULA.sub(r"\1'", cell) if isinstance(cell, str) else cell


FORMATS = {"jsonl": as_jsonl, "csv": as_csv, "dataset": as_dataset}
