"""Filters and pages of the list of conversations whose cost does not grow with the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar, cast
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import BooleanField, Count, Exists, OuterRef, QuerySet, Window
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from chatwidget.admin.hits import addresses, with_hits
from chatwidget.admin.times import midnight, today
from chatwidget.models import Conversation, Message, Widget
from chatwidget.transcripts.access import visible_to, widgets_of

# Rows that are counted and can be leafed through; what is older is found by its date.
MOST = 5_000
# Literal, as in the partial indexes `cw_message_failed` and `cw_message_rated`: SQLite uses them
# only for a query that says the same, word for word and without parameters.
FAILED_SQL = "status IN ('failed', 'interrupted')"
RATED_SQL = "NOT (rating = 0)"


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than MOST rows: counting a large table costs more than the page."""

    are_found = False  # by words: a search has read them all

    @cached_property
    def count(self) -> int:
        if self.are_found:
            return min(self._first[0][1], MOST) if self._first else 0
        return self._keys[:MOST].count() if self.few is None else len(self.few)

    @cached_property
    def few(self) -> list[Any] | None:
        """Their keys, where one page holds them all; None: there are more."""
        if self.are_found:
            return [key for key, _ in self._first] if self.count <= self.per_page else None
        found = list(self._keys[: self.per_page + 1])
        return found if len(found) <= self.per_page else None

    def page(self, number: Any) -> Any:
        """The keys of its rows: SQLite would else make all that the list shows of every row that
        matches, and sort them then."""
        found = super().page(number)
        if self.are_found and found.number == 1:
            found.object_list = [key for key, _ in self._first]
        else:
            rows = cast("QuerySet[Conversation]", found.object_list)
            found.object_list = list(rows.values_list("pk", flat=True))
        return found

    @cached_property
    def _first(self) -> list[tuple[Any, int]]:
        """The first page's keys, each with how many there are: one query in the place of three."""
        rows = cast("QuerySet[Conversation, Any]", self.object_list)
        return list(rows.values_list("pk", Window(Count("*")))[: self.per_page])

    @property
    def _keys(self) -> QuerySet[Conversation, Any]:
        # Unordered: any will do, so none has to be sorted.
        rows = cast("QuerySet[Conversation]", self.object_list)
        return rows.order_by().values_list("pk", flat=True)


class BoundedChangeList(ChangeList):
    """Knows when there is more than it counted, and reads rows by their keys alone: what matches
    has been found, and need not be once more."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        few = cast("BoundedPaginator", self.paginator).few
        keys = self.result_list if few is None else few
        rows = self.root_queryset.filter(pk__in=keys)
        self.result_list = rows.order_by(*self.queryset.query.order_by)
        if self.query:
            self.result_list = with_hits(
                list(self.result_list), self.query, self.get_query_string()[1:]
            )
        # In every row's address already: Django would ask the URLs once more for each.
        self._kept, self.preserved_filters = self.preserved_filters, ""
        self.is_bounded = self.result_count >= MOST or getattr(request, "may_find_more", False)
        if self.is_bounded:
            # The search form then shows no number, which would be a wrong one.
            self.full_result_count = self.result_count

    def url_for_result(self, result: Any) -> str:
        address = self._address_of(result.pk)
        return f"{address}?{self._kept}" if self._kept else address

    @cached_property
    def _address_of(self) -> Callable[[UUID], str]:
        return addresses(self.model_admin.admin_site.name)


def lost_replies() -> QuerySet[Message]:
    """Few, and in an index of their own."""
    return Message.objects.filter(_literal(FAILED_SQL)).order_by()


def failed() -> Exists:
    """Whether a conversation has a reply that was lost."""
    return Exists(lost_replies().filter(conversation=OuterRef("pk")))


def rated(**conditions: Any) -> Exists:
    """Whether a conversation has a reply that was rated, and how."""
    rows = Message.objects.filter(conversation=OuterRef("pk"), **conditions)
    # PostgreSQL knows that one follows from the other, but takes them for two coincidences: it
    # would expect too few.
    is_said = bool(conditions) and connection.vendor == "postgresql"
    return Exists(rows if is_said else rows.filter(_literal(RATED_SQL)))


def _literal(condition: str) -> RawSQL:
    return RawSQL(condition, (), output_field=BooleanField())


class WidgetFilter(admin.RelatedFieldListFilter):
    """The widgets that this member of staff may see."""

    parameter = "widget__id__exact"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = str(_("widget"))  # the field has no name of its own

    def has_output(self) -> bool:
        """Also where there is one to choose from, or none, if another is asked for."""
        return super().has_output() or bool(self.lookup_val)

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: Any
    ) -> list[tuple[str, Any]]:
        rows = Widget.objects.filter(visible_to(request.user, "pk")).order_by("title")
        return [(str(widget.pk), widget.title) for widget in rows]


def searched_widgets(request: HttpRequest) -> list[int] | None:
    """In which widgets' words is searched; None: in all."""
    chosen = request.GET.get(WidgetFilter.parameter, "")
    limited = widgets_of(request.user)
    if chosen.isascii() and chosen.isdigit() and len(chosen) < 16:
        return [int(chosen)] if limited is None or int(chosen) in limited else []
    return limited


