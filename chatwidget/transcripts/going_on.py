"""Lists the conversations that go on now, for staff to look into."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, F, IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Substr
from django.utils import timezone

from chatwidget.models import Conversation, Handover, Message, Role

# What was said in this time is listed, though nobody has it and its visitor may have gone.
RECENT = timedelta(minutes=30)
HERE = timedelta(days=1)  # and in this one, where the visitor has the chat open
MOST = 100
EXCERPT = 160  # code points


@dataclass(frozen=True, slots=True)
class GoingOn:
    """One conversation of the list."""

    id: UUID
    widget: str
    visitor: UUID
    name: str
    email: str
    last_words: str  # the visitor's
    last_message_at: datetime
    page_title: str
    unread: int  # messages of the visitor's that nobody of the staff has seen
    staff: str
    staff_name: str
    asked_at: datetime | None


def going_on(visible: Q, here: Collection[UUID]) -> list[GoingOn]:
    """Those whose visitor waits for a person or has one, is here now, or has spoken of late.

    `visible`: which of all conversations the reader may see; `here`: the visitors who are. Who
    waits comes first.
    """
    held = Handover.objects.values("pk")
    now = timezone.now()
    chosen = (
        Q(pk__in=held)
        | Q(last_message_at__gte=now - RECENT)
        | Q(visitor__in=list(here)[:MOST], last_message_at__gte=now - HERE)
    )
    said = Message.objects.filter(conversation=OuterRef("pk"), role=Role.USER)
    seen = Coalesce(OuterRef("glance__seq"), Value(0))
    fresh = said.filter(seq__gt=seen).order_by().values("conversation")
    rows: Any = (
        Conversation.objects.filter(visible, chosen)
        .annotate(
            last_words=Subquery(said.order_by("-seq").values(t=Substr("text", 1, EXCERPT))[:1]),
            unread=Coalesce(
                Subquery(fresh.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0
            ),
        )
        .order_by(F("handover__asked_at").asc(nulls_last=True), "-last_message_at")
        .values(
            "id",
            "visitor_id",
            "last_words",
            "last_message_at",
            "page_title",
            "unread",
            title=F("widget__title"),
            name=F("visitor__name"),
            email=F("visitor__email"),
            staff=F("handover__staff"),
            staff_name=F("handover__name"),
            asked_at=F("handover__asked_at"),
        )[:MOST]
    )
    return [
        GoingOn(
            id=row["id"],
            widget=row["title"],
            visitor=row["visitor_id"],
            name=row["name"],
            email=row["email"],
            last_words=row["last_words"] or "",
            last_message_at=row["last_message_at"],
            page_title=row["page_title"],
            unread=row["unread"],
            staff=row["staff"] or "",
            staff_name=row["staff_name"] or "",
            asked_at=row["asked_at"],
        )
        for row in rows
    ]
