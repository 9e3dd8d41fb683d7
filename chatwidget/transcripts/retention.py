"""Conversations that a widget keeps no longer: erased by the workers, a batch at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from chatwidget.models import Conversation, Usage, Widget
from chatwidget.transcripts import erasure

# Conversations in one transaction, of a process whose visitors wait for the same database.
BATCH = 100


def overdue(widget: Widget) -> QuerySet[Conversation]:
    """Those whose last message is older than the widget keeps them, oldest first."""
    if not widget.keep_days:
        return Conversation.objects.none()
    before = timezone.now() - timedelta(days=widget.keep_days)
    found = Conversation.objects.filter(widget=widget, last_message_at__lt=before)
    return found.order_by("last_message_at", "id")


def erase_overdue() -> bool:
    """Erase a batch of each widget's, with visitors who have none left; may there be more?

    Any process may do this at any time: what another one has erased meanwhile is none.
    """
    more = False
    for widget in Widget.objects.filter(keep_days__gt=0):
        batch = list(overdue(widget).values_list("pk", flat=True)[:BATCH])
        if not batch:
            continue
        with erasure.without_trace():
            chosen = overdue(widget).filter(pk__in=batch)
            erased = erasure.erase_conversations(chosen, visitors=True)
        day = datetime.now(UTC).date()
        usage, _ = Usage.objects.get_or_create(widget=widget, day=day)
        Usage.objects.filter(pk=usage.pk).update(erased=F("erased") + erased.conversations)
        more = more or len(batch) == BATCH
    return more


def erased_so_far(widget: Widget) -> int:
    """How many conversations were too old, since there is a widget."""
    total = Usage.objects.filter(widget=widget).aggregate(total=Sum("erased"))["total"]
    return total or 0
