"""Filters of the list by what happened in a conversation, and by what staff made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.conf.locale import LANG_INFO
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chatwidget.admin.filters import MOST, FormFilter, failed, lost_replies
from chatwidget.admin.words import CAUSES
from chatwidget.languages import LANGUAGES
from chatwidget.models import Conversation, Counted, Handover, Judgement, Note, Tag
from chatwidget.transcripts import rollups, search, search_query
from chatwidget.transcripts.access import visible_to
from chatwidget.transcripts.desk import tags_in_use

Rows = QuerySet[Conversation]

LIVE = timedelta(minutes=10)  # since the last message
MOST_TAGS = 50  # that are listed


class FailedFilter(admin.SimpleListFilter):
    title = _("failures")
    parameter_name = "failed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("With a failed reply")), ("no", _("Without")), *CAUSES.items()]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if (value := self.value()) is None:
            return queryset
        if value == "no":
            return queryset.exclude(failed())
        lost = lost_replies() if value == "yes" else lost_replies().filter(error_code=value)
        return queryset.filter(pk__in=lost.values("conversation"))


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("Open")), ("done", _("Done"))]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if self.value() == "done":  # as the partial index says it
            return queryset.filter(done_seq__gte=F("last_seq"))
        if self.value() == "open":
            return queryset.filter(done_seq__lt=F("last_seq"))
        return queryset


class LanguageFilter(admin.SimpleListFilter):
    """By the visitor's language, whatever their country."""

    title = _("language")
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        found = ((code.partition("-")[0], LANG_INFO[code]["name_local"]) for code in LANGUAGES)
        return [(code, name.capitalize()) for code, name in found]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if code := self.value():
            return queryset.filter(Q(locale=code) | Q(locale__startswith=f"{code}-"))
        return queryset


class TagFilter(admin.SimpleListFilter):
    """Those that conversations have which this member of staff may see."""

    title = _("tag")
    parameter_name = "tag"

    def has_output(self) -> bool:
        """Also where there is none to choose from, if one is asked for."""
        return super().has_output() or bool(self.value())

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        names = tags_in_use().filter(visible_to(request.user)).order_by("name")
        return [
            (name, name) for name in names.values_list("name", flat=True).distinct()[:MOST_TAGS]
        ]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if name := self.value():
            given = Tag.conversations.through.objects.filter(tag__name=name)
            return queryset.filter(pk__in=given.values("conversation"))
        return queryset


class PageFilter(FormFilter):
    """By a part of the page's address or title."""

    title = _("page")
    template = "admin/chatwidget/text_filter.html"
    parameters = ("page",)

    @property
    def typed(self) -> str:
        return str(self.used_parameters.get("page", ""))

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        yield {
            "display": _("All"),
            "selected": not self.typed,
            "query_string": changelist.get_query_string(remove=["page"]),
        }

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        """Where few have its words, by the index, which also holds names; and read in any case."""
        if not self.typed:
            return queryset
        there = Q(page_url__icontains=self.typed) | Q(page_title__icontains=self.typed)
        words = search_query.phrase(self.typed, is_beginning=True)
        if words is None:
            return queryset.filter(there)
        query = search_query.Query([words], marks=[(search_query.ORIGINS["about"],)])
        return queryset.filter(there, search.few(query, MOST))


def with_email(request: HttpRequest) -> Q:
    return Q(visitor__email__gt="")


def with_note(request: HttpRequest) -> Q:
    return Q(pk__in=Note.objects.values("conversation"))


def mine(request: HttpRequest) -> Q:
    """What this member of staff has taken over, wrote a note on, or judged."""
    user = request.user.pk
    taken = Handover.objects.filter(staff=str(user))
    notes = Note.objects.filter(author=user)
    judged = Judgement.objects.filter(author=user)
    return (
        Q(pk__in=taken.values("conversation"))
        | Q(pk__in=notes.values("conversation"))
        | Q(pk__in=judged.values("message__conversation"))
    )


def live(request: HttpRequest) -> Q:
    return Q(last_message_at__gte=timezone.now() - LIVE, ended_at=None)


def unanswered(request: HttpRequest) -> Q:
    """Where a reply failed, or says that it knows no answer: as the numbers count it."""
    rollups.catch_up(rollups.AT_A_LOOK)
    return Q(pk__in=Counted.objects.filter(unanswered=True).values("conversation"))


TOGGLES: dict[str, tuple[Any, Callable[[HttpRequest], Q]]] = {
    "live": (_("live now"), live),
    "mine": (_("mine"), mine),
    "unanswered": (_("without an answer"), unanswered),
    "email": (_("with an e-mail address"), with_email),
    "note": (_("with a note"), with_note),
}


class TogglesFilter(FormFilter):
    """Conditions that are each on or off."""

    title = _("what they have")
    template = "admin/chatwidget/toggles_filter.html"
    parameters = tuple(TOGGLES)

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        for name, (label, _condition) in TOGGLES.items():
            on = name in self.used_parameters
            query = (
                changelist.get_query_string(remove=[name])
                if on
                else changelist.get_query_string({name: "1"})
            )
            yield {"display": label, "selected": on, "query_string": query}

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        for name in self.used_parameters:
            queryset = queryset.filter(TOGGLES[name][1](request))
        return queryset
