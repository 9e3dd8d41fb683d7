"""Exporting what a list shows: what was chosen, or all that its search and filters find."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django import VERSION
from django.contrib import admin
from django.contrib.admin import helpers
from django.core.handlers.asgi import ASGIRequest
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chatwidget.models import Conversation
from chatwidget.transcripts import export
from chatwidget.transcripts.chats import read_chats
from chatwidget.transcripts.dataset import with_judgements
from chatwidget.transcripts.printed import POLICY

# format → its media type, the ending of its file, what it is called.
CHOICES = {
    "csv": ("text/csv; charset=utf-8", "csv", _("Table (CSV, for Excel)")),
    "jsonl": ("application/jsonl; charset=utf-8", "jsonl", _("JSON lines")),
    "html": ("text/html; charset=utf-8", "html", _("A page to print")),
    "dataset": ("application/jsonl; charset=utf-8", "jsonl", _("Judged replies (JSON lines)")),
}


@admin.action(permissions=["view"], description=_("Export the selected conversations"))
def export_selected(
    model_admin: Any, request: HttpRequest, rows: QuerySet[Conversation]
) -> HttpResponseBase:
    """Ask in which format, then stream it: the request holds a chunk of it at a time."""
    rows = Conversation.objects.filter(pk__in=rows.order_by().values("pk")).order_by("id")
    chosen = request.POST.get("format", "")
    if chosen in CHOICES:
        return _download(request, rows, chosen)
    counts = rows.aggregate(conversations=Count("pk"), messages=Sum("last_seq"))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Export conversations"),
        "opts": model_admin.opts,
        "media": model_admin.media,
        "conversations": counts["conversations"],
        "message_count": counts["messages"] or 0,
        "crumbs_are_list": VERSION >= (6, 1),
        "listed": request.GET.urlencode(),
        "formats": [(name, label) for name, (_type, _ending, label) in CHOICES.items()],
        "across": request.POST.get("select_across", "0"),
        "chosen": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
        "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/chatwidget/conversation/export.html", context)


def _download(request: HttpRequest, rows: QuerySet[Conversation], chosen: str) -> HttpResponseBase:
    kind, ending, _label = CHOICES[chosen]
    if chosen == "dataset":
        rows = with_judgements(rows)
    pieces = export.pieces(read_chats(rows), chosen)
    response = StreamingHttpResponse(
        _in_turn(pieces) if isinstance(request, ASGIRequest) else pieces, content_type=kind
    )
    if chosen == "html":
        response["Content-Security-Policy"] = POLICY
    else:
        name = f"conversations-{timezone.localdate():%Y-%m-%d}.{ending}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _in_turn(pieces: Iterator[str]) -> AsyncIterator[str]:
    """Each piece in the request's thread; Django would read a plain iterator to its end first."""
    following = sync_to_async(lambda: next(pieces, None))
    while (piece := await following()) is not None:
        yield piece
