"""The numbers, kept as counts: so that a year of them is read in an instant.

They follow `Conversation.revision`, as the search index does: what has changed since
`counted_revision` is counted once more, by the housekeeping and before the numbers are shown, and
what it was counted as before (`Counted`) is taken back. So to store a message costs nothing more.

What is counted belongs to a quarter of an hour by UTC, since every time zone's days begin with one,
and is kept by the hour too, which are enough for most zones. `figures` reads it.
"""

from __future__ import annotations

import struct
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, QuerySet, TextField, Value, When
from django.db.models.functions import Length, Substr

from chatwidget.db import let_others_write
from chatwidget.models import Conversation, Counted, DailyKeys, Message, Role, Status, Tally, Widget
from chatwidget.transcripts import batches
from chatwidget.transcripts.counting import (
    ANSWER,
    BINS,
    EPOCH,
    FIELDS,
    QUARTER,
    QUESTION,
    Counting,
    counts_of,
    minute,
    question_of,
    spaced,
)

HOUR, DAY = 60, 1440  # minutes
SPANS = (QUARTER, HOUR)
# Kinds of which there may be any number; all else has a lane.
KEYS = ("page", "language", "error")
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


# Conversations that are counted before the numbers are looked at.
AT_A_LOOK = 1000
# Of a widget's conversations, the newest that are counted anew where its phrases have changed.
RECOUNTED = 5_000


def uncounted() -> QuerySet[Conversation]:
    """The conversations that have changed since they were counted; as the partial index says it."""
    return Conversation.objects.filter(revision__gt=F("counted_revision"))


def catch_up(most: int = 1_000_000, **how: Any) -> int:
    """Count what has changed; the number of conversations. `how`: as `batches` says."""
    return batches.catch_up(uncounted, _count_batch, most, **how)


def count_anew(widget: Widget) -> None:
    """Have the newest of a widget's conversations counted once more: its phrases have changed.

    Until then they stay counted as they were. All of them would be a write to most of a table.
    """
    rows = Conversation.objects.filter(widget=widget).order_by("-last_message_at", "-pk")
    newest = list(rows.values_list("pk", flat=True)[:RECOUNTED])
    Conversation.objects.filter(pk__in=newest).update(counted_revision=0)


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
    began = time.monotonic()
    while done := catch_up(batches.BATCH):
        progress(done)
        began = let_others_write(began)


# --- counting ---------------------------------------------------------------------------------


def _count_batch(found: list[UUID]) -> None:
    rows = Conversation.objects.in_bulk(found)
    widgets = {
        pk: Counting(platform, [each for each in map(spaced, phrases) if each])
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
    for message in messages.values(*FIELDS):
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
                unanswered=any(what.endswith(" no_answer") for what in counts),
            )
        )
    before.delete()
    Counted.objects.bulk_create(new)
    for widget in sorted(changes):
        _add(widget, {what: amount for what, amount in changes[widget].items() if amount})
    # They are locked: no other revision has come meanwhile.
    Conversation.objects.filter(pk__in=rows).update(counted_revision=F("revision"))


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
