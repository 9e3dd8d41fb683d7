"""Random conversations whose numbers are counted twice: by what is kept, and from the rows."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from chatwidget import transcripts
from chatwidget.models import Conversation, Counted, Message, Role, Status, Visitor, Widget
from chatwidget.transcripts import counting, figures, rollups
from chatwidget.transcripts.figures import Period
from tests.stored import a_widget

# The last of October 2026 has 25 hours in Berlin, the 18th of February 2018 in São Paulo as well,
# where the 4th of November 2018 begins at one o'clock. Kathmandu is 5:45 before UTC.
CASES = [
    ("UTC", date(2026, 10, 24), date(2026, 10, 26)),
    ("Europe/Berlin", date(2026, 10, 23), date(2026, 10, 27)),
    ("Europe/Berlin", date(2026, 3, 28), date(2026, 3, 30)),
    ("America/Sao_Paulo", date(2018, 11, 2), date(2018, 11, 5)),
    ("America/Sao_Paulo", date(2018, 2, 16), date(2018, 2, 18)),
    ("Asia/Kathmandu", date(2026, 5, 1), date(2026, 5, 3)),
    ("Australia/Lord_Howe", date(2026, 10, 3), date(2026, 10, 5)),
]
PAGES = ("", "https://a.example/", "https://a.example/cart?x=1#y", "https://a.example/cart")
CODES = ("provider_timeout", "provider_unavailable")


def some_conversation(dice: random.Random, widget: Widget, at: datetime) -> Conversation:
    visitor = Visitor.objects.create(widget=widget)
    count = dice.randint(1, 4)
    row = Conversation.objects.create(
        widget=widget,
        visitor=visitor,
        page_url=dice.choice(PAGES),
        locale=dice.choice(("", "de", "de-AT", "pt-BR")),
        last_seq=2 * count,
        revision=2 * count,
    )
    Conversation.objects.filter(pk=row.pk).update(started_at=at)
    messages = []
    for seq in range(1, 2 * count + 1):
        reply: dict[str, Any] = {"role": Role.USER, "status": Status.COMPLETE}
        if seq % 2 == 0:
            status = dice.choice(list(Status))
            has_failed = status in (Status.FAILED, Status.INTERRUPTED)
            reply = {
                "role": Role.ASSISTANT,
                "status": status,
                "error_code": dice.choice(CODES) if has_failed else "",
                "rating": dice.choice((0, 0, 1, -1)),
                "first_chunk_ms": None if has_failed else dice.randint(1, 90_000),
                "total_ms": dice.randint(90_000, 200_000),
            }
        text = dice.choice(("", "Where is it?", "é" * 5, "Désolé, I do not  know!"))
        messages.append(
            Message(conversation=row, visitor=visitor, seq=seq, text=text, created_at=at, **reply)
        )
        at += timedelta(minutes=dice.choice((0, 3, 55, 700)))
    Message.objects.bulk_create(messages)
    return row


def expected(period: Period, widgets: list[int]) -> tuple[dict[str, Counter[str]], Counter[str]]:
    """Counted by the day, and by page, language and failure, the plain way."""
    by_day: dict[str, Counter[str]] = {}
    keys: Counter[str] = Counter()

    def count(at: datetime, what: str, amount: int = 1) -> None:
        day = at.astimezone(period.zone).date()
        if amount and period.first <= day <= period.last:
            by_day.setdefault(day.isoformat(), Counter())[what] += amount

    for row in Conversation.objects.filter(widget__in=widgets):
        count(row.started_at, "conversations")
        if period.first <= row.started_at.astimezone(period.zone).date() <= period.last:
            keys[f"page {counting.page_of(row.page_url)}"] += 1
            keys[f"language {row.locale[:2]}"] += 1
    for message in Message.objects.filter(conversation__widget__in=widgets):
        at = message.created_at
        if message.role == Role.USER:
            count(at, "questions")
            count(at, "characters", len(message.text))
        elif message.status not in ("pending", "streaming"):
            count(at, "replies")
            count(at, message.status)
            count(at, "good", message.rating == 1)
            count(at, "bad", message.rating == -1)
            is_lost = message.status in (Status.FAILED, Status.INTERRUPTED)
            count(at, "no_answer", is_lost or message.text in ("", "Désolé, I do not  know!"))
            if message.error_code:
                day = at.astimezone(period.zone).date()
                keys[f"error demo {message.error_code}"] += period.first <= day <= period.last
    return by_day, +keys


NAMES = (
    *("conversations", "questions", "characters", "replies", "good", "bad", "no_answer"),
    *("complete", "stopped", "failed", "interrupted"),
)


def shown(period: Period, widgets: list[int]) -> tuple[dict[str, Counter[str]], Counter[str]]:
    found = figures.read(period, "day", widgets)
    by_day = {day: +Counter({name: sums[name] for name in NAMES}) for day, sums in found.steps}
    kinds = figures.keys(period, widgets)
    keys = Counter({f"{kind} {key}": n for kind, of in kinds.items() for key, n in of.items()})
    return {day: counts for day, counts in by_day.items() if counts}, keys


def check(period: Period, *widgets: Widget) -> None:
    ids = [widget.pk for widget in widgets]
    assert shown(period, ids) == expected(period, ids)
    found = figures.read(period, "day", ids)
    assert sum(found.week.values()) == found.total["conversations"]
    by_week: Counter[tuple[int, int]] = Counter()
    for row in Conversation.objects.filter(widget__in=ids):
        at = row.started_at.astimezone(period.zone)
        if period.first <= at.date() <= period.last:
            by_week[at.weekday(), at.hour] += 1
    if period.zone.key != "Australia/Lord_Howe":  # type: ignore[attr-defined]
        assert found.week == dict(by_week)
    for by in ("hour", "week", "month"):
        parts = figures.read(period, by, ids)
        assert parts.total == found.total == figures.total(period, ids)
        assert sum((sums for _, sums in parts.steps), figures.Sums()) == found.total


def check_case(zone: str, first: date, last: date, seed: int) -> None:
    """With widgets of its own: there may be others."""
    dice = random.Random(f"{zone} {first} {seed}")
    phrases = ["I DO NOT  know", " "]
    shop, other = (
        a_widget(f"{name}-{Widget.objects.count()}", no_answer=phrases)
        for name in ("shop", "other")
    )
    period = Period(first, last, ZoneInfo(zone))
    begin = datetime.combine(first, datetime.min.time(), UTC) - timedelta(days=1)
    span = (period.days + 2) * 24 * 60
    rows = [
        some_conversation(
            dice, dice.choice((shop, other)), begin + timedelta(minutes=dice.randrange(span))
        )
        for _ in range(25)
    ]
    rollups.catch_up()
    check(period, shop)
    check(period, shop, other)
    # What changes is taken back and counted again.
    for row in dice.sample(rows, 8):
        reply = dice.choice(list(row.messages.filter(role=Role.ASSISTANT)))
        reply.rating, reply.status = dice.choice((0, 1, -1)), dice.choice(list(Status))
        reply.created_at += timedelta(minutes=dice.randrange(600))
        reply.save()
        Conversation.objects.filter(pk=row.pk).update(revision=row.revision + 1)
    transcripts.record_page(rows[0].pk, "https://a.example/moved", "")
    rollups.catch_up()
    check(period, shop)
    check(period, other)
    counted = [list(model.objects.order_by("pk").values()) for model in (Counted,)]
    before = shown(period, [shop.pk, other.pk])
    rollups.rebuild()
    assert shown(period, [shop.pk, other.pk]) == before
    assert [list(model.objects.order_by("pk").values()) for model in (Counted,)] == counted


def check_all() -> None:
    for case in CASES:
        check_case(*case, seed=0)
