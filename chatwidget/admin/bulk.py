"""What is done with many conversations of the list at once: with those chosen, or all it finds."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from chatwidget.db import let_others_write
from chatwidget.models import Conversation
from chatwidget.transcripts import desk

BATCH = 500
# A request works for so long, and says how far it came: proxies wait for 30 s and more.
SECONDS = 15.0

Rows = QuerySet[Conversation]


class TagForm(ActionForm):
    """Beside the choice of an action: the tag that two of them ask for."""

    tag = forms.CharField(
        label=_("Tag"), required=False, max_length=200, widget=forms.TextInput(attrs={"size": 14})
    )


@admin.action(permissions=["desk"], description=_("Done with the selected conversations"))
def mark_done(model_admin: Any, request: HttpRequest, rows: Rows) -> None:
    left = rows.filter(done_seq__lt=F("last_seq"))
    work(model_admin, request, left, partial(desk.set_done, done=True), _("Done."))


@admin.action(permissions=["desk"], description=_("Reopen the selected conversations"))
def reopen(model_admin: Any, request: HttpRequest, rows: Rows) -> None:
    left = rows.filter(done_seq__gte=F("last_seq"))
    work(model_admin, request, left, partial(desk.set_done, done=False), _("Open again."))


@admin.action(permissions=["desk"], description=_("Add the tag to the selected conversations"))
def add_tag(model_admin: Any, request: HttpRequest, rows: Rows) -> None:
    for name in _typed(model_admin, request):
        left = rows.exclude(tags__in=desk.tags_named(name))
        work(model_admin, request, left, partial(desk.add_tag, name=name), f"+ “{name}”:")


@admin.action(permissions=["desk"], description=_("Remove the tag from the selected conversations"))
def remove_tag(model_admin: Any, request: HttpRequest, rows: Rows) -> None:
    for name in _typed(model_admin, request):
        left = rows.filter(tags__in=desk.tags_named(name))
        work(model_admin, request, left, partial(desk.remove_tag, name=name), f"− “{name}”:")


BULK = (mark_done, reopen, add_tag, remove_tag)


def _typed(model_admin: Any, request: HttpRequest) -> list[str]:
    """The tags that were typed beside the action."""
    names = desk.split_tags(request.POST.get("tag", "")[:1000])
    if not names:
        model_admin.message_user(request, _("Type the tag beside the action."), messages.WARNING)
    return names


def work(
    model_admin: Any,
    request: HttpRequest,
    rows: Rows,
    act: Callable[[list[UUID]], object],
    what: Any,
) -> None:
    """Do it by batches until the time is over; again, it goes on with those that are left."""
    chosen = Conversation.objects.filter(pk__in=rows.order_by().values("pk")).order_by("pk")
    user: Any = request.user.pk
    began = time.monotonic()
    deadline, done, left = began + SECONDS, 0, chosen
    while time.monotonic() < deadline:
        batch = list(left.values_list("pk", flat=True)[:BATCH])
        if not batch:
            break
        act(batch)
        of_batch = Conversation.objects.filter(pk__in=batch)
        LogEntry.objects.log_actions(user, of_batch, CHANGE, str(what).rstrip(":"))
        done += len(batch)
        left = chosen.filter(pk__gt=batch[-1])
        began = let_others_write(began)
    text = ngettext("%(what)s %(count)d conversation.", "%(what)s %(count)d conversations.", done)
    model_admin.message_user(request, text % {"what": what, "count": done}, messages.SUCCESS)
    if left.exists():
        again = _("That took long: some are left. Choose the same once more.")
        model_admin.message_user(request, again, messages.WARNING)
