"""What happened, for those who asked to be told: stored by the transaction in which it happens.

So nothing is told that was rolled back, and nothing is forgotten; `chatwidget.notices` delivers it.
What nobody wants to know costs one look for receivers.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.dispatch import Signal
from django.utils import timezone

from chatwidget.models import Conversation, Event, Message, Notice, Visitor, Webhook, Widget

# Sent when a notice was stored and committed, to wake who delivers it.
recorded = Signal()

# Every conversation that begins asks for them, and mostly there are none.
_RECEIVERS = f"""
SELECT id FROM {Webhook._meta.db_table} WHERE active AND (widget_id = %s OR widget_id IS NULL)
"""


def record(
    event: Event,
    widget: int,
    *,
    conversation: UUID | None = None,
    visitor: UUID | None = None,
    message: UUID | None = None,
    **data: Any,
) -> None:
    """Store a notice for each receiver, within the transaction of what it is about.

    What is given by its id is read as it is now, and the conversation's visitor with it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_RECEIVERS, [widget])
        hooks = [row[0] for row in cursor.fetchall()]
    if not hooks:
        return
    receivers = Webhook.objects.filter(pk__in=hooks).order_by("pk")
    wanting = [hook for hook in receivers if hook.wants(event)]
    if not wanting:
        return
    if conversation is not None:
        row = Conversation.objects.get(pk=conversation)
        data["conversation"], visitor = describe_conversation(row), row.visitor_id
    if visitor is not None:
        data["visitor"] = describe_visitor(Visitor.objects.get(pk=visitor))
    if message is not None:
        data["message"] = describe_message(Message.objects.get(pk=message))
    data["widget"] = Widget.objects.values_list("slug", flat=True).get(pk=widget)
    store(event, wanting, data, widget=widget, conversation=conversation, visitor=visitor)


def store(
    event: Event,
    hooks: list[Webhook],
    data: dict[str, Any],
    *,
    widget: int | None = None,
    conversation: UUID | None = None,
    visitor: UUID | None = None,
) -> None:
    """A notice for each of these receivers, due now."""
    now = timezone.now()
    body = msgspec.json.encode({"type": str(event), "timestamp": now, "data": data}).decode()
    Notice.objects.bulk_create(
        Notice(
            event=event,
            widget_id=widget,
            conversation_id=conversation,
            visitor_id=visitor,
            webhook=hook,
            body=body,
            due_at=now,
        )
        for hook in hooks
    )
    wake()


def wake() -> None:
    """Deliver soon, in this process if it can: another one would look half a minute later."""
    transaction.on_commit(lambda: recorded.send_robust(Notice))


def mail_conversation(row: Conversation, link: str, *, hook: Webhook | None, **to: str) -> None:
    """Mail a conversation to a receiver; or to `mailbox`, in `language`."""
    person, now = row.visitor, timezone.now()
    told = {
        "conversation": describe_conversation(row),
        "visitor": describe_visitor(person),
        "widget": row.widget.slug,
        "link": link,
    }
    event = Event.CONVERSATION_MAILED
    body = msgspec.json.encode({"type": str(event), "timestamp": now, "data": told}).decode()
    Notice.objects.create(
        event=event,
        widget=row.widget,
        conversation=row,
        visitor=person,
        webhook=hook,
        body=body,
        due_at=now,
        **to,
    )
    wake()


def send_again(notice: Notice) -> None:
    """Deliver it once more, now and under its old id, whatever became of it."""
    Notice.objects.filter(pk=notice.pk).update(due_at=timezone.now(), delivered_at=None)
    wake()


def describe_conversation(row: Conversation) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "page_url": row.page_url,
        "page_title": row.page_title,
        "locale": row.locale,
    }


def describe_visitor(person: Visitor) -> dict[str, Any]:
    return {
        "id": str(person.pk),
        "name": person.name,
        "email": person.email,
        "email_verified": person.email_verified,
        "external_id": person.external_id,
    }


def describe_message(row: Message) -> dict[str, Any]:
    failed = {"code": row.error_code, "cause": row.error_cause} if row.error_code else None
    return {
        "id": str(row.pk),
        "seq": row.seq,
        "role": row.role,
        "text": row.text,
        "status": row.status,
        "rating": row.rating,
        "rating_comment": row.rating_comment,
        "error": failed,
    }
