"""Blocking a visitor from their transcript: what they have open closes, and nothing opens again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from chatwidget.admin.browsing import page_of
from chatwidget.models import Conversation
from chatwidget.transcripts import admission


class BlocksVisitors(admin.ModelAdmin):  # type: ignore[type-arg]
    """Who may change visitors, and see their conversations, may block them."""

    def has_block_permission(self, request: HttpRequest) -> bool:
        may_change = request.user.has_perm("chatwidget.change_visitor")
        return bool(may_change and self.has_view_permission(request))

    def get_urls(self) -> list[URLPattern]:
        block = self.admin_site.admin_view(self.block_view)
        own = path("<path:object_id>/block/", block, name="chatwidget_visitor_block")
        return [own, *super().get_urls()]

    def block_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Block the visitor of this conversation; with `unblock`, let them chat again."""
        if not self.has_block_permission(request):
            raise PermissionDenied
        conversation: Conversation | None = self.get_object(request, unquote(object_id))
        if request.method != "POST" or conversation is None:
            raise Http404
        blocked = "unblock" not in request.POST
        admission.block(conversation.visitor_id, blocked=blocked)
        done: Any = (
            _("The visitor is blocked: what they have open closes within seconds.")
            if blocked
            else _("The visitor may chat again.")
        )
        self.log_change(request, conversation, str(done))
        self.message_user(request, done, messages.SUCCESS)
        return HttpResponseRedirect(page_of(request, conversation))
