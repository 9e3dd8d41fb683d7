"""Erasing: what a list shows, by its filter, in parts, and as much as was asked about; one
conversation; and a person."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from chatwidget.admin.read_only import ReadOnly
from chatwidget.admin.times import local, storable
from chatwidget.db import let_others_write
from chatwidget.models import Conversation, Message, Visitor
from chatwidget.transcripts import erasure
from chatwidget.transcripts.people import called

# A request erases for so long, then shows how far it is and goes on in another: proxies wait for
# 30 s and more.
SECONDS = 10.0


@admin.action(permissions=["delete"], description=_("Erase the selected conversations"))
def erase_selected(
    model_admin: Any, request: HttpRequest, rows: QuerySet[Conversation]
) -> HttpResponse | None:
    """Ask, then erase until none is left. No request holds more ids than a page of the list has.

    What began after the question is not part of it, though the filter may match it by now.
    """
    asked = moment(request.POST.get("asked", "")) or local(timezone.now())
    rows = rows.filter(started_at__lte=storable(asked)).order_by("id")
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "media": model_admin.media,
        "asked": asked.isoformat(),
        "across": request.POST.get("select_across", "0"),
        "chosen": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
        "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
    }
    if not request.POST.get("post"):
        counts = rows.aggregate(conversations=Count("pk"), messages=Sum("last_seq"))
        context |= {
            "title": _("Erase conversations"),
            "total": counts["conversations"],
            "model_count": {
                Conversation._meta.verbose_name_plural: counts["conversations"],
                Message._meta.verbose_name_plural: counts["messages"] or 0,
            }.items(),
        }
        return TemplateResponse(request, "admin/chatwidget/conversation/erase.html", context)

    with erasure.without_trace():
        done, left = erase_for_a_while(
            model_admin, request, rows, whole(request.POST.get("done", ""))
        )
    if left:
        context |= {"title": _("Erasing conversations"), "done": done, "total": done + left}
        return TemplateResponse(request, "admin/chatwidget/conversation/erase.html", context)
    text = ngettext("Erased %(count)d conversation.", "Erased %(count)d conversations.", done)
    model_admin.message_user(request, text % {"count": done}, messages.SUCCESS)
    return None


def erase_for_a_while(
    model_admin: Any, request: HttpRequest, rows: QuerySet[Conversation], done: int
) -> tuple[int, int]:
    """Erase by batches until the time is over. Gives how many are `done`, and how many are left."""
    began = time.monotonic()
    deadline = began + SECONDS
    while batch := list(rows.values_list("pk", flat=True)[: erasure.BATCH]):
        of_batch = Conversation.objects.filter(pk__in=batch).order_by("id")
        model_admin.log_deletions(request, of_batch)
        done += erasure.erase_conversations(of_batch, visitors=True).conversations
        if time.monotonic() > deadline:
            break
        began = let_others_write(began)
    return done, rows.count()


def moment(given: str) -> datetime | None:
    """A time that our own form sent back; anything else counts as none."""
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        return None
    return found if found.tzinfo else None


def whole(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


class Erases(ReadOnly):
    """Who may erase a conversation may erase all of it, and the person whose it is."""

    delete_selected = erase_selected  # in the place of Django's own

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Counts, not a list of every message; who may erase a conversation may erase all of it."""
        chosen = list(objs)
        counts = {
            self.opts.verbose_name_plural: len(chosen),
            Message._meta.verbose_name_plural: sum(row.last_seq for row in chosen),
        }
        missing = set() if self.has_delete_permission(request) else {self.opts.verbose_name}
        names = [
            ngettext("%(who)s: %(count)d message", "%(who)s: %(count)d messages", row.last_seq)
            % {"count": row.last_seq, "who": name_of(row.visitor)}
            for row in chosen[:100]
        ]
        return names, counts, missing, []

    def get_urls(self) -> list[URLPattern]:
        forget = self.admin_site.admin_view(self.forget_view)
        own = path("<path:object_id>/forget/", forget, name="chatwidget_visitor_forget")
        return [own, *super().get_urls()]

    def forget_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Erase the person whose conversation this is, after a question, with all they wrote."""
        if not self.has_delete_permission(request):
            raise PermissionDenied
        conversation = self.get_object(request, unquote(object_id))
        if conversation is None:
            raise Http404
        people = Visitor.objects.filter(pk=conversation.visitor_id)
        if request.method == "POST":
            # The log names the conversation: a person's name would outlive the person there.
            self.log_deletions(request, Conversation.objects.filter(pk=conversation.pk))
            erased = erasure.forget(people)
            told = {"conversations": erased.conversations, "messages": erased.messages}
            done = _(
                "Erased the visitor. Conversations: %(conversations)s, messages: %(messages)s."
            )
            self.message_user(request, done % told, messages.SUCCESS)
            return self.back_to_list(request)
        theirs = Conversation.objects.filter(visitor=conversation.visitor_id)
        counts = {
            self.opts.verbose_name_plural: theirs.count(),
            Message._meta.verbose_name_plural: Message.objects.filter(
                conversation__in=theirs
            ).count(),
        }
        context = {
            **self.admin_site.each_context(request),
            "title": _("Erase a visitor"),
            "object": conversation,
            "who": name_of(conversation.visitor),
            "model_count": counts.items(),
            "opts": self.opts,
            "media": self.media,
        }
        return TemplateResponse(request, "admin/chatwidget/conversation/forget.html", context)

    def delete_model(self, request: HttpRequest, obj: Conversation) -> None:
        self.delete_queryset(request, Conversation.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        """Also erases visitors who have no conversation left: nothing of them is needed."""
        with erasure.without_trace():
            erasure.erase_conversations(queryset.order_by("id"), visitors=True)


def name_of(visitor: Visitor) -> str:
    return called(visitor.name, visitor.email, visitor.pk)
