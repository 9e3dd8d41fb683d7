"""The numbers, kept as counts: so that a year of them is read in an instant.

They follow `Conversation.revision`, as the search index does: what has changed since
`counted_revision` is counted once more, by the housekeeping and before the numbers are shown, and
what it was counted as before (`Counted`) is taken back. So to store a message costs nothing more.

What is counted belongs to a quarter of an hour by UTC, since every time zone's days begin with one,
and is kept by the hour too, which are enough for most zones. `figures` reads it.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Case, F, QuerySet, TextField, Value, When
from django.db.models.functions import Length, Substr
from django.utils import timezone

from chatwidget.models import (
    UNFINISHED,
    Conversation,
    Counted,
    DailyKeys,
    Message,
    Role,
    Status,
    Tally,
    Widget,
)
from chatwidget.transcripts import batches
from chatwidget.transcripts.folding import fold, words
from chatwidget.transcripts.locking import row_lock

QUARTER, HOUR, DAY = 15, 60, 1440  # minutes
SPANS = (QUARTER, HOUR)
# Kinds of which there may be any number; all else has a lane.
KEYS = ("page", "language", "error")
# Milliseconds at which the bins of times begin: each is a quarter longer than the one before.
BINS = tuple(10 * 1.25**number for number in range(47))
LANES = {
    name: number
    for number, name in enumerate(
        [
            *("conversations", "questions", "characters", "operator"),
            *("replies", "reply_characters", "seconds", "good", "bad", "no_answer"),
            *Status.values,
            *(f"{kind} {number}" for kind in ("first", "whole") for number in range(len(BINS))),
        ]
    )
}
_LAYOUT = struct.Struct(f"<{len(LANES)}I")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Of a text, what is looked at to tell a question from another.
QUESTION = 500
# Of a reply, what is looked at for the phrases by which it is no answer.
ANSWER = 2000


def uncounted() -> QuerySet[Conversation]:
    """The conversations that have changed since they were counted; as the partial index says it."""
    return Conversation.objects.filter(revision__gt=F("counted_revision"))


def catch_up(most: int = 1_000_000, **how: Any) -> int:
    """Count what has changed; the number of conversations. `how`: as `batches` says."""
    return batches.catch_up(uncounted(), _count_batch, most, **how)


def rebuild(progress: Callable[[int], Any] = lambda conversations: None) -> None:
    """Count again all that is there. Days before the oldest conversation stay as they are."""
    oldest = (
        Conversation.objects.order_by("started_at").values_list("started_at", flat=True).first()
    )
    with transaction.atomic():
        if oldest is not None:
            day = minute(oldest) // DAY * DAY
            Tally.objects.filter(start__gte=day).delete()
            DailyKeys.objects.filter(day__gte=_date(day)).delete()
        Counted.objects.all().delete()
        Conversation.objects.filter(counted_revision__gt=0).update(counted_revision=0)
    while done := catch_up(batches.BATCH):
        progress(done)


def minute(moment: datetime) -> int:
    """Whole minutes since 1970, by UTC."""
    aware = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
    return (aware - EPOCH) // timedelta(minutes=1)


def bin_of(milliseconds: int) -> int:
    return min(max(int(math.log(max(milliseconds, 1) / BINS[0], 1.25)), 0), len(BINS) - 1)


# --- what a conversation counts as ------------------------------------------------------------

_READ = (
    *("conversation_id", "role", "status", "created_at", "first_chunk_ms", "total_ms"),
    *("error_code", "rating", "length", "beginning", "seq"),
)


@dataclass(frozen=True, slots=True)
class Counting:
    """What has to be known of a widget to count its conversations."""

    platform: str
    phrases: tuple[str, ...]  # folded

    def is_no_answer(self, text: str) -> bool:
        folded = fold(text) if self.phrases else ""
        return any(phrase in folded for phrase in self.phrases)


def counts_of(
    conversation: Conversation, widget: Counting, messages: Iterable[dict[str, Any]]
) -> Counter[str]:
    """By the quarter of an hour and what happened: {"29384955 replies": 1}."""
    found: Counter[str] = Counter()

    def count(at: datetime, what: str, amount: int = 1) -> None:
        found[f"{minute(at) // QUARTER * QUARTER} {what}"] += amount

    began = conversation.started_at
    count(began, "conversations")
    count(began, f"page {page_of(conversation.page_url)}")
    count(began, f"language {conversation.locale.partition('-')[0].lower()}")
    for message in messages:
        at, role, status = message["created_at"], message["role"], message["status"]
        if role == Role.USER:
            count(at, "questions")
            count(at, "characters", message["length"])
        elif role == "operator":
            count(at, "operator")
        elif role == Role.ASSISTANT and message["seq"] > 1 and status not in UNFINISHED:
            count(at, "replies")
            count(at, status)
            count(at, "reply_characters", message["length"])
            if message["rating"]:
                count(at, "good" if message["rating"] > 0 else "bad")
            is_lost = status in (Status.FAILED, Status.INTERRUPTED) or not message["length"]
            if is_lost or widget.is_no_answer(message["beginning"]):
                count(at, "no_answer")
            if message["error_code"]:
                count(at, f"error {widget.platform} {message['error_code']}")
            if message["first_chunk_ms"] is not None:
                count(at, f"first {bin_of(message['first_chunk_ms'])}")
            if message["total_ms"] is not None:
                count(at, "seconds", math.ceil(message["total_ms"] / 1000))
                if status == Status.COMPLETE:
                    count(at, f"whole {bin_of(message['total_ms'])}")
    return +found


def page_of(url: str) -> str:
    """A page without what differs from visitor to visitor."""
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path or '/'}"[:200] if url else ""


def question_of(text: str) -> int | None:
    """The same number for questions of the same words, however they are written and ordered."""
    found = " ".join(sorted(set(words(text))))
    if not found:
        return None
    digest = hashlib.blake2b(found.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


# --- counting ---------------------------------------------------------------------------------


@transaction.atomic
def _count_batch(behind: QuerySet[Conversation], size: int) -> int:
    skips = connection.features.has_select_for_update_skip_locked
    rows = {row.pk: row for row in row_lock(behind, skip_locked=skips)[:size]}
    if not rows:
        return 0
    widgets = {
        pk: Counting(platform, tuple(fold(each) for each in phrases if each.strip()))
        for pk, platform, phrases in Widget.objects.values_list("pk", "provider", "no_answer")
    }
    phrased = [pk for pk, widget in widgets.items() if widget.phrases]
    beginning = Case(
        When(seq__lte=2, role=Role.USER, then=Substr("text", 1, QUESTION)),
        When(role=Role.ASSISTANT, conversation__widget__in=phrased, then=Substr("text", 1, ANSWER)),
        default=Value(""),
        output_field=TextField(),
    )
    messages = Message.objects.filter(conversation__in=rows).order_by("conversation", "seq")
    messages = messages.annotate(length=Length("text"), beginning=beginning)
    of_each: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for message in messages.values(*_READ):
        of_each[message["conversation_id"]].append(message)
    before = Counted.objects.filter(conversation__in=rows)
    changes: dict[int, Counter[str]] = defaultdict(Counter)
    for counted in before:
        changes[counted.widget_id].subtract(counted.counts)
    new = []
    for pk, row in rows.items():
        counts = counts_of(row, widgets[row.widget_id], of_each[pk])
        changes[row.widget_id].update(counts)
        asked = (each["beginning"] for each in of_each[pk] if each["role"] == Role.USER)
        new.append(
            Counted(
                conversation=row,
                widget_id=row.widget_id,
                start=minute(row.started_at),
                question=question_of(next(asked, "")),
                counts=counts,
            )
        )
    before.delete()
    Counted.objects.bulk_create(new)
    for widget in sorted(changes):
        _add(widget, {what: amount for what, amount in changes[widget].items() if amount})
    # They are locked: no other revision has come meanwhile.
    Conversation.objects.filter(pk__in=rows).update(counted_revision=F("revision"))
    return len(rows)


def _add(widget: int, amounts: dict[str, int]) -> None:
    """Add to a widget's counts, or take away from them."""
    lanes: dict[tuple[int, int], dict[int, int]] = defaultdict(Counter)  # by span and start
    keys: dict[int, dict[str, int]] = defaultdict(Counter)  # by day
    for what, amount in amounts.items():
        at, name = what.split(" ", 1)
        quarter = int(at)
        if name.split(" ", 1)[0] in KEYS:
            keys[quarter // DAY][f"{quarter % DAY // QUARTER} {name}"] += amount
        else:
            for span in SPANS:
                lanes[span, quarter // span * span][LANES[name]] += amount
    for span in SPANS:
        starts = {start: changes for (each, start), changes in lanes.items() if each == span}
        _add_lanes(widget, span, starts)
    _add_keys(widget, {_date(number * DAY): changes for number, changes in keys.items()})


def _add_lanes(widget: int, span: int, starts: dict[int, dict[int, int]]) -> None:
    rows = _locked(Tally, widget, "start", starts, span=span, counts=b"")
    for row in rows:
        counts = list(_LAYOUT.unpack(bytes(row.counts).ljust(_LAYOUT.size, b"\0")))
        for lane, amount in starts[row.start].items():
            counts[lane] = max(counts[lane] + amount, 0)
        row.counts = _LAYOUT.pack(*counts).rstrip(b"\0")
    Tally.objects.bulk_update(rows, ["counts"], batch_size=100)


def _add_keys(widget: int, days: dict[Any, dict[str, int]]) -> None:
    rows = _locked(DailyKeys, widget, "day", days)
    for row in rows:
        for what, amount in days[row.day].items():
            _, name = what.split(" ", 1)
            for counts, key in ((row.quarters, what), (row.totals, name)):
                counts[key] = counts.get(key, 0) + amount
                if counts[key] <= 0:
                    del counts[key]
    DailyKeys.objects.bulk_update(rows, ["totals", "quarters"], batch_size=100)


def _locked(model: Any, widget: int, field: str, values: Iterable[Any], **fields: Any) -> list[Any]:
    """The rows of these values, made where there are none, and locked in one order by all."""
    values = sorted(values)
    theirs = {"widget_id": widget, **{name: fields[name] for name in fields if name != "counts"}}
    found = model.objects.filter(**theirs, **{f"{field}__in": values})
    there = set(found.values_list(field, flat=True))
    new = [
        model(widget_id=widget, **fields, **{field: each}) for each in values if each not in there
    ]
    model.objects.bulk_create(new, ignore_conflicts=True)
    return list(found.select_for_update().order_by(field))


def _date(minutes: int) -> Any:
    return (EPOCH + timedelta(minutes=minutes)).date()
