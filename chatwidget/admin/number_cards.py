"""The few numbers at the top of the numbers' page, each beside that of the time before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from chatwidget.admin.number_tables import Cell, count, percent, quick
from chatwidget.appearance import Words
from chatwidget.transcripts.figures import Sums

MOST_CHANGE = 999  # per cent: more says only that there was next to nothing before


@dataclass(frozen=True, slots=True)
class Card:
    """One number, and how it compares with the time before."""

    label: Words
    cell: Cell
    before: Cell
    more_is: str = ""  # good, bad, or neither
    change: str = field(init=False, default="")
    judged: str = field(init=False, default="")

    def __post_init__(self) -> None:
        now, then = self.cell.value, self.before.value
        if not isinstance(now, int | float) or not isinstance(then, int | float) or not then:
            return
        change = round(100 * (now - then) / then)
        if abs(change) > MOST_CHANGE:
            return
        sign = "+" if change > 0 else "−" if change < 0 else "±"
        object.__setattr__(self, "change", f"{sign}{number_format(abs(change))} %")
        if change and self.more_is:
            is_good = (change > 0) == (self.more_is == "good")
            object.__setattr__(self, "judged", "good" if is_good else "bad")


def cards(now: Sums, then: Sums) -> list[Card]:
    def lost(sums: Sums) -> Cell:
        return percent(sums["failed"] + sums["interrupted"], sums["replies"])

    columns: list[tuple[Words, Callable[[Sums], Cell], str]] = [
        (_("Conversations"), count("conversations"), ""),
        (_("Messages of visitors"), count("questions"), ""),
        (_("First words, s"), quick("first", 0.5), "bad"),
        (_("Failed"), lost, "bad"),
        (_("Without an answer"), lambda sums: percent(sums["no_answer"], sums["replies"]), "bad"),
        (_("Rated good"), lambda sums: percent(sums["good"], sums["good"] + sums["bad"]), "good"),
    ]
    return [Card(label, read(now), read(then), more_is) for label, read, more_is in columns]
