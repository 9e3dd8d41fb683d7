"""Budgets by themselves: days, warnings, mails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import django
import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import transaction
from pytest_django import Settings

from chatwidget.errors import BudgetExhausted
from chatwidget.models import Usage, Widget
from chatwidget.signals import budget_warning
from chatwidget.transcripts import budgets
from chatwidget.widgets.validation import store_budgets
from tests.stored import a_widget

pytestmark = pytest.mark.django_db

Capture = Callable[..., Any]


def widget_with(**given: int) -> Widget:
    return a_widget(budgets=store_budgets(given))


def consume(widget: Widget, characters: int = 1) -> None:
    with transaction.atomic():
        budgets.consume_message(widget, characters, runs=False)


def test_a_day_ends_at_midnight_utc() -> None:
    widget = widget_with(daily_messages=1)
    late = datetime(2026, 3, 14, 23, 59, 30, tzinfo=UTC)
    with patch("django.utils.timezone.now", return_value=late):
        consume(widget)
        with pytest.raises(BudgetExhausted) as refused:
            consume(widget)
        assert refused.value.retry_after == 30
    with patch("django.utils.timezone.now", return_value=late + timedelta(seconds=31)):
        consume(widget)
    assert Usage.objects.count() == 2


def test_without_budgets_nothing_is_counted() -> None:
    consume(a_widget())
    budgets.record_seconds(a_widget("other"), 5000)
    assert budgets.consume_greeting(Widget.objects.get(slug="other"))
    assert not Usage.objects.exists()


def test_what_is_refused_is_not_counted() -> None:
    widget = widget_with(daily_messages=2, daily_characters=10)
    consume(widget, 8)
    with pytest.raises(BudgetExhausted):
        consume(widget, 3)
    assert budgets.used_today(widget) == {
        "daily_messages": 1,
        "daily_characters": 8,
        "daily_seconds": 0,
        "daily_greetings": 0,
    }


def test_the_owner_is_told_at_80_percent_and_at_the_end(
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Capture,
) -> None:
    # From 6.0 on an address alone, before that with a name.
    owner = "owner@shop.example"
    settings.MANAGERS = [owner] if django.VERSION >= (6, 0) else [("Owner", owner)]
    widget = widget_with(daily_messages=10)
    told = []

    def note(sender: object, **fields: Any) -> None:
        told.append((fields["budget"], fields["used"], fields["limit"]))

    budget_warning.connect(note)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            for _ in range(10):
                consume(widget)
    finally:
        budget_warning.disconnect(note)
    assert told == [("daily_messages", 8, 10), ("daily_messages", 10, 10)]
    assert caplog.text.count("budget: daily messages of the widget shop") == 2
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.daemon and "mail" in thread.name:
            thread.join()
    assert {sent.subject for sent in mail.outbox} <= {
        "[Django] Chat widget: daily messages of shop"
    }


def test_budgets_are_whole_numbers() -> None:
    assert store_budgets({"daily_messages": "7", "max_running": 0}) == {"daily_messages": 7}
    for given in ({"daily_messages": -1}, {"daily_messages": "many"}, {"weekly": 1}):
        with pytest.raises(ValidationError):
            store_budgets(given)
