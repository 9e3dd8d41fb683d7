"""Writes a story down: rows as the transcript would have written them, many at a time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date
from itertools import islice

from django.db import transaction

from chatwidget.admin.times import storable
from chatwidget.appearance import Appearance, store_appearance
from chatwidget.db import let_others_write
from chatwidget.management.demo.story import Chat, Line
from chatwidget.management.demo.words import DO_NOT_KNOW, SITES, Site
from chatwidget.models import Conversation, Message, Role, Usage, Visitor, Widget
from chatwidget.transcripts.sql import Row, insert_many

CHATS = 500  # in one transaction
SLUGS = tuple(site.slug for site in SITES)
COLOURS = {"demo-shop": "#1f6f6b", "demo-hotel": "#b4541a", "demo-help": "#4b4fc4"}


def write(chats: Iterable[Chat], progress: Callable[[int], object]) -> None:
    """Store the widgets and all chats; `progress` is called with numbers of messages."""
    widgets = {site.slug: _widget(site) for site in SITES}
    used: Counter[tuple[int, date, str]] = Counter()
    following, began = iter(chats), time.monotonic()
    while some := list(islice(following, CHATS)):
        with transaction.atomic():
            _write(some, widgets)
        for chat in some:
            if chat.site.budgets:
                used.update(_usage(chat, widgets[chat.site.slug]))
        progress(sum(len(chat.lines) for chat in some))
        began = let_others_write(began)
    days: dict[tuple[int, date], dict[str, int]] = {}
    for (widget, day, what), amount in used.items():
        days.setdefault((widget, day), {})[what] = amount
    Usage.objects.bulk_create(
        Usage(widget_id=widget, day=day, **amounts) for (widget, day), amounts in days.items()
    )


def _widget(site: Site) -> Widget:
    """Made once. Only the demo platform answers here: the others would need a key."""
    widget, _ = Widget.objects.get_or_create(
        slug=site.slug,
        defaults={
            "title": site.title,
            "greeting": site.greeting,
            "provider": site.provider,
            "agent": site.agent,
            "active": site.provider == "demo",
            "allowed_origins": [f"https://{site.host}"],
            "budgets": site.budgets,
            "no_answer": [DO_NOT_KNOW[locale] for locale in site.languages],
            "appearance": store_appearance(Appearance(color=COLOURS[site.slug])),
        },
    )
    return widget


def _write(chats: list[Chat], widgets: dict[str, Widget]) -> None:
    insert_many(
        Visitor,
        [
            {
                "id": chat.person.id,
                "widget_id": widgets[chat.site.slug].pk,
                "name": chat.person.name,
                "email": chat.person.email,
                "created_at": storable(chat.at),
            }
            for chat in chats
            if chat.is_new
        ],
    )
    insert_many(Conversation, [_conversation(chat, widgets[chat.site.slug]) for chat in chats])
    insert_many(
        Message,
        [_message(chat, seq, line) for chat in chats for seq, line in enumerate(chat.lines, 1)],
    )


def _conversation(chat: Chat, widget: Widget) -> Row:
    last = chat.lines[-1]
    return {
        "id": chat.id,
        "widget_id": widget.pk,
        "visitor_id": chat.person.id,
        "page_url": chat.page,
        "page_title": chat.page_title,
        "referrer": chat.referrer,
        "locale": chat.locale,
        "user_agent": chat.user_agent,
        "started_at": storable(chat.at),
        "last_message_at": storable(last.done_at or last.at),
        "last_seq": len(chat.lines),
        "revision": len(chat.lines),
    }


def _message(chat: Chat, seq: int, line: Line) -> Row:
    return {
        "id": line.id,
        "conversation_id": chat.id,
        "visitor_id": chat.person.id,
        "seq": seq,
        "role": line.role,
        "text": line.text,
        "status": line.status,
        "client_id": line.id if line.role == Role.USER else None,
        "created_at": storable(line.at),
        "completed_at": storable(line.done_at) if line.done_at else None,
        "first_chunk_ms": line.first_ms,
        "total_ms": line.total_ms,
        "error_code": line.error,
        "error_cause": line.cause,
        "rating": line.rating,
        "rating_comment": line.comment,
        "revision": seq,
    }


def _usage(chat: Chat, widget: Widget) -> Counter[tuple[int, date, str]]:
    used: Counter[tuple[int, date, str]] = Counter()
    for line in chat.lines:
        if line.role == Role.USER:
            day = line.at.astimezone(UTC).date()
            used[widget.pk, day, "messages"] += 1
            used[widget.pk, day, "characters"] += len(line.text)
    return used
