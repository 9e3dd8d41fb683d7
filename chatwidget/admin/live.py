"""What the admin's live pages are given: where their socket is, and the words they speak in."""

from __future__ import annotations

from typing import Any

from django import VERSION
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from chatwidget.admin.one_page import OnePage
from chatwidget.models import Conversation, Handover
from chatwidget.sockets.event_stream import STAFF


def socket_paths() -> dict[str, str]:
    """Of both transports; empty where the site has not included the app's urls."""
    try:
        return {name: reverse(f"chatwidget:{name}", args=[STAFF]) for name in ("socket", "events")}
    except NoReverseMatch:
        return {"socket": "", "events": ""}


# How the connection is, as `staff-socket.ts` tells it.
CONNECTION = {
    "connecting": _("Connecting…"),
    "lost": _("Connection lost. Reconnecting…"),
    "stuck": _(
        "Still no connection. If the site is up, something on the way (a proxy, an extension of "
        "the browser) lets neither websockets nor server-sent events through; `manage.py "
        "chatwidget_doctor` looks for that. Still trying…"
    ),
    "signed_out": _("You are signed out, or may not see this any more. Load it again."),
}


def answering(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    """What the script of a conversation's page is given."""
    return {
        **socket_paths(),
        "conversation": str(conversation.pk),
        "locale": get_language(),
        "zone": timezone.get_current_timezone_name(),
        "mayAnswer": request.user.has_perm("chatwidget.change_conversation"),
        "canned": conversation.widget.typed_desk.canned,
        "words": {
            "agent_has": _("The agent answers."),
            "asked": _("The visitor asks for a person."),
            "mine": _("You have this conversation; the agent waits."),
            "theirs": _("{name} has this conversation."),
            "visitor_writes": _("The visitor is writing…"),
            "writes": _("{name} is writing…"),
            "moved": _("The visitor has begun another conversation."),
            "erased": _("This conversation was erased."),
            **CONNECTION,
            "refused": _("That was not possible: see who has the conversation now."),
            "visitor": _("Visitor"),
            "agent": _("Agent"),
            "waiting": _("waiting for its turn"),
            "stopped": _("stopped"),
            "failed": _("failed"),
            "interrupted": _("interrupted"),
        },
    }


@admin.register(Handover)
class LiveAdmin(OnePage):
    """What goes on now. Who may read the conversations may see which of them go on."""

    view_permissions = ("view_conversation", "change_conversation")

    class Media:
        css = {"all": ["chatwidget/admin.css"]}
        js = ["chatwidget/admin.js"]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("Live"),
            "opts": self.opts,
            "media": self.media,
            "crumbs_are_list": VERSION >= (6, 1),
            "live": listing(),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/chatwidget/handover/live.html", context)


def listing() -> dict[str, Any]:
    """What the script of the live list is given."""
    anywhere = reverse("admin:chatwidget_conversation_change", args=["ID"])
    return {
        **socket_paths(),
        "conversation": anywhere,
        "locale": get_language(),
        "zone": timezone.get_current_timezone_name(),
        "words": {
            "visitor": _("Visitor …{end}"),
            "waits": _("waits for a person"),
            "mine": _("you have it"),
            "agent": _("the agent"),
            "here": _("here now"),
            "gone": _("not here"),
            "unread": _("unread: {count}"),
            "nothing": _("Nothing goes on right now."),
            **CONNECTION,
            "asks": _("{who} asks for a person"),
            "writes": _("{who} has written"),
            "blocked": _("Your browser does not allow notifications from this site."),
        },
    }
