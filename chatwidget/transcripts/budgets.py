"""What a widget may use up in a day, kept in the transaction that uses it.

So the last message of a budget is one message, however many processes there are; and where the
database is unavailable nothing is accepted at all. A widget without budgets costs no statement.
"""

from __future__ import annotations

import logging
import math
import threading
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from django.conf import settings
from django.core.mail import mail_managers
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from chatwidget.errors import BudgetExhausted, TooManyRunning
from chatwidget.models import Event, Status, Usage, Widget
from chatwidget.signals import budget_warning
from chatwidget.transcripts.locking import unfinished_replies
from chatwidget.transcripts.notices import record

logger = logging.getLogger("chatwidget")

WARN_AT = (0.8, 1.0)
# A reply that runs takes some seconds.
RUNNING_SECONDS = 5.0
# The column of `Usage` that each daily budget counts in.
DAILY = {
    "daily_messages": "messages",
    "daily_characters": "characters",
    "daily_seconds": "seconds",
    "daily_greetings": "greetings",
}


def consume_message(widget: Widget, characters: int, *, runs: bool) -> None:
    """Use up a message, whose reply begins at once if it `runs` and is stored already.

    Within the transaction that stores it, last: the widget's row is locked. Raises
    BudgetExhausted.
    """
    if widget.budgets:
        usage = _locked(widget)
        _spend(widget, usage, messages=1, characters=characters)
        _check(widget, usage, "daily_seconds", usage.seconds + 1)
        limit = widget.typed_budgets.max_running
        if limit and runs and _running(widget) > limit:
            raise TooManyRunning(f"{limit} replies run at once", retry_after=RUNNING_SECONDS)


def record_seconds(widget: Widget, milliseconds: int | None) -> None:
    """Count how long the platform was busy with a reply, in whole seconds."""
    if widget.typed_budgets.daily_seconds and milliseconds:
        usage = _locked(widget)
        _add(widget, usage, seconds=math.ceil(milliseconds / 1000))


@transaction.atomic
def consume_greeting(widget: Widget) -> bool:
    """Use up a platform's greeting; False where there is none left."""
    if not widget.typed_budgets.daily_greetings:
        return True
    try:
        _spend(widget, _locked(widget), greetings=1)
    except BudgetExhausted:
        return False
    return True


def used_today(widget: Widget) -> dict[str, int]:
    """How much of each daily budget is used up."""
    usage = Usage.objects.filter(widget=widget, day=_today()).first() or Usage()
    return {budget: getattr(usage, column) for budget, column in DAILY.items()}


def _today() -> date:
    return timezone.now().astimezone(UTC).date()


def _until_tomorrow() -> float:
    now = timezone.now().astimezone(UTC)
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
    return max(1.0, round((midnight - now).total_seconds(), 1))


def _locked(widget: Widget) -> Usage:
    usage, _ = Usage.objects.get_or_create(widget=widget, day=_today())
    return Usage.objects.select_for_update().get(pk=usage.pk)


def _spend(widget: Widget, usage: Usage, **amounts: int) -> None:
    """Add to what is used, unless it would be more than there is. Raises BudgetExhausted."""
    for budget, column in DAILY.items():
        if column in amounts:
            _check(widget, usage, budget, getattr(usage, column) + amounts[column])
    _add(widget, usage, **amounts)


def _check(widget: Widget, usage: Usage, budget: str, wanted: int) -> None:
    limit = getattr(widget.typed_budgets, budget)
    if limit and wanted > limit:
        raise BudgetExhausted(f"{budget} of {widget.slug}: {limit}", retry_after=_until_tomorrow())


def _add(widget: Widget, usage: Usage, **amounts: int) -> None:
    Usage.objects.filter(pk=usage.pk).update(
        **{column: F(column) + amount for column, amount in amounts.items()}
    )
    for budget, column in DAILY.items():
        limit = getattr(widget.typed_budgets, budget)
        before, after = getattr(usage, column), getattr(usage, column) + amounts.get(column, 0)
        if any(before < share * limit <= after for share in WARN_AT):
            told = {"budget": budget, "used": after, "limit": limit}
            record(Event.BUDGET_WARNING, widget.pk, **told)
            transaction.on_commit(partial(_warn, widget, budget, after, limit))


def _running(widget: Widget) -> int:
    running = unfinished_replies().filter(status=Status.STREAMING)
    return running.filter(conversation__widget=widget).count()


def _warn(widget: Widget, budget: str, used: int, limit: int) -> None:
    """Tell the owner: in the log, by the signal, and by mail where Django has MANAGERS."""
    name = budget.replace("_", " ")
    text = f"{name} of the widget {widget.slug}: {used} of {limit} are used up"
    logger.warning("budget: %s", text)
    budget_warning.send_robust(Widget, widget=widget, budget=budget, used=used, limit=limit)
    if settings.MANAGERS:
        # A mail server may be slow, and visitors wait for this thread.
        mail = threading.Thread(
            target=_mail,
            args=(f"Chat widget: {name} of {widget.slug}", f"{text} today (by UTC)."),
            daemon=True,
        )
        mail.start()


def _mail(subject: str, text: str) -> None:
    try:
        mail_managers(subject, text)
    except OSError as error:  # smtplib's are too
        logger.warning("budget: no mail to MANAGERS: %s", error)
