"""`{% load chatwidget %}{% chatwidget "slug" %}`: the script tag, for a Django site's templates."""

from __future__ import annotations

from typing import Any

from django import template
from django.forms.utils import flatatt
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag(takes_context=True)
def chatwidget(context: template.Context, slug: str, **data: Any) -> SafeString:
    """The tag for a widget; `target="#help"` and the like become data- attributes."""
    attributes = {f"data-{name.replace('_', '-')}": str(value) for name, value in data.items()}
    path = reverse("chatwidget:loader", args=[slug])
    if nonce := csp_nonce(context):
        attributes["nonce"] = nonce
    # What it is to stand in may come after the tag: an async script would not wait for that.
    when = "defer" if "target" in data else "async"
    return format_html('<script src="{}" {}{}></script>', path, when, flatatt(attributes))


def csp_nonce(context: template.Context) -> str:
    """The nonce of the page's Content-Security-Policy: Django's (6.0 and newer), or django-csp's.

    Either is made when it is first read, and counts as false until then.
    """
    request = context.get("request")
    for nonce in (
        context.get("csp_nonce"),
        getattr(request, "csp_nonce", None),
        getattr(request, "_csp_nonce", None),  # Django's, where no context processor hands it on
    ):
        if nonce is not None:
            return str(nonce)
    return ""
