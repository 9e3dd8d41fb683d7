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
    nonce = getattr(context.get("request"), "csp_nonce", None)
    if nonce:
        attributes["nonce"] = str(nonce)
    # What it is to stand in may come after the tag: an async script would not wait for that.
    when = "defer" if "target" in data else "async"
    return format_html('<script src="{}" {}{}></script>', path, when, flatatt(attributes))
