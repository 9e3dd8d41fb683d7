"""Conversations as JSON lines, a table, a page to print or a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from msgspec import UNSET, Struct, UnsetType, to_builtins

from chatwidget.models import Conversation, Message, Status
from chatwidget.text import json_line
from chatwidget.transcripts.chats import Chat, read_chats
from chatwidget.transcripts.csv_table import as_csv
from chatwidget.transcripts.dataset import as_dataset
from chatwidget.transcripts.erasure import find_people
from chatwidget.transcripts.printed import as_html
from chatwidget.transcripts.raw_rows import json_value

PIECE = 64 * 1024  # code points of what is written at once


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
    return _as_dicts(read_chats(conversations))


def _as_dicts(chats: Iterator[Chat]) -> Iterator[dict[str, Any]]:
    return map(to_builtins, map(_as_line, chats))


def _as_line(chat: Chat) -> dict[str, Any]:
    pk, visitor, began, ended, widget, name, email, external_id, consent, *facts = chat.about
    session, url, title, referrer, locale, agent, done_seq, last_seq = facts
    return {
        "id": chat.id_text(pk),
        "widget": widget,
        "visitor": {
            "id": chat.id_text(visitor),
            "name": name,
            "email": email,
            "external_id": external_id,
            "consent": json_value(consent),
        },
        "provider_session": session,
        "page_url": url,
        "page_title": title,
        "referrer": referrer,
        "locale": locale,
        "user_agent": agent,
        "started_at": chat.time_text(began),
        "ended_at": chat.time_text(ended),
        "done": done_seq >= last_seq,
        "tags": chat.tags,
        "notes": chat.notes,
        "messages": _messages(chat),
    }


class _Message(Struct, gc=False):
    """What a line holds of a message; made and written in half the time that a dict takes."""

    id: str
    seq: int
    role: str
    text: str
    status: str
    created_at: str | None
    completed_at: str | None
    first_chunk_ms: int | None
    error: dict[str, Any] | None
    rating: int
    rating_comment: str
    judgement: dict[str, Any] | None
    ui: Any
    metadata: Any
    author: dict[str, str] | UnsetType
    event: str | UnsetType


def _messages(chat: Chat) -> list[_Message]:
    said = []
    id_text, time_text, judgements = chat.id_text, chat.time_text, chat.judgements
    for row in chat.messages:
        (_, pk, created, completed, seq, role, text, status, first,
         code, cause, retry_after, rating, comment, ui, metadata, author, event) = row  # fmt: skip
        began = time_text(created)
        message = _Message(
            id_text(pk),
            seq,
            role,
            text,
            status,
            began,
            began if completed == created else time_text(completed),
            first,
            {"code": code, "cause": cause, "retry_after": retry_after} if code else None,
            rating,
            comment,
            judgements.get(pk) if judgements else None,
            json_value(ui) if ui else None,
            {} if metadata == "{}" else json_value(metadata),
            {"name": author} if author else UNSET,
            event or UNSET,
        )
        said.append(message)
    return said


def as_jsonl(chats: Iterator[Chat]) -> Iterator[str]:
    """One conversation a line."""
    return map(json_line, map(_as_line, chats))


# Each takes what `read_chats` gives.
FORMATS: dict[str, Callable[[Iterator[Chat]], Iterator[str]]] = {
    "jsonl": as_jsonl,
    "csv": as_csv,
    "html": lambda chats: as_html(_as_dicts(chats)),
    "dataset": lambda chats: as_dataset(_as_dicts(chats)),
}


def pieces(chats: Iterator[Chat], kind: str) -> Iterator[str]:
    """What `read_chats` gives, in one of FORMATS: text in pieces of a size that is good to send."""
    held: list[str] = []
    size = 0
    for piece in FORMATS[kind](chats):
        held.append(piece)
        size += len(piece)
        if size >= PIECE:
            yield "".join(held)
            held, size = [], 0
    if held:
        yield "".join(held)
