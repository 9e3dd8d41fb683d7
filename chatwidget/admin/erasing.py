"""Erasing what a list shows: by its filter, in parts, and as much as was asked about."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from chatwidget.admin.times import local, storable
from chatwidget.db import let_others_write
from chatwidget.models import Conversation, Message
from chatwidget.transcripts import erasure

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
