"""The numbers agree with the rows that they were counted from, in every zone and on every day."""

from __future__ import annotations

import io
import random
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from chatwidget.models import (
    Conversation,
    Counted,
    DailyKeys,
    Tally,
)
from chatwidget.transcripts import counting, erasure, figures, rollups, search_index
from chatwidget.transcripts.figures import Period
from tests.environment import VARIABLES
from tests.running import run
from tests.services import Postgres
from tests.stored import a_conversation, a_widget
from tests.transcripts.rollup_cases import CASES, check_case, shown

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("zone", "first", "last"), CASES)
def test_counts_agree_with_the_rows(zone: str, first: date, last: date, seed: int) -> None:
    check_case(zone, first, last, seed)


async def test_counts_agree_on_postgresql(postgres: Postgres) -> None:
    variables = {**VARIABLES, "DATABASE_URL": await postgres.prepared()}
    code = "from tests.transcripts import rollup_cases; rollup_cases.check_all(); print('checked')"
    done = await run([sys.executable, "manage.py", "shell", "-v0", "-c", code], env=variables)
    assert done.stdout == "checked\n"


def test_twice_is_once() -> None:
    a_conversation(a_widget(), "hi", "hello")
    assert rollups.catch_up() == 1
    before = list(Tally.objects.values()), list(DailyKeys.objects.values())
    assert rollups.catch_up() == 0
    Conversation.objects.update(counted_revision=0)
    assert rollups.catch_up() == 1
    assert (list(Tally.objects.values()), list(DailyKeys.objects.values())) == before


def test_a_lively_conversation_is_counted_once_it_has_paused() -> None:
    row = a_conversation(a_widget(), "hi", "hello")
    Conversation.objects.update(last_message_at=timezone.now())
    assert rollups.catch_up(settled=True) == search_index.catch_up(settled=True) == 0
    Conversation.objects.update(last_message_at=timezone.now() - timedelta(minutes=1))
    assert rollups.catch_up(settled=True) == search_index.catch_up(settled=True) == 1
    assert row


def test_numbers_stay_when_conversations_are_erased() -> None:
    widget = a_widget()
    row = a_conversation(widget, "hi", "hello", page_url="https://a.example/")
    rollups.catch_up()
    period = Period(date(2026, 3, 14), date(2026, 3, 14), ZoneInfo("UTC"))
    before = shown(period, [widget.pk])
    erasure.erase_conversations(Conversation.objects.all(), visitors=True)
    assert not Counted.objects.exists()
    assert figures.questions(period, None, 5) == []
    assert shown(period, [widget.pk]) == before != ({}, Counter())
    rollups.rebuild()  # there is nothing left to count
    assert shown(period, [widget.pk]) == before
    assert row


def test_more_than_a_batch() -> None:
    widget = a_widget()
    for _ in range(10):
        a_conversation(widget, "hi", "hello")
    assert rollups.catch_up(4, size=3) == 6  # whole batches
    assert rollups.catch_up(size=3) == 4
    period = Period(date(2026, 3, 14), date(2026, 3, 14), ZoneInfo("UTC"))
    assert figures.total(period, None)["conversations"] == 10


def test_questions_of_the_same_words_are_one() -> None:
    widget = a_widget()
    at = datetime(2026, 3, 14, 12, tzinfo=UTC)
    for number, text in enumerate(
        ["Where is my order?", "my order: where is", "WHERE is my  órder", "Hello", "…"]
    ):
        a_conversation(widget, text, "Here", at=at + timedelta(hours=number))
    rollups.catch_up()
    period = Period(date(2026, 3, 14), date(2026, 3, 14), ZoneInfo("UTC"))
    found = figures.questions(period, [widget.pk], 5)
    assert [(each.text, each.count) for each in found] == [("WHERE is my  órder", 3), ("Hello", 1)]
    assert figures.questions(period, [], 5) == []
    assert [each.count for each in figures.questions(period, None, 1)] == [3]


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_percentiles(share: float) -> None:
    dice = random.Random(4)
    times = sorted(int(dice.lognormvariate(7, 0.8)) for _ in range(4000))
    lanes = Counter(rollups.LANES[f"first {counting.bin_of(each)}"] for each in times)
    sums = figures.Sums(sum(count << 32 * lane for lane, count in lanes.items()))
    exact = times[int(share * len(times))]
    assert sums.percentile("first", share) == pytest.approx(exact, rel=0.03)
    assert sums.percentile("whole", share) is None


@pytest.mark.parametrize("milliseconds", [0, 1, 10, 12, 13, 999, 300_000, 10**9])
def test_each_time_has_a_bin(milliseconds: int) -> None:
    number = counting.bin_of(milliseconds)
    assert number == 0 or counting.BINS[number] <= milliseconds * 1.0000001
    assert number == len(counting.BINS) - 1 or milliseconds < figures.BIN_ENDS[number] * 1.0000001


def test_a_site_without_zones(settings: Settings) -> None:
    """Its times are stored as its own clock shows them."""
    settings.USE_TZ, settings.TIME_ZONE = False, "Asia/Kathmandu"
    widget = a_widget()
    a_conversation(widget, "hi", "hello", at=datetime(2026, 3, 14, 0, 5))
    rollups.catch_up()
    zone = timezone.get_default_timezone()
    day = figures.read(Period(date(2026, 3, 14), date(2026, 3, 14), zone), "hour", None)
    assert [name for name, sums in day.steps if sums["conversations"]] == ["2026-03-14 00:00"]


def test_the_period_before() -> None:
    period = Period(date(2026, 3, 10), date(2026, 3, 16), ZoneInfo("Europe/Berlin"))
    before = period.before
    assert (before.first, before.last, before.days) == (date(2026, 3, 3), date(2026, 3, 9), 7)
    assert before.starts[-1] == period.starts[0]


def test_the_command() -> None:
    a_conversation(a_widget(), "hi", "hello")
    rollups.catch_up()
    Tally.objects.update(counts=b"\xff\xff")
    out = io.StringIO()
    call_command("rebuild_numbers", stdout=out)
    assert out.getvalue() == "Counted 1 conversations.\n"
    period = Period(date(2026, 3, 14), date(2026, 3, 14), ZoneInfo("UTC"))
    assert figures.total(period, None)["conversations"] == 1
