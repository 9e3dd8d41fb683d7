"""The tables of the numbers' page: what is plotted, read aloud, printed and sent as CSV."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from django.utils.formats import number_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from chatwidget.appearance import Words
from chatwidget.errors import REPLY_ERRORS
from chatwidget.models import Widget
from chatwidget.providers.registry import providers
from chatwidget.transcripts.figures import Figures, Question, Sums

MOST = 10  # rows on the page of what there may be any number; the CSV has MOST_IN_CSV
MOST_IN_CSV = 1000
Value = int | float | str | None


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, as it is plotted and as it is read."""

    value: Value
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head; a series goes by time, and is plotted."""

    name: str  # in the address of its CSV
    title: Words
    head: Sequence[Words]
    rows: Sequence[Sequence[Cell]]
    note: Words = ""
    is_series: bool = False
    is_plotted: bool = False
    dashed: int = 0  # so many of the last columns are of the time before
    unit: str = ""

    @property
    def heads(self) -> list[tuple[Words, bool]]:
        """Each with whether its column is text."""
        row = self.rows[0] if self.rows else []
        return [
            (label, isinstance(cell.value, str))
            for label, cell in zip(self.head, row, strict=False)
        ]

    @property
    def body(self) -> SafeString:
        """Its rows as HTML: a template would take longer for them than for all the rest."""
        # So would format_html: the markup is ours, and all else is escaped.
        rows = (f"<tr>{''.join(self._cells(row))}</tr>" for row in self.rows)
        return mark_safe("\n".join(rows))

    def _cells(self, row: Sequence[Cell]) -> Iterator[str]:
        first, *others = row
        text = escape(first.text)
        if first.url:
            text = f'<a href="{escape(first.url)}">{text}</a>'
        yield f'<th scope="row">{text}</th>'
        for cell in others:
            if isinstance(cell.value, str):
                yield f'<td class="cw-text">{escape(cell.text)}</td>'
            elif self.is_plotted and cell.value is not None:
                # As programs take it, in whatever language the page is.
                yield f'<td data-value="{cell.value}">{escape(cell.text)}</td>'
            else:
                yield f"<td>{escape(cell.text)}</td>"

    @property
    def is_empty(self) -> bool:
        return not any(cell.value for row in self.rows for cell in row[1:])


def number(value: int, **more: Any) -> Cell:
    return Cell(value, number_format(value, force_grouping=True), **more)


def seconds(milliseconds: float | None) -> Cell:
    """Two digits that count."""
    if milliseconds is None:
        return Cell(None, "–")
    value = milliseconds / 1000
    return Cell(round(value, 3), number_format(value, 0 if value >= 10 else 1 if value >= 1 else 2))


def percent(part: int, whole: int) -> Cell:
    if not whole:
        return Cell(None, "–")
    share = 100 * part / whole
    return Cell(round(share, 2), f"{number_format(share, 1 if share < 10 else 0)} %")


# --- what goes by time ------------------------------------------------------------------------

Column = tuple[Words, Callable[[Sums], Cell]]


def count(name: str) -> Callable[[Sums], Cell]:
    return lambda sums: number(sums[name])


def quick(kind: str, share: float) -> Callable[[Sums], Cell]:
    return lambda sums: seconds(sums.percentile(kind, share))


def series(figures: Figures, before: Figures) -> list[Table]:
    """What happened step by step."""

    def table(name: str, title: Words, *columns: Column, **more: Any) -> Table:
        rows = [
            [Cell(step, step), *(read(sums) for _, read in columns)] for step, sums in figures.steps
        ]
        head = [_("When"), *(label for label, _ in columns)]
        return Table(name, title, head, rows, is_series=True, **more)

    activity = table(
        "activity",
        _("Conversations and messages"),
        (_("Conversations"), count("conversations")),
        (_("Messages of visitors"), count("questions")),
        *([(_("Messages of staff"), count("operator"))] if figures.total["operator"] else []),
        is_plotted=True,
    )
    earlier = [sums["conversations"] for _, sums in before.steps]
    earlier += [0] * (len(activity.rows) - len(earlier))
    activity = Table(
        activity.name,
        activity.title,
        [*activity.head, _("Conversations before")],
        [[*row, number(each)] for row, each in zip(activity.rows, earlier, strict=False)],
        is_series=True,
        is_plotted=True,
        dashed=1,
    )
    half, most = _("Half of them within"), _("95 % within")
    return [
        activity,
        table(
            "first-words",
            _("Until the first words, in seconds"),
            (half, quick("first", 0.5)),
            (most, quick("first", 0.95)),
            is_plotted=True,
            unit="s",
        ),
        table(
            "whole-replies",
            _("Until the whole reply, in seconds"),
            (half, quick("whole", 0.5)),
            (most, quick("whole", 0.95)),
            is_plotted=True,
            unit="s",
        ),
        table(
            "without-answer",
            _("Without an answer"),
            (_("Share of replies"), lambda sums: percent(sums["no_answer"], sums["replies"])),
            is_plotted=True,
            note=_("Failed, cut off or empty, or with a phrase that the widget names."),
        ),
        table(
            "failures",
            _("Failed replies"),
            (_("Failed"), count("failed")),
            (_("Cut off"), count("interrupted")),
            (_("Stopped by visitors"), count("stopped")),
            is_plotted=True,
        ),
        table(
            "ratings",
            _("Ratings"),
            (_("Good"), count("good")),
            (_("Bad"), count("bad")),
            is_plotted=True,
        ),
        table(
            "cost",
            _("What it costs"),
            (_("Messages of visitors"), count("questions")),
            (_("Characters of visitors"), count("characters")),
            (_("Characters of replies"), count("reply_characters")),
            (_("Seconds that platforms were busy"), count("seconds")),
            note=_("In the units of the widgets' budgets."),
        ),
    ]


# --- what there is most of --------------------------------------------------------------------


def ranked(
    name: str,
    title: Words,
    head: Words,
    counts: Counter[str],
    before: Counter[str],
    most: int,
    named: Callable[[str], str] = str,
) -> Table:
    rows = [
        [Cell(key, named(key)), number(amount), number(before[key])]
        for key, amount in sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:most]
    ]
    return Table(name, title, [head, _("Conversations"), _("Before")], rows)


def language_name(code: str) -> str:
    try:
        return str(get_language_info(code)["name_translated"]).capitalize()
    except KeyError:
        return code or str(_("unknown"))


def errors(counts: Counter[str], before: Counter[str], most: int) -> Table:
    rows = []
    for key, amount in counts.most_common(most):
        platform, _blank, code = key.partition(" ")
        known, error = providers().get(platform), REPLY_ERRORS.get(code)
        rows.append(
            [
                Cell(platform, str(known.label) if known else platform),
                Cell(code, code),
                Cell(str(error.detail) if error else "", str(error.detail) if error else ""),
                number(amount),
                number(before[key]),
            ]
        )
    head = [_("Platform"), _("Code"), _("What the visitor read"), _("Replies"), _("Before")]
    return Table("errors", _("Failures by platform"), head, rows)


def asked(questions: Iterable[Question], link: Callable[[Question], str]) -> Table:
    rows = [[Cell(each.text, each.text, link(each)), number(each.count)] for each in questions]
    note = _("Those of the same words are one, whatever their case, accents and order.")
    return Table("questions", _("First questions"), [_("Question"), _("Times")], rows, note)


def by_widget(figures: Figures, widgets: Iterable[Widget], link: Callable[[Widget], str]) -> Table:
    rows = []
    for widget in widgets:
        sums = figures.widgets.get(widget.pk, Sums())
        rows.append(
            [
                Cell(widget.slug, f"{widget.title} ({widget.slug})", link(widget)),
                number(sums["conversations"]),
                number(sums["questions"]),
                seconds(sums.percentile("first", 0.5)),
                percent(sums["failed"] + sums["interrupted"], sums["replies"]),
                percent(sums["no_answer"], sums["replies"]),
                percent(sums["good"], sums["good"] + sums["bad"]),
            ]
        )
    head = [
        *(_("Widget"), _("Conversations"), _("Messages of visitors"), _("First words, s")),
        *(_("Failed"), _("Without an answer"), _("Rated good")),
    ]
    rows.sort(key=lambda row: -int(row[1].value or 0))
    return Table("widgets", _("By widget"), head, rows)
