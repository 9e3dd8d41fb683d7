"""Stored conversations for tests, written straight into the tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from chatwidget.models import Conversation, Message, Role, Status, Visitor, Widget

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


def a_widget(slug: str = "shop", **fields: Any) -> Widget:
    return Widget.objects.create(slug=slug, **{"title": slug.title(), **fields})


def a_conversation(
    widget: Widget,
    *texts: str,
    visitor: Visitor | None = None,
    at: datetime = NOON,
    reply: dict[str, Any] | None = None,
    **fields: Any,
) -> Conversation:
    """One whose messages are `texts`, the visitor's and the agent's by turns, a minute apart.

    `reply`: fields of the last message.
    """
    visitor = visitor or Visitor.objects.create(widget=widget)
    counts = {"last_seq": len(texts), "revision": max(len(texts), 1)}
    conversation = Conversation.objects.create(
        widget=widget, visitor=visitor, **{**counts, **fields}
    )
    last = at + timedelta(minutes=max(len(texts) - 1, 0))
    Conversation.objects.filter(pk=conversation.pk).update(started_at=at, last_message_at=last)
    messages = [
        Message(
            conversation=conversation,
            visitor=visitor,
            seq=number,
            role=Role.USER if number % 2 else Role.ASSISTANT,
            text=text,
            status=Status.COMPLETE,
            created_at=at + timedelta(minutes=number - 1),
        )
        for number, text in enumerate(texts, start=1)
    ]
    for name, value in (reply or {}).items():
        setattr(messages[-1], name, value)
    Message.objects.bulk_create(messages)
    conversation.refresh_from_db()
    return conversation


def fill(widget: Any, count: int) -> None:
    """Conversations in bulk, each with a failure and a rating."""
    visitors = Visitor.objects.bulk_create(Visitor(widget=widget) for _ in range(count))
    rows = Conversation.objects.bulk_create(
        Conversation(widget=widget, visitor=visitor, last_seq=2, revision=2) for visitor in visitors
    )
    for seq, role, more in (
        (1, Role.USER, {"status": Status.COMPLETE}),
        (2, Role.ASSISTANT, {"status": Status.FAILED, "rating": -1}),
    ):
        Message.objects.bulk_create(
            Message(
                conversation=row,
                visitor_id=row.visitor_id,
                seq=seq,
                role=role,
                text=f"{seq}",
                created_at=NOON,
                **more,
            )
            for row in rows
        )
