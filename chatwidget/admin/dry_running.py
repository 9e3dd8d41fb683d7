"""A dry run in the admin: of a widget as it is stored, or of what is typed into its form."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from asgiref.sync import async_to_sync
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from chatwidget.widgets.diagnostics import tried
from chatwidget.widgets.dry_run import MESSAGES

if TYPE_CHECKING:
    from chatwidget.admin.widgets import WidgetAdmin


def dry_run_view(
    model_admin: WidgetAdmin, request: HttpRequest, object_id: str | None = None
) -> HttpResponse:
    """Two messages to an agent by a description, and all that comes back. POST: they cost.

    With the form's fields among what is posted, it is of what they say, and nothing is stored. A
    key that is typed there goes to the platform alone; one that is stored goes to no other address
    than before, as when the form is saved.
    """
    widget = None
    if object_id is not None:
        widget = model_admin._changeable(request, object_id)
    elif not model_admin.has_add_permission(request):
        raise PermissionDenied
    typed = request.method == "POST" and "provider" in request.POST
    sent = tuple(text for text in request.POST.getlist("message")[:2] if text.strip())
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Dry run"),
        "opts": model_admin.opts,
        "original": widget,
        "media": model_admin.media,
        "messages_to_send": sent or MESSAGES,
        "typed": typed,
    }
    if typed:
        form_class = model_admin.get_form(request, widget, change=widget is not None)
        form = form_class(_named(request.POST), instance=widget)
        widget = form.instance if form.is_valid() else None
        context["form"] = form
        context["only_described"] = form.is_valid() and form.instance.provider != "generic"
    elif widget is None or widget.provider != "generic":
        raise Http404
    if request.method == "POST" and sent and widget is not None and widget.provider == "generic":
        found, exchanges = async_to_sync(tried)(widget, sent)
        context |= {"findings": found.findings, "exchanges": exchanges}
    return TemplateResponse(request, "admin/chatwidget/widget/dry_run.html", context)


def _named(given: QueryDict) -> QueryDict:
    """What was typed; a widget that has no name yet may be tried as well."""
    named = given.copy()
    for field, name in (("title", "…"), ("slug", f"dry-run-{secrets.token_hex(8)}")):
        named[field] = named.get(field, "").strip() or name
    return named
