"""Going through the list: to the next conversation and the one before, and views under a name."""

from __future__ import annotations

from copy import copy
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from chatwidget.models import Conversation, SavedView
from chatwidget.text import cleaned
from chatwidget.transcripts import search
from chatwidget.transcripts.search_query import Query

MOST_VIEWS = 50  # of one member of staff
FILTERS = "_changelist_filters"  # Django's name for the list's query on other pages


class Browses(admin.ModelAdmin):  # type: ignore[type-arg]
    """The order is the list's; so are search and filters, which come along in the address."""

    def get_urls(self) -> list[URLPattern]:
        views = self.admin_site.admin_view(self.views_view)
        step = self.admin_site.admin_view(self.step_view)
        return [
            path("views/", views, name="chatwidget_conversation_views"),
            path("<uuid:pk>/go/<slug:way>/", step, name="chatwidget_conversation_step"),
            *super().get_urls(),
        ]

    # --- to the next one ---

    def step_view(self, request: HttpRequest, pk: Any, way: str) -> HttpResponse:
        """To the conversation below in the list, or above; looked for when it is asked for."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        here: Conversation | None = self.get_object(request, unquote(str(pk)))
        if here is None or way not in ("next", "previous"):
            raise Http404
        rows, sought = self.listed(request)
        rows = neighbours(rows, here, is_next=way == "next")
        there = search.first(rows, *sought) if sought else rows.values_list("pk", flat=True).first()
        if there is None:
            text = _("That was the last one.") if way == "next" else _("That was the first one.")
            self.message_user(request, text, messages.INFO)
        address = reverse("admin:chatwidget_conversation_change", args=[there or here.pk])
        filters = request.GET.get(FILTERS, "")
        return HttpResponseRedirect(
            f"{address}?{urlencode({FILTERS: filters})}" if filters else address
        )

    def listed(self, request: HttpRequest) -> tuple[QuerySet[Conversation], tuple[Query, Q] | None]:
        """What the list holds by the filters that the address carries; and what is searched for
        among these, if anything is."""
        asked: Any = copy(request)
        asked.GET = QueryDict(request.GET.get(FILTERS, ""))
        asked.sought = None  # to be noted there, and not looked for
        try:
            rows: QuerySet[Conversation] = self.get_changelist_instance(asked).queryset
        except IncorrectLookupParameters:
            return self.get_queryset(request), None
        return rows, asked.sought

    # --- views ---

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        now = request.GET.copy()
        now.pop("p", None)  # the page
        views = SavedView.objects.filter(user=request.user.pk)
        context = {
            "views": [
                (view, sorted_query(view.query) == sorted_query(now.urlencode())) for view in views
            ],
            "query_now": now.urlencode(),
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def views_view(self, request: HttpRequest) -> HttpResponse:
        """Keep the list as it is under a name, one's own; or give a name up."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            raise Http404
        user: Any = request.user
        views = SavedView.objects.filter(user=user)
        back = QueryDict(request.POST.get("query", "")).urlencode()
        name = cleaned(request.POST.get("name"), 100)
        if remove := request.POST.get("remove", ""):
            views.filter(name=remove).delete()
        elif name and len(back) <= 4000 and views.count() < MOST_VIEWS:
            views.update_or_create(name=name, defaults={"query": back, "user": user})
            self.message_user(request, _("The view is saved."), messages.SUCCESS)
        return HttpResponseRedirect(
            f"{reverse('admin:chatwidget_conversation_changelist')}?{back}".rstrip("?")
        )


def neighbours(
    rows: QuerySet[Conversation], here: Conversation, *, is_next: bool
) -> QuerySet[Conversation]:
    """Those behind this one in the order of the rows, oldest or newest first; or before it."""
    order = rows.query.order_by  # what was clicked on first, the id last
    at, pk = ("lt" if str(by).startswith("-") == is_next else "gt" for by in (order[0], order[-1]))
    beyond = Q(**{f"last_message_at__{at}": here.last_message_at}) | Q(**{f"pk__{pk}": here.pk})
    rows = rows.filter(beyond, **{f"last_message_at__{at}e": here.last_message_at})
    return rows if is_next else rows.reverse()


def page_of(request: HttpRequest, conversation: Conversation) -> str:
    """The page that the button was on; nothing but its own query is taken from the form."""
    here = reverse("admin:chatwidget_conversation_change", args=[conversation.pk])
    query = QueryDict(request.POST.get("back", "")).urlencode()
    return f"{here}?{query}" if query else here


def sorted_query(query: str) -> list[tuple[str, list[str]]]:
    return sorted(QueryDict(query).lists())
