"""Conversations are kept for as long as their widget says."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from chatwidget.models import Conversation, Notice, Visitor, Webhook, Widget
from chatwidget.relay import housekeeping
from chatwidget.relay.housekeeping import Housekeeping
from chatwidget.relay.relay import Relay
from chatwidget.transcripts import retention
from tests.stored import a_conversation, a_widget

pytestmark = pytest.mark.django_db


def aged(widget: Widget, days: int, **fields: Any) -> Conversation:
    at = timezone.now() - timedelta(days=days, hours=1)
    return a_conversation(widget, "hi", at=at, **fields)


def test_what_is_older_than_its_widget_keeps_it() -> None:
    short, ever = a_widget("short", keep_days=30), a_widget("ever")
    old, young = aged(short, 30), aged(short, 29)
    stays = aged(ever, 4000)
    hook = Webhook(url="https://hooks.example/")
    hook.make_secret()
    hook.save()
    Notice.objects.create(event="reply.failed", webhook=hook, body="{}", conversation=old)
    assert retention.erase_overdue() is False
    assert set(Conversation.objects.all()) == {young, stays}
    assert set(Visitor.objects.all()) == {young.visitor, stays.visitor}
    assert not Notice.objects.exists()
    assert retention.erased_so_far(short) == 1
    assert retention.erased_so_far(ever) == 0


def test_a_visitor_who_came_back_stays() -> None:
    widget = a_widget(keep_days=30)
    visitor = Visitor.objects.create(widget=widget)
    aged(widget, 50, visitor=visitor)
    again = aged(widget, 1, visitor=visitor)
    retention.erase_overdue()
    assert list(Conversation.objects.all()) == [again]
    assert list(Visitor.objects.all()) == [visitor]


def test_a_batch_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    widget = a_widget(keep_days=1)
    for days in range(2, 7):
        aged(widget, days)
    left = []
    more = True
    while more:
        more = retention.erase_overdue()
        left.append(Conversation.objects.count())
    assert left == [3, 1, 0]
    assert retention.erased_so_far(widget) == 5


@pytest.mark.django_db(transaction=True)
async def test_the_workers_do_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a pause while there is more, then no sooner than it is time again."""
    asked: list[bool] = []
    answers = [True, True, False]
    done = asyncio.Event()

    def erase() -> bool:
        asked.append(True)
        return answers.pop(0)

    async def never(_: Housekeeping, _ticks: int) -> None:
        if not answers:
            done.set()

    monkeypatch.setattr(housekeeping, "TICK_SECONDS", 0.0)
    monkeypatch.setattr(housekeeping, "ERASE_TICKS", 1_000_000_000)
    monkeypatch.setattr(retention, "erase_overdue", erase)
    for name in ("renew_leases", "run_checks", "check_admission", "follow"):
        monkeypatch.setattr(Housekeeping, name, never)
    work = asyncio.create_task(Housekeeping(Relay()).run())
    async with asyncio.timeout(30):
        await done.wait()
    for _ in range(20):
        await asyncio.sleep(0)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    assert len(asked) == 3


def test_it_is_set_by_the_command() -> None:
    call_command("configure_widget", "shop", provider="demo", keep_days=90, verbosity=0)
    assert Widget.objects.get().keep_days == 90
    call_command("configure_widget", "shop", title="Shop", verbosity=0)
    assert Widget.objects.get().keep_days == 90
    for wrong in (-1, 1_000_000):
        with pytest.raises(CommandError):
            call_command("configure_widget", "shop", keep_days=wrong, verbosity=0)


def test_what_is_kept_is_said(admin_client: Client) -> None:
    widget = a_widget(provider="demo", keep_days=30)
    aged(widget, 31)
    hook = Webhook(url="https://hooks.example/secret-path")
    hook.make_secret()
    hook.save()
    page = admin_client.get(f"/admin/chatwidget/widget/{widget.pk}/privacy/").content.decode()
    assert "30 days after the last message" in page
    assert "Erased so far: 0. Due now: 1." in page
    assert "hooks.example;" in page and "secret-path" not in page
    retention.erase_overdue()
    form = admin_client.get(f"/admin/chatwidget/widget/{widget.pk}/change/").content.decode()
    assert "Conversations erased so far: 1." in form
    Widget.objects.update(keep_days=0)
    page = admin_client.get(f"/admin/chatwidget/widget/{widget.pk}/privacy/").content.decode()
    assert "no number of days is set" in page
