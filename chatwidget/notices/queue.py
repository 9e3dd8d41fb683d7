"""The notices that are due: taken by one process, and what became of them.

Who takes a notice moves the time at which it is due, in one statement that changes a row for one
process only. So a process that dies with it needs no funeral: the notice is due again by itself.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, Q
from django.utils import timezone

from chatwidget.models import Notice, Webhook
from chatwidget.notices.webhooks import Attempt

# Longer than an attempt with what is stored of it; so a notice whose process died is late by it.
TAKEN = timedelta(seconds=60)
# To one receiver at once, by one process: one that hangs keeps nobody else waiting.
AT_ONCE = 4
# Seconds after each attempt that failed, but for some jitter; after the last it is given up. In
# all some three days, in which somebody sees it.
PAUSES = (5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER = 0.2
MAX_PAUSE = 86_400.0
# What was delivered or given up is kept for so long, to be looked at and sent again.
KEPT = timedelta(days=30)
BATCH = 500
# Attempts that the log of a notice keeps.
LOGGED = 20


def take(busy: Mapping[int | None, int]) -> tuple[list[Notice], datetime | None]:
    """Take what is due, and say when the next will be.

    What a webhook that is switched off has to get waits. `busy`: how many of each webhook's
    notices are under way in this process already.
    """
    now = timezone.now()
    wanted = Q(webhook=None) | Q(webhook__active=True)
    due = Notice.objects.filter(wanted, due_at__lte=now).order_by("due_at")
    taken: list[Notice] = []
    for webhook in due.order_by().values_list("webhook", flat=True).distinct():
        free = AT_ONCE - busy.get(webhook, 0)
        for notice in due.filter(webhook=webhook).select_related("webhook", "widget")[
            : max(free, 0)
        ]:
            notice.attempts += 1
            mine = Notice.objects.filter(pk=notice.pk, due_at=notice.due_at)
            if mine.update(due_at=now + TAKEN, attempts=notice.attempts):
                notice.due_at = now + TAKEN
                taken.append(notice)
    later = Notice.objects.filter(due_at__gt=now).aggregate(next=Min("due_at"))
    return taken, later["next"]


def settle(notice: Notice, attempt: Attempt) -> None:
    """Store what became of an attempt; nothing where the notice is not this one's any more."""
    now = timezone.now()
    entry = {
        "at": now.isoformat(timespec="milliseconds"),
        "status": attempt.status,
        "said": attempt.said,
        "ms": attempt.ms,
    }
    changes: dict[str, Any] = {"log": [entry, *notice.log][:LOGGED], "due_at": None}
    if attempt.delivered:
        changes["delivered_at"] = now
    elif notice.attempts <= len(PAUSES) and not attempt.gone:
        changes["due_at"] = now + timedelta(seconds=_pause(notice.attempts, attempt.after))
    Notice.objects.filter(pk=notice.pk, due_at=notice.due_at).update(**changes)
    if attempt.delivered and notice.webhook_id is None:  # nobody looks it up: it is not kept
        Notice.objects.filter(pk=notice.pk, due_at=None).delete()
    if attempt.gone and notice.webhook_id:
        Webhook.objects.filter(pk=notice.webhook_id).update(active=False)


def _pause(attempts: int, asked: float | None) -> float:
    """At least what the receiver asked for, and not all of them at one moment."""
    pause = PAUSES[attempts - 1] * random.uniform(1, 1 + JITTER)
    return max(pause, min(asked or 0.0, MAX_PAUSE))


def forget_old() -> None:
    """Erase what was kept for long enough, oldest first, one batch."""
    before = timezone.now() - KEPT
    oldest = Notice.objects.order_by("id").values_list("pk", "created_at")[:BATCH]
    old = [pk for pk, created in oldest if created < before]
    Notice.objects.filter(pk__in=old).delete()
