"""What visitors are given of what is kept of them, and how they have it erased.

Nothing of it is staff's (notes, tags, judgements), or the platform's.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from chatwidget.models import Conversation, Event, Message, Notice, Visitor
from chatwidget.transcripts import erasure
from chatwidget.transcripts.notices import wake
from chatwidget.transcripts.raw_rows import utc


def known(widget: int, visitor: UUID) -> Visitor | None:
    """The visitor; None for one who is unknown, erased or blocked, all the same."""
    return Visitor.objects.filter(pk=visitor, widget=widget, blocked_at=None).first()


def describe(person: Visitor) -> dict[str, Any]:
    """`id`, `name`, `email`, `earlier_emails`, `external_id`, `consent`, `created_at`."""
    return {
        "id": str(person.pk),
        "name": person.name,
        "email": person.email,
        "earlier_emails": person.earlier_emails.split(),
        "external_id": person.external_id,
        "consent": person.consent,
        "created_at": utc(person.created_at),
    }


def conversations_of(person: Visitor) -> list[UUID]:
    """The ids of their conversations, the first first."""
    rows = Conversation.objects.filter(visitor=person).order_by("id")
    return list(rows.values_list("pk", flat=True))


def conversation(pk: UUID) -> dict[str, Any] | None:
    """One of them with its messages; None once it is gone."""
    row = Conversation.objects.filter(pk=pk).first()
    if row is None:
        return None
    messages = Message.objects.filter(conversation=pk).order_by("seq")
    return {
        "id": str(row.pk),
        "started_at": utc(row.started_at),
        "ended_at": utc(row.ended_at),
        "page_url": row.page_url,
        "page_title": row.page_title,
        "referrer": row.referrer,
        "locale": row.locale,
        "user_agent": row.user_agent,
        "messages": [_message(each) for each in messages],
    }


def _message(row: Message) -> dict[str, Any]:
    told = {
        "role": row.role,
        "author": row.author,
        "text": row.text,
        "status": row.status,
        "created_at": utc(row.created_at),
        "rating": row.rating,
        "rating_comment": row.rating_comment,
        "ui": row.ui,
    }
    optional = ("author", "rating", "rating_comment", "ui")
    return {name: each for name, each in told.items() if each or name not in optional}


@transaction.atomic
def send_copy(person: Visitor, mailbox: str, language: str) -> None:
    """Mail them their conversations, in their language: as those are when the mail is made."""
    Notice.objects.create(
        event=Event.OWN_COPY,
        widget_id=person.widget_id,
        visitor=person,
        mailbox=mailbox,
        language=language,
        body="{}",
        due_at=timezone.now(),
    )
    wake()


def erase(person: Visitor) -> erasure.Erased:
    """Erase them, with everything they wrote and were answered."""
    return erasure.forget(Visitor.objects.filter(pk=person.pk))
