"""Conversations: found by what was said, read as the chat they were, erased; never edited."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django import VERSION
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Substr
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from chatwidget.admin.blocking import BlocksVisitors
from chatwidget.admin.browsing import Browses
from chatwidget.admin.bulk import BULK, TagForm
from chatwidget.admin.desk import KeepsDesk, added
from chatwidget.admin.desk_filters import (
    FailedFilter,
    LanguageFilter,
    PageFilter,
    StateFilter,
    TagFilter,
    TogglesFilter,
)
from chatwidget.admin.erasing import Erases, name_of
from chatwidget.admin.exporting import export_selected
from chatwidget.admin.filters import (
    MOST,
    BoundedChangeList,
    BoundedPaginator,
    PeriodFilter,
    RatedFilter,
    WidgetFilter,
    failed,
    rated,
    searched_widgets,
)
from chatwidget.admin.hits import NONE, hit_lines, words_of
from chatwidget.admin.live import answering
from chatwidget.admin.mailing import MailsConversations, mailboxes
from chatwidget.admin.times import ago
from chatwidget.admin.transcript import transcript
from chatwidget.models import Conversation, Message, Role
from chatwidget.transcripts import search, search_index, search_query
from chatwidget.transcripts.access import visible_to

# What has changed since the last look is indexed first; so many conversations at the most.
AT_A_SEARCH = 2000
PREVIEW = 300  # code points of a message that the list reads


@admin.register(Conversation)
class ConversationAdmin(Erases, Browses, KeepsDesk, BlocksVisitors, MailsConversations):
    """The list costs the same queries and rows whatever is stored."""

    list_display = ("who", "said", "length", "last_message")
    list_display_links = ("who",)
    list_filter = (
        *(StateFilter, TogglesFilter, ("widget", WidgetFilter), PeriodFilter, FailedFilter),
        *(RatedFilter, TagFilter, LanguageFilter, PageFilter),
    )
    list_per_page = 50
    list_max_show_all = 0
    ordering = ("-last_message_at", "-id")
    sortable_by = ("last_message",)
    # `get_search_results` says how each is searched.
    search_fields = ("messages__text", "visitor__name", "visitor__email", "id")
    search_help_text = _(
        "Words of messages and notes, the visitor's name, e-mail address or id, the page. "
        "“two weeks” in quotes, -without, from:visitor, from:agent"
    )
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    actions = (*BULK, export_selected, "delete_selected")
    action_form = TagForm

    class Media:
        css = {"all": ["chatwidget/admin.css"]}
        js = ["chatwidget/admin.js"]

    _boxes: ClassVar[dict[str | None, str]] = {}

    # --- the list ---

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BoundedChangeList]:
        return BoundedChangeList

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        paginator: Any = super().get_paginator(request, *args, **kwargs)
        paginator.are_found = bool(search_query.parse(request.GET.get(SEARCH_VAR, "")).wanted)
        return paginator

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        theirs = Message.objects.filter(conversation=OuterRef("pk")).order_by("seq")
        start = theirs.filter(role=Role.USER).values(start=Substr("text", 1, PREVIEW))
        end = theirs.order_by("-seq").values(end=Substr("text", 1, PREVIEW))
        rows: QuerySet[Conversation] = super().get_queryset(request)
        rows = rows.filter(visible_to(request.user))
        return (
            rows.select_related("widget", "visitor")
            .prefetch_related("tags")
            .annotate(
                first_words=Subquery(start[:1]),
                last_words=Subquery(end[:1]),
                has_failed=failed(),
                has_rating=rated(),
                has_bad_rating=rated(rating=-1),
            )
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Conversation], search_term: str
    ) -> tuple[QuerySet[Conversation], bool]:
        """By words, in what was said and what is known of the visitor and the page; or by an id."""
        query = search_query.parse(
            search_term, searched_widgets(request), PeriodFilter.searched_before(request)
        )
        if query:
            search_index.catch_up(AT_A_SEARCH)
            known = identified(search_term.strip())
            if hasattr(request, "sought"):  # by who goes from one to the next
                request.sought = query, known
                return queryset, False
            queryset, is_all = search.find(queryset, query, self.enough(request), known)
            request.may_find_more = not is_all  # type: ignore[attr-defined]
        return queryset, False

    def enough(self, request: HttpRequest) -> int:
        """How many of what a search finds the list needs: its pages up to this one, and more, since
        it is in another order; 0, all, where something is done with all that match."""
        if request.method == "POST":
            return 0
        page = request.GET.get(PAGE_VAR, "")
        pages = int(page) if page.isdecimal() and len(page) < 4 else 1
        return min(4 * pages * self.list_per_page, MOST)

    def action_checkbox(self, obj: Conversation) -> SafeString:
        """Django's own; made once for each language, since it renders a template for each row."""
        language = get_language()
        if language not in self._boxes:
            self._boxes[language] = super().action_checkbox(Conversation(pk=NONE))
        return mark_safe(self._boxes[language].replace(str(NONE), str(obj.pk)))

    @admin.display(description=_("visitor"))
    def who(self, conversation: Conversation) -> str:
        name = name_of(conversation.visitor)
        return format_html('{}<span class="cw-of">{}</span>', name, conversation.widget.slug)

    @admin.display(description=_("conversation"))
    def said(self, conversation: Any) -> str:
        """The visitor's first words and the last of all, or what was found; and what stands out."""
        flags = [("good", _("done"))] if conversation.is_done else []
        flags += [("tag", tag.name) for tag in conversation.tags.all()]
        if conversation.has_failed:
            flags.append(("error", _("failed")))
        if conversation.has_bad_rating:
            flags.append(("warn", _("rated bad")))
        elif conversation.has_rating:
            flags.append(("good", _("rated good")))
        return format_html(
            "{}{}",
            hit_lines(conversation) or words_of(conversation),
            format_html_join(" ", '<span class="cw-flag cw-{}">{}</span>', flags),
        )

    @admin.display(description=_("messages"))
    def length(self, conversation: Conversation) -> int:
        return conversation.last_seq  # nothing is ever taken out of the middle

    @admin.display(description=_("last message"), ordering="last_message_at")
    def last_message(self, conversation: Conversation) -> Any:
        return ago(conversation.last_message_at)

    # --- one conversation ---

    def has_view_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        """As Django has it: who may change may also look; here that is all they may do."""
        opts = f"{self.opts.app_label}"
        return any(
            request.user.has_perm(f"{opts}.{verb}_{self.opts.model_name}")
            for verb in ("view", "change")
        )

    def has_delete_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        """What asks before it erases names the visitors: who may not read that may not erase."""
        return super().has_delete_permission(request, obj) and self.has_view_permission(request)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The transcript, in the place of a form."""
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        conversation = self.get_object(request, unquote(object_id))
        if conversation is None:
            raise Http404
        who = name_of(conversation.visitor)
        context = {
            **self.admin_site.each_context(request),
            **transcript(conversation, request.GET),
            **added(conversation, request.user),
            "back": request.GET.urlencode(),
            "title": _("Conversation"),
            "subtitle": who,
            "crumbs_are_list": VERSION >= (6, 1),
            "who": who,
            "opts": self.opts,
            "original": conversation,
            "media": self.media,
            "answering": answering(request, conversation),
            "mailboxes": mailboxes(request, conversation),
            "has_delete_permission": self.has_delete_permission(request, conversation),
            "has_desk_permission": self.has_desk_permission(request),
            "has_block_permission": self.has_block_permission(request),
            "preserved_filters": self.get_preserved_filters(request),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/chatwidget/conversation/transcript.html", context)


def identified(word: str) -> Q:
    """The conversation of this id, and those of a visitor of this id; other ids are indexed."""
    try:
        visitors = Conversation.objects.filter(visitor=UUID(word)).order_by()
        return Q(pk__in=[UUID(word), *visitors.values_list("pk", flat=True)])
    except ValueError:
        return Q()
