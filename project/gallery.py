"""The gallery at `/gallery/` (with DEBUG on only): the frame in each of its states.

`?state=` names one of frontend/gallery/states.ts; `theme`, `dir`, `locale` and `color` are as in a
widget's appearance. The page is the visitor's own template; its script plays the server's part.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils import translation
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe
from msgspec import convert

from chatwidget.appearance import Appearance
from chatwidget.embed.frame_page import own_data_config, script_json
from chatwidget.embed.strings import SCRIPT, STRINGS
from chatwidget.embed.theme import properties

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
        rtl = translation.get_language_bidi()
        appearance = convert(
            {
                "color": asked.get("color", "#2563eb"),
                "theme": asked.get("theme", "light"),
                "subtitle": "We answer at once",
            },
            Appearance,
        )
        config: dict[str, Any] = {
            "protocol": 1,
            "slug": "gallery",
            "socket": "",
            "events": "",
            "token": "",
            "tokenUrl": "",
            "title": asked.get("title", "Harbour & Hearth"),
            "agent": "Harbour & Hearth",
            "locale": locale,
            "look": properties(appearance),
            "strings": {key: str(text) for key, text in SCRIPT.items()},
            "suggestions": [],
            "imageHosts": [],
            "markdown": static("chatwidget/markdown.js"),
            "math": static("chatwidget/math.js"),
            "rich": static("chatwidget/rich.js"),
            "challenge": static("chatwidget/challenge.js"),
            "prechat": None,
            "ownData": None,
            "sound": False,
            "regenerate": False,
            "maxLength": 4000,
            "greeting": "",
        }
        if asked.get("state", "").startswith("own-data"):
            config["ownData"] = own_data_config("gallery")
        context = {
            "config": config,
            "config_json": script_json(config),
            "strings": STRINGS,
            "appearance": appearance,
            "locale": locale,
            "dir": asked.get("dir", "rtl" if rtl else "ltr"),
        }
        template = "gallery/state.html" if "state" in asked else "gallery/index.html"
        response = render(request, template, context)
    response["Content-Security-Policy"] = POLICY
    return response
