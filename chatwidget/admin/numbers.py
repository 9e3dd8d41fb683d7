"""Numbers: what happened in any range of days, beside the one before."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy as _

from chatwidget.admin import number_tables
from chatwidget.admin.number_cards import cards
from chatwidget.admin.number_tables import Table, language_name, ranked
from chatwidget.admin.one_page import OnePage
from chatwidget.admin.times import today
from chatwidget.models import Tally, Widget
from chatwidget.transcripts import figures, rollups
from chatwidget.transcripts.access import visible_to
from chatwidget.transcripts.csv_table import BYTE_ORDER_MARK, harmless
from chatwidget.transcripts.figures import Figures, Period

RANGES = (
    (1, _("Today")),
    (7, _("7 days")),
    (30, _("30 days")),
    (90, _("90 days")),
    (365, _("A year")),
)
USUAL_DAYS = 30
STEPS = {"hour": _("hours"), "day": _("days"), "week": _("weeks"), "month": _("months")}
MOST_DAYS = 3660
MOST_STEPS = 1100
SHADES = 5  # of the hours of the week


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for."""

    period: Period
    by: str
    widget: str  # its slug; empty: all

    def query(self, **changes: Any) -> str:
        now = {"from": self.period.first, "to": self.period.last, "widget": self.widget}
        kept = {name: value for name, value in {**now, **changes}.items() if value != ""}
        return f"?{urlencode(kept)}"


def read_query(query: QueryDict) -> Asked:
    """Raises Http404 for what is no range."""
    try:
        last = date.fromisoformat(str(query.get("to") or today()))
        usual = last - timedelta(days=USUAL_DAYS - 1)
        first = date.fromisoformat(str(query.get("from") or usual))
        period = Period(first, last, timezone.get_current_timezone())
        if not 0 < period.days <= MOST_DAYS or first.year < 1971 or last.year > 2999:
            raise Http404
        _unused = period.before.first
    except (ValueError, OverflowError):
        raise Http404 from None
    by, days = query.get("by", ""), period.days
    steps = {"hour": 24 * days, "day": days}.get(by, 1)
    if by not in STEPS or steps > MOST_STEPS:
        by = "hour" if days <= 2 else "day" if days <= 92 else "week" if days <= 731 else "month"
    return Asked(period, by, query.get("widget", ""))


@admin.register(Tally)
class NumbersAdmin(OnePage):
    """The figures. Who may read the conversations may count them."""

    view_permissions = ("view_tally", "view_conversation", "change_conversation")

    class Media:
        css = {"all": ["chatwidget/admin.css", "chatwidget/numbers.css"]}
        js = ["chatwidget/numbers.js"]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = read_query(request.GET)
        widgets = Widget.objects.filter(visible_to(request.user, "pk")).order_by("title")
        shown = [each for each in widgets if asked.widget in ("", each.slug)]
        if asked.widget and not shown:
            raise Http404
        rollups.catch_up(rollups.AT_A_LOOK)
        # All of them are no condition; those of a limit are.
        everything = len(shown) == Widget.objects.count()
        ids = None if everything else [each.pk for each in shown]
        wanted = request.GET.get("csv", "")
        most = number_tables.MOST_IN_CSV if wanted else number_tables.MOST
        found = figures.read(asked.period, asked.by, ids)
        before = figures.read(asked.period.before, asked.by, ids)
        series = number_tables.series(found, before)
        lists = self._lists(request, asked, ids, most)
        if len(shown) > 1:
            lists.insert(
                0, number_tables.by_widget(found, shown, lambda each: asked.query(widget=each.slug))
            )
        if wanted:
            return as_csv([*series, *lists], wanted, asked)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Numbers"),
            "opts": self.opts,
            "media": self.media,
            "asked": asked,
            "ranges": ranges(asked),
            "widgets": widgets,
            "steps": [(by, label, asked.query(by=by)) for by, label in STEPS.items()],
            "cards": cards(found.total, before.total),
            "series": [(table, asked.query(by=asked.by, csv=table.name)) for table in series],
            "lists": [(table, asked.query(csv=table.name)) for table in lists],
            "week": week(found),
            "zone": timezone.get_current_timezone_name(),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/chatwidget/tally/numbers.html", context)

    def _lists(
        self, request: HttpRequest, asked: Asked, ids: list[int] | None, most: int
    ) -> list[Table]:
        keys, before = (figures.keys(each, ids) for each in (asked.period, asked.period.before))
        may_read = any(
            request.user.has_perm(f"chatwidget.{verb}_conversation") for verb in ("view", "change")
        )

        def link(question: figures.Question) -> str:
            name = "admin:chatwidget_conversation_change"
            return reverse(name, args=[question.conversation]) if may_read else ""

        def titled(name: str, title: Any, head: Any, **more: Any) -> Table:
            return ranked(name + "s", title, head, keys[name], before[name], most, **more)

        lists = [
            number_tables.errors(keys["error"], before["error"], most),
            titled("page", _("Pages"), _("Page"), named=lambda key: key or str(_("unknown"))),
            titled("language", _("Languages"), _("Language"), named=language_name),
        ]
        if may_read:  # it holds what visitors wrote
            found = figures.questions(asked.period, ids, most)
            lists.insert(1, number_tables.asked(found, link))
        return lists


def ranges(asked: Asked) -> list[dict[str, Any]]:
    """The usual ranges, up to today."""
    now = today()
    found = []
    for days, label in RANGES:
        first = now - timedelta(days=days - 1)
        is_shown = (asked.period.first, asked.period.last) == (first, now)
        query = asked.query(**{"from": first, "to": now})
        found.append({"label": label, "query": query, "is_shown": is_shown})
    return found


def week(found: Figures) -> list[tuple[Any, list[tuple[int, int]]]]:
    """For each day of the week, how many conversations began in each hour, and its shade."""
    counts = found.week
    most = max(counts.values(), default=0)
    return [
        (
            name,
            [
                (amount, -(-amount * SHADES // most) if most else 0)
                for amount in (counts.get((day, hour), 0) for hour in range(24))
            ],
        )
        for day, name in WEEKDAYS_ABBR.items()
    ]


def as_csv(tables: list[Table], name: str, asked: Asked) -> HttpResponse:
    """One of the tables, its numbers as programs take them."""
    table = next((each for each in tables if each.name == name), None)
    if table is None:
        raise Http404
    period = asked.period
    file = f"{name}-{period.first}-{period.last}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file}"'},
    )
    response.write(BYTE_ORDER_MARK)
    rows = csv.writer(response)
    rows.writerow(str(label) for label in table.head)
    for row in table.rows:
        values = ["" if cell.value is None else cell.value for cell in row]
        rows.writerow(harmless(each) if isinstance(each, str) else each for each in values)
    return response
