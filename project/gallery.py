"""The gallery at `/gallery/` (with DEBUG on only): the frame in each of its states.

`?state=` names one of frontend/gallery/states.ts; `theme`, `dir`, `locale` and `color` are as in a
widget's appearance. The page is the visitor's own template; its script plays the server's part.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe
from msgspec import convert

from chatwidget.appearance import Appearance
from chatwidget.embed.frame_page import NOWHERE, frame_config, own_data_config, page_context
from chatwidget.models import Widget

# As strict as the visitor's frame, so that a state that breaks its policy is seen here.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' "
    "https://images.gallery.example; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'"
)


@require_safe
@xframe_options_sameorigin
def gallery(request: HttpRequest) -> HttpResponse:
    """All states in frames, or the one that is asked for."""
    asked = request.GET
    locale = asked.get("locale", "en")
    with translation.override(locale):
        appearance = convert(
            {
                "color": asked.get("color", "#2563eb"),
                "theme": asked.get("theme", "light"),
                "subtitle": "We answer at once",
            },
            Appearance,
        )
        widget = Widget(slug="gallery", title="Harbour & Hearth", provider="demo")
        config = {
            **frame_config(widget, appearance, locale),
            **NOWHERE,
            "title": asked.get("title", widget.title),
            "apart": False,
            "greeting": "",
            "regenerate": False,
        }
        if asked.get("state", "").startswith("own-data"):
            config["ownData"] = own_data_config("gallery")
        context = page_context(config, appearance, locale)
        context["dir"] = asked.get("dir", context["dir"])
        template = "gallery/state.html" if "state" in asked else "gallery/index.html"
        response = render(request, template, context)
    response["Content-Security-Policy"] = POLICY
    return response