class RatedFilter(admin.SimpleListFilter):
    title = _("rating")
    parameter_name = "rated"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("any", _("Rated")), ("good", _("A good reply")), ("bad", _("A bad reply"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Conversation]
    ) -> QuerySet[Conversation]:
        if self.value() == "any":
            return queryset.filter(rated())
        if self.value() in ("good", "bad"):
            rating = 1 if self.value() == "good" else -1
            return queryset.filter(rated(rating=rating))
        return queryset


class FormFilter(admin.ListFilter):
    """A filter of several parameters, or of one that is typed; it always shows."""

    parameters: ClassVar[tuple[str, ...]]

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.parameters:
            if given := str(params.pop(name, [""])[-1]).strip():
                self.used_parameters[name] = given

    @property
    def parameter_name(self) -> str:
        """Other admins, django-unfold's say, take it that a filter has one."""
        return self.parameters[0]

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return list(self.parameters)

    @property
    def others(self) -> list[tuple[str, str]]:
        """What its form has to keep of the query."""
        dropped = {*self.parameters, PAGE_VAR}
        return [
            (name, value)
            for name, values in self.request.GET.lists()
            if name not in dropped
            for value in values
        ]


class PeriodFilter(FormFilter):
    """By the day of the last message: a few usual periods, and any other by two dates."""

    title = _("last message")
    template = "admin/chatwidget/period_filter.html"
    parameters = ("since", "until")

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        now = today()
        for title, days in (
            (_("Any time"), None),
            (_("Today"), 0),
            (_("Past 7 days"), 6),
            (_("Past 30 days"), 29),
        ):
            chosen = {} if days is None else {"since": str(now - timedelta(days=days))}
            yield {
                "display": title,
                "selected": self.used_parameters == chosen,
                "query_string": changelist.get_query_string(chosen, list(self.parameters)),
            }

    @staticmethod
    def searched_before(request: HttpRequest) -> datetime | None:
        """Until when is searched; None: to the end. A day more than asked, as clocks differ."""
        with suppress(ValueError, OverflowError):
            return midnight(request.GET.get("until", "").strip(), days=2)
        return None

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Conversation]
    ) -> QuerySet[Conversation]:
        """`until` includes its day."""
        try:
            if since := self.used_parameters.get("since"):
                queryset = queryset.filter(last_message_at__gte=midnight(str(since)))
            if until := self.used_parameters.get("until"):
                queryset = queryset.filter(last_message_at__lt=midnight(str(until), days=1))
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters from error
        return queryset
