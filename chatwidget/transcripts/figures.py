"""Reads what `rollups` has counted: any days, in any time zone, as a series and as a whole.

A row's counts are read as one large number, whose digits are the lanes: so to add up a year's rows
costs one addition each.
"""

from __future__ import annotations

import struct
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from uuid import UUID

from django.db.models import Count, Max, OuterRef, Subquery
from django.db.models.functions import Substr

from chatwidget.models import Counted, DailyKeys, Message, Role, Tally
from chatwidget.transcripts.counting import BINS, EPOCH, QUARTER, minute
from chatwidget.transcripts.raw_rows import binary_rows
from chatwidget.transcripts.rollups import DAY, HOUR, LANES

LANE_BITS = 32
LANE = (1 << LANE_BITS) - 1
_BINS = struct.Struct(f"<{len(BINS)}I")
# Conversations whose first questions are compared, and code points of one that is shown.
LOOKED_AT = 20_000
LONGEST = 300
# Until the end of its last one.
BIN_ENDS = (*BINS[1:], BINS[-1] * 1.25)


@dataclass(frozen=True, slots=True)
class Sums:
    """What happened in some span of time: how often, and how quickly."""

    lanes: int = 0  # one number, as `Tally.counts` holds it

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.lanes + other.lanes)

    def __getitem__(self, name: str) -> int:
        return self.lanes >> LANES[name] * LANE_BITS & LANE

    def percentile(self, kind: str, share: float) -> float | None:
        """Milliseconds that this share of all took at the most, as well as the bins tell it."""
        lanes = self.lanes >> LANES[f"{kind} 0"] * LANE_BITS & (1 << len(BINS) * LANE_BITS) - 1
        counts = _BINS.unpack(lanes.to_bytes(_BINS.size, "little"))
        if not (whole := sum(counts)):
            return None
        wanted, before = share * whole, 0
        for number, count in enumerate(counts):
            if count and before + count >= wanted:
                within = (wanted - before) / count
                return float(BINS[number] * (BIN_ENDS[number] / BINS[number]) ** within)
            before += count
        return float(BIN_ENDS[-1])  # pragma: no cover


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in a time zone, the last included."""

    first: date
    last: date
    zone: tzinfo

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Period:
        """As many days, just before."""
        days = timedelta(days=self.days)
        return Period(self.first - days, self.last - days, self.zone)

    def start_of(self, day: date) -> int:
        """The minute with which a day begins: where summer time skips midnight, the first of it."""
        return minute(datetime.combine(day, time(), self.zone))

    @property
    def starts(self) -> Sequence[int]:
        """The minutes with which its days begin, and the one after the last ends."""
        return _starts(self)

    def steps(self, by: str) -> list[tuple[str, int]]:
        """What a series goes by, each with its name and the minute with which it begins; last, the
        end. Hours, days, weeks (from Monday on) or months; the first and the last may be cut."""
        found: list[tuple[str, int]] = []
        for number, start in enumerate(self.starts[:-1]):
            day = self.first + timedelta(number)
            if by == "hour":
                end = self.start_of(day + timedelta(1))
                for at in range(start, end, HOUR):
                    found.append((self._local(at).strftime("%Y-%m-%d %H:%M"), at))
            elif by == "day" or not found or _begins(by, day):
                found.append((day.isoformat(), start))
        return [*found, ("", self.starts[-1])]

    def _local(self, at: int) -> datetime:
        return (EPOCH + timedelta(minutes=at)).astimezone(self.zone)

    def hours(self) -> list[int]:
        """Of each of its quarters of an hour, in which of the week's hours it is, from Monday's
        first on."""
        found: list[int] = []
        for number, (start, end) in enumerate(pairwise(self.starts)):
            day = (self.first.weekday() + number) % 7 * 24
            if end - start == DAY:
                found += _DAYS[day]
            else:  # the clock was changed
                found += [day + self._local(at).hour for at in range(start, end, QUARTER)]
        return found


@lru_cache(maxsize=16)
def _starts(period: Period) -> Sequence[int]:
    days = range(period.days + 1)
    return tuple(period.start_of(period.first + timedelta(number)) for number in days)


# By its first hour of the week, the hours of a day's quarters.
_DAYS = {
    day: [day + hour for hour in range(24) for _ in range(HOUR // QUARTER)]
    for day in range(0, 7 * 24, 24)
}


def _begins(by: str, day: date) -> bool:
    return day.weekday() == 0 if by == "week" else day.day == 1


@dataclass(frozen=True, slots=True)
class Figures:
    """What the numbers of a period are."""

    period: Period
    steps: list[tuple[str, Sums]]
    widgets: dict[int, Sums]
    week: dict[tuple[int, int], int]  # conversations by the day, from Monday on, and the hour

    @property
    def total(self) -> Sums:
        return Sums(sum(sums.lanes for _, sums in self.steps))


def read(period: Period, by: str, widgets: Sequence[int] | None) -> Figures:
    """The numbers of these widgets; None: of all."""
    steps, starts = period.steps(by), period.starts
    edges = [at for _, at in steps]
    step_of: list[int] = []  # of each quarter of an hour
    for number, (start, end) in enumerate(pairwise(edges)):
        step_of += [number] * ((end - start) // QUARTER)
    hour_of, first = period.hours(), starts[0]
    sums, week = [0] * (len(steps) - 1), [0] * (7 * 24)
    of_each: defaultdict[int, int] = defaultdict(int)
    bits = LANES["conversations"] * LANE_BITS
    for at, widget, lanes in _rows(period, starts, edges, widgets):
        quarter = (at - first) // QUARTER
        sums[step_of[quarter]] += lanes
        of_each[widget] += lanes
        week[hour_of[quarter]] += lanes >> bits & LANE
    named = [(name, Sums(lanes)) for (name, _), lanes in zip(steps, sums, strict=False)]
    by_widget = {widget: Sums(lanes) for widget, lanes in of_each.items()}
    by_hour = {divmod(hour, 24): count for hour, count in enumerate(week) if count}
    return Figures(period, named, by_widget, by_hour)


def total(period: Period, widgets: Sequence[int] | None) -> Sums:
    starts = period.starts
    return Sums(sum(lanes for _, _, lanes in _rows(period, starts, starts, widgets)))


def _rows(
    period: Period, starts: Sequence[int], edges: Sequence[int], widgets: Sequence[int] | None
) -> Iterator[tuple[int, int, int]]:
    """Each row's start, widget and counts, in any order: PostgreSQL would sort a year's on disk.

    Hours are enough where all days and steps begin with one.
    """
    span = QUARTER if any(start % HOUR for start in (*starts, *edges)) else HOUR
    rows = Tally.objects.filter(span=span, start__gte=starts[0], start__lt=starts[-1])
    if widgets is not None:
        rows = rows.filter(widget__in=widgets)
    fields = ("start", "widget_id", "counts")
    for at, widget, counts in binary_rows(rows.order_by().values_list(*fields)):
        yield at, widget, int.from_bytes(counts, "little")


def keys(period: Period, widgets: Sequence[int] | None) -> dict[str, Counter[str]]:
    """How often each page, language and failure occurred: {"page": {"/cart": 3}}."""
    first, *_, end = period.starts
    rows = DailyKeys.objects.filter(day__gte=_day(first), day__lte=_day(end - 1)).order_by()
    if widgets is not None:
        rows = rows.filter(widget__in=widgets)
    found: Counter[str] = Counter()
    whole = rows.filter(day__gte=_day(first + DAY - 1), day__lt=_day(end))
    for totals in whole.values_list("totals", flat=True):
        found.update(totals)
    # The days by UTC that the first and the last one here share with their neighbours.
    for day in {_day(first), _day(end)}:
        at = (day - EPOCH.date()).days * DAY
        if first <= at and at + DAY <= end:
            continue
        for quarters in rows.filter(day=day).values_list("quarters", flat=True):
            for what, amount in quarters.items():
                quarter, name = what.split(" ", 1)
                if first <= at + int(quarter) * QUARTER < end:
                    found[name] += amount
    by_kind: dict[str, Counter[str]] = {
        "page": Counter(),
        "language": Counter(),
        "error": Counter(),
    }
    for name, amount in found.items():
        kind, _, value = name.partition(" ")
        by_kind[kind][value] += amount
    return by_kind


def _day(at: int) -> date:
    return (EPOCH + timedelta(minutes=at)).date()


@dataclass(frozen=True, slots=True)
class Question:
    """A first question as it was put last, and how often."""

    text: str
    conversation: UUID
    count: int


def questions(period: Period, widgets: Sequence[int] | None, most: int) -> list[Question]:
    """The most frequent first questions of the newest conversations; those of the same words are
    one."""
    first, *_, end = period.starts
    rows = Counted.objects.filter(start__gte=first, start__lt=end)
    if widgets is not None:
        rows = rows.filter(widget__in=widgets)
    asked = rows.exclude(question=None).order_by("-start")
    for oldest in asked.values_list("start", flat=True)[LOOKED_AT - 1 : LOOKED_AT]:
        asked = asked.filter(start__gte=oldest)
    same = asked.order_by().values("question").annotate(count=Count("*"), latest=Max("start"))
    most_asked = same.order_by("-count", "-latest").values_list("question", "latest", "count")[
        :most
    ]
    counts = {(question, latest): count for question, latest, count in most_asked}
    said = Message.objects.filter(conversation=OuterRef("pk"), role=Role.USER).order_by("seq")
    text = Subquery(said.values(start=Substr("text", 1, LONGEST))[:1])
    rows = rows.filter(
        question__in=[each for each, _ in counts], start__in=[at for _, at in counts]
    )
    shown = {
        (question, at): (text or "", conversation)
        for question, at, text, conversation in rows.order_by("pk")
        .annotate(text=text)
        .values_list("question", "start", "text", "pk")
    }
    # One that is missing was erased meanwhile.
    return [Question(*shown[each], counts[each]) for each in counts if each in shown]
