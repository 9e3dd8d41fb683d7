"""A conversation by mail, from its page: to oneself, or to a receiver of notices."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from chatwidget.admin.browsing import page_of
from chatwidget.models import Conversation, Webhook
from chatwidget.transcripts import notices
from chatwidget.transcripts.access import visible_to

MYSELF = "me"


def mailboxes(request: HttpRequest, conversation: Conversation) -> list[tuple[str, str]]:
    """Whom it may be mailed to, as choices: who asks, and the receivers that they may see."""
    hooks = receivers(request, conversation)
    mine = str(getattr(request.user, "email", "") or "")
    own = [(MYSELF, mine)] if mine else []
    return own + [(str(hook.pk), hook.url.removeprefix("mailto:")) for hook in hooks]


def receivers(request: HttpRequest, conversation: Conversation) -> Any:
    if not request.user.has_perm("chatwidget.view_webhook"):
        return Webhook.objects.none()
    told = Q(widget=conversation.widget_id) | Q(widget=None)
    hooks = Webhook.objects.filter(told, active=True, url__startswith="mailto:")
    return hooks.filter(visible_to(request.user))


class MailsConversations(admin.ModelAdmin):  # type: ignore[type-arg]
    """Who may read a conversation may mail it, and to nobody else than these."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.mail_view)
        own = path("<path:object_id>/mail/", view, name="chatwidget_conversation_mail")
        return [own, *super().get_urls()]

    def mail_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        conversation: Conversation | None = self.get_object(request, unquote(object_id))
        if request.method != "POST" or conversation is None:
            raise Http404
        chosen = request.POST.get("to", "")
        to = dict(mailboxes(request, conversation)).get(chosen)
        if to is None:
            raise Http404
        here = reverse("admin:chatwidget_conversation_change", args=[conversation.pk])
        link = request.build_absolute_uri(here)
        if chosen == MYSELF:
            own = {"mailbox": to, "language": get_language() or ""}
            notices.mail_conversation(conversation, link, hook=None, **own)
        else:
            hook = receivers(request, conversation).get(pk=chosen)
            notices.mail_conversation(conversation, link, hook=hook)
        self.log_change(request, conversation, f"mail to {to}")
        done = _("The conversation is on its way to %(to)s.") % {"to": to}
        self.message_user(request, done, messages.SUCCESS)
        return HttpResponseRedirect(page_of(request, conversation))
