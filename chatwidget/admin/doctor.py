"""The doctor's findings as a page, for superusers."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from chatwidget.doctor import inside, outside
from chatwidget.doctor.finding import Finding
from chatwidget.models import Widget


def doctor_view(admin: ModelAdmin, request: HttpRequest) -> HttpResponse:  # type: ignore[type-arg]
    """Look the site over, from inside and at the address that this page was asked by.

    Synchronous, as the check of a widget is: this request's thread waits, the server's loop talks.
    """
    if not request.user.is_superuser:  # it is about the whole site, and all widgets
        raise PermissionDenied
    findings = [
        *inside.examine(),
        async_to_sync(inside.examine_layer)(),
        async_to_sync(inside.examine_challenge)(),
    ]
    if widget := Widget.objects.filter(active=True).order_by("slug").first():
        findings += async_to_sync(_outside)(request.build_absolute_uri("/"), widget.slug)
    context = {
        **admin.admin_site.each_context(request),
        "title": _("Look the site over"),
        "opts": admin.opts,
        "media": admin.media,
        "findings": findings,
    }
    return TemplateResponse(request, "admin/chatwidget/widget/doctor.html", context)


async def _outside(url: str, slug: str) -> list[Finding]:
    return [finding async for finding in outside.examine(url, slug)]
