"""The chat as a widget's form would have it: shown beside the form, and stored nowhere."""

from __future__ import annotations

from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from chatwidget.admin.fields import appearance_field
from chatwidget.admin.forms import APPEARANCE
from chatwidget.admin.people import DESK
from chatwidget.appearance import OPTIONS, Appearance
from chatwidget.embed.frame_page import NOWHERE, frame_config, page_context
from chatwidget.languages import choose_language
from chatwidget.models import Widget

GREETING = _("Hello! How can I help you?")
QUESTION = _("When are you open?")
ANSWER = _("Monday to Friday, from **9 to 18**.")


def preview(request: HttpRequest) -> HttpResponse:
    """The frame's page, of what is typed into the form; what is wrong there is left out here."""
    given = request.POST
    appearance = typed_appearance(given)
    title = given.get("title", "").strip()[:200] or "…"
    buttons = {name: f"{DESK}{name}" in given for name in ("offer_person", "own_data")}
    widget = Widget(slug="preview", title=title, provider="demo", desk=buttons)
    accepted = request.headers.get("Accept-Language", "")[:200]
    language = choose_language(appearance.language, "", accepted)
    texts = {
        "greeting": given.get("greeting", "").strip()[:4000] or str(GREETING),
        "question": str(QUESTION),
        "answer": str(ANSWER),
    }
    with translation.override(language):
        config = {**frame_config(widget, appearance, language), **NOWHERE, "preview": texts}
        if config["ownData"]:
            config["ownData"]["url"] = ""
        context = page_context(config, appearance, language)
        return HttpResponse(render_to_string("admin/chatwidget/widget/preview.html", context))


def typed_appearance(given: QueryDict) -> Appearance:
    """What the form's fields say, each for itself: where one is wrong, its default."""
    values: dict[str, Any] = {}
    for name in OPTIONS:
        field = appearance_field(name)
        raw = field.widget.value_from_datadict(given, {}, APPEARANCE + name)
        try:
            value = field.clean(raw)
            msgspec.convert({name: value}, Appearance)
        except (ValidationError, msgspec.ValidationError):
            continue
        values[name] = value
    if given.get("shown_theme") in ("light", "dark"):
        values["theme"] = given["shown_theme"]
    return msgspec.convert(values, Appearance)
