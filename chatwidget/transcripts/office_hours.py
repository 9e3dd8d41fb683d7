"""When people answer: lines such as `Mon-Fri 09:00-17:30`, in the widget's time zone."""

from __future__ import annotations

import re
from datetime import datetime, time
from zoneinfo import ZoneInfo

from chatwidget.conf import Desk

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LINE = re.compile(
    r"(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? (?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d)"
)


class Hours:
    """One line: the days of a week, and from when until when on each of them.

    Hours that end before they begin end on the next day.
    """

    def __init__(self, line: str) -> None:
        """Raises ValueError."""
        found = _LINE.fullmatch(line.strip().lower())
        if not found:
            raise ValueError(line)
        first = DAYS.index(found["first"])
        last = DAYS.index(found["last"] or found["first"])
        self.days = {(first + n) % 7 for n in range((last - first) % 7 + 1)}
        self.start = time.fromisoformat(found["start"])
        # "24:00" is how people write the end of a day.
        self.end = time() if found["end"] == "24:00" else time.fromisoformat(found["end"])

    def hold(self, at: datetime) -> bool:
        """Is it within these hours, by the clock on the wall?"""
        today, yesterday = at.weekday() in self.days, (at.weekday() - 1) % 7 in self.days
        if self.start < self.end:
            return today and self.start <= at.time() < self.end
        return (today and at.time() >= self.start) or (yesterday and at.time() < self.end)


def is_open(desk: Desk, now: datetime) -> bool:
    """Does somebody answer now? Without hours: at any time."""
    at = now.astimezone(ZoneInfo(desk.zone))
    return not desk.hours or any(Hours(line).hold(at) for line in desk.hours)
