"""A receiver's digest by day or week: the numbers of the days since the last one, as one notice.

Whoever first moves a receiver's `digested_until` stores its notice, in the same transaction: so it
is told once, by however many workers, and after a time away once for all the days that it missed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from chatwidget.models import Event, Handover, Webhook
from chatwidget.transcripts import figures, rollups
from chatwidget.transcripts.figures import Period, Sums
from chatwidget.transcripts.notices import store

# A day's digest is due at this hour of the next, in the site's TIME_ZONE; a week's on Mondays.
HOUR = 6
# Of a receiver that was switched off for longer, the newest days.
MOST_DAYS = 366


def due_until(every: str) -> date:
    """The day before which all is told by now."""
    now = timezone.now()
    local = timezone.localtime(now) if timezone.is_aware(now) else now
    day = (local - timedelta(hours=HOUR)).date()
    return day if every == "day" else day - timedelta(days=day.weekday())


def store_due() -> int:
    """Store each digest that is due; how many."""
    stored = 0
    for hook in Webhook.objects.filter(active=True).exclude(digest="").select_related("widget"):
        until, since = due_until(hook.digest), hook.digested_until
        if since is None or since < until:
            rollups.catch_up(rollups.AT_A_LOOK)
            stored += _store(hook, since, until)
    return stored


@transaction.atomic
def _store(hook: Webhook, since: date | None, until: date) -> bool:
    """False where another worker has; of a new receiver, the days begin to be counted."""
    mine = Webhook.objects.filter(pk=hook.pk, active=True, digested_until=since)
    if not mine.update(digested_until=until) or since is None:
        return False
    first = max(since, until - timedelta(days=MOST_DAYS))
    period = Period(first, until - timedelta(days=1), timezone.get_default_timezone())
    store(Event.DIGEST, [hook], describe(period, hook), widget=hook.widget_id)
    return True


def describe(period: Period, hook: Webhook) -> dict[str, Any]:
    """What a digest tells: each number with that of as many days before."""
    widgets = None if hook.widget_id is None else [hook.widget_id]
    now, before = figures.total(period, widgets), figures.total(period.before, widgets)
    waiting = Handover.objects.filter(asked_at__isnull=False, staff="")
    if widgets:
        waiting = waiting.filter(conversation__widget__in=widgets)
    numbers = {name: [count(now), count(before)] for name, count in NUMBERS.items()}
    return {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "widget": hook.widget.slug if hook.widget else "",
        **numbers,
        "waiting": waiting.count(),
    }


NUMBERS: dict[str, Callable[[Sums], int]] = {
    "conversations": lambda sums: sums["conversations"],
    "messages": lambda sums: sums["questions"],
    "failed": lambda sums: sums["failed"] + sums["interrupted"],
    "unanswered": lambda sums: sums["no_answer"],
    "rated_good": lambda sums: sums["good"],
    "rated_bad": lambda sums: sums["bad"],
}
