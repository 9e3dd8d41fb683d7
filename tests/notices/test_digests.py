"""Digests: once for each span of days, in the site's time zone, and caught up by one."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from unittest.mock import patch

import pytest
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from pytest_django import Settings

from chatwidget.db import run_in_db_thread
from chatwidget.models import Handover, Notice, Status, Webhook
from chatwidget.notices import mail
from chatwidget.notices.courier import Courier
from chatwidget.transcripts import digests
from tests.stored import NOON, a_conversation, a_widget

ADDRESS = "mailto:owner@example.com"


def at(text: str) -> Any:
    """The moment that it is, in UTC."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return patch.object(timezone, "now", return_value=moment)


def told() -> list[dict[str, Any]]:
    return [json.loads(notice.body)["data"] for notice in Notice.objects.order_by("id")]


@pytest.mark.parametrize(
    ("zone", "now", "day", "week"),
    [
        ("UTC", "2026-03-18T05:59:00", date(2026, 3, 17), date(2026, 3, 16)),
        ("UTC", "2026-03-18T06:00:00", date(2026, 3, 18), date(2026, 3, 16)),
        ("America/Santiago", "2026-03-18T08:59:00", date(2026, 3, 17), date(2026, 3, 16)),
        ("Asia/Tokyo", "2026-03-15T21:00:00", date(2026, 3, 16), date(2026, 3, 16)),
    ],
)
def test_due_at_six_by_the_sites_clock(
    settings: Settings, zone: str, now: str, day: date, week: date
) -> None:
    settings.TIME_ZONE = zone
    with timezone.override(None), at(now):
        assert (digests.due_until("day"), digests.due_until("week")) == (day, week)


@pytest.mark.django_db
def test_one_for_the_days_since_the_last_whoever_stores_it() -> None:
    widget = a_widget(title="The Shop")
    a_conversation(
        widget, "Where is it?", "", reply={"status": Status.FAILED, "completed_at": NOON}
    )
    waits = a_conversation(a_widget("other"), "A person, please", "One moment.")
    Handover.objects.create(conversation=waits, asked_at=NOON)
    every = Webhook.objects.create(url=ADDRESS, digest="day")
    weekly = Webhook.objects.create(url="mailto:b@example.com", digest="week", widget=widget)
    Webhook.objects.create(url="mailto:c@example.com")
    with at("2026-03-12T12:00:00"):  # a Thursday: both begin to be counted
        assert digests.store_due() == 0
    with at("2026-03-17T12:00:00"):  # nobody was there for days
        seen = list(Webhook.objects.filter(digest="day"))
        assert digests.store_due() == 2
        # Another worker looked before that.
        assert not digests._store(seen[0], seen[0].digested_until, date(2026, 3, 17))
        assert digests.store_due() == 0
    daily, of_widget = told()
    assert (daily["from"], daily["to"], daily["widget"]) == ("2026-03-12", "2026-03-16", "")
    assert (daily["conversations"], daily["messages"]) == ([2, 0], [2, 0])
    assert (daily["failed"], daily["waiting"]) == ([1, 0], 1)
    assert (of_widget["from"], of_widget["to"]) == ("2026-03-09", "2026-03-15")
    assert (of_widget["widget"], of_widget["conversations"], of_widget["waiting"]) == (
        *("shop", [1, 0], 0),
    )
    assert {notice.webhook_id for notice in Notice.objects.all()} == {every.pk, weekly.pk}


@pytest.mark.django_db
def test_what_it_says() -> None:
    widget = a_widget(title="The Shop")
    site = "https://chat.example.com/admin/"
    fields = {"digest": "day", "language": "de", "widget": widget, "site": site}
    Webhook.objects.create(url=ADDRESS, digested_until=date(2026, 3, 14), **fields)
    a_conversation(widget, "Where is it?", "There.")
    with at("2026-03-15T12:00:00"):
        digests.store_due()
    sent = mail.render(Notice.objects.select_related("webhook", "widget").get())
    assert isinstance(sent, EmailMultiAlternatives)
    assert sent.subject == "The Shop: 14. März 2026"
    html = str(sent.alternatives[0][0])
    for text in (str(sent.body), html):
        assert (
            "Unterhaltungen" in text and f"{site}chatwidget/conversation/?since=2026-03-14" in text
        )
        assert "Es wartet gerade auf eine Person" in text
    Webhook.objects.update(site="")
    plain = mail.render(Notice.objects.select_related("webhook", "widget").get())
    assert "http" not in str(plain.body)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("close_threads")
async def test_any_process_stores_and_sends_it() -> None:
    yesterday = timezone.localdate().replace(year=timezone.localdate().year - 1)
    hook = Webhook(url=ADDRESS, digest="day", digested_until=yesterday)
    await run_in_db_thread(hook.save)
    courier = Courier()
    await courier._look()
    await courier.drain()
    assert await run_in_db_thread(Notice.objects.filter(delivered_at__isnull=False).count) == 1
