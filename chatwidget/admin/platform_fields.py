"""Form fields for adapters' options, and what the form has to know of each platform."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminIntegerFieldWidget, AdminTextareaWidget
from django.forms.fields import InvalidJSONInput
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from chatwidget.providers.base import Provider
from chatwidget.providers.generic import Generic
from chatwidget.providers.generic.presets import PRESETS
from chatwidget.providers.generic.templates import PLACEHOLDERS

# The words of a description, in the order in which it is written.
WORDS = (
    ("request.url", _("The address: {base}, the widget's base URL, and a path.")),
    ("request.method", _("POST, unless it is given.")),
    ("request.headers", _("One of which a placeholder is empty is left out.")),
    ("request.body", _("JSON. A text that is one empty placeholder is left out with its name.")),
    ("request.form", _("A form instead of JSON.")),
    ("request.history_item", _("What {history} and {history+text} are lists of.")),
    ("request.roles", _("Other names for “user” and “assistant”.")),
    ("request.open", _("A request before the first message: accept_status, session, greeting.")),
    ("request.stop", _("A request when nobody listens any more; {run} says to what.")),
    ("answer.framing", _("“sse”, “ndjson”, “json” or “text”.")),
    ("answer.any_type", _("true: whatever the Content-Type says.")),
    ("answer.text", _("Rules for the text: when, path, join, between, snapshot, whole.")),
    ("answer.session", _("Where the platform's session is; it comes back as {session}.")),
    ("answer.run", _("Where the run's id is, for the stop request.")),
    ("answer.error", _("Rules: when, text (why, for you alone), code.")),
    ("answer.end", _("What ends an answer. Given, an answer without it counts as cut off.")),
    ("answer.done", _("The data that is no event: [DONE], unless it is given.")),
    ("answer.ui", _("Rules for buttons, links and products: type, items, title, payload, url, …")),
    ("path", _("a.b  [0]  [-1]  [*]  [key=value]  $")),
    ("when", _("path  !path  path=value  path!=value  @event=name; a list means “and”.")),
)


class DescriptionField(forms.JSONField):
    """A description as JSON text, with its words explained beside it."""

    def __init__(self, **options: Any) -> None:
        attrs = {"rows": 24, "class": "vLargeTextField cw-json", "spellcheck": "false"}
        super().__init__(widget=AdminTextareaWidget(attrs=attrs), required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return json.dumps(value, ensure_ascii=False, indent=2)
        return "" if value is None else super().prepare_value(value)

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except RecursionError:
            raise forms.ValidationError(_("the description is nested too deeply")) from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return super().bound_data(data, initial)
        except RecursionError:
            return InvalidJSONInput(data)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return (self.to_python(data) or None) != (initial or None)
        except forms.ValidationError:
            return True


def _words() -> str:
    context = {"words": WORDS, "placeholders": PLACEHOLDERS}
    return render_to_string("admin/chatwidget/widget/words.html", context)


def option_field(cls: type[Provider], name: str) -> forms.Field:
    """A field for an adapter's option; left empty, the platform's own default counts."""
    kind, label = cls.options[name], name.replace("_", " ").capitalize()
    if name in cls.choices:
        values = [(value, cls.choice_label(name, value)) for value in cls.choices[name]]
        return forms.ChoiceField(label=label, required=False, choices=[("", _("default")), *values])
    if kind is dict:
        return DescriptionField(label=label, help_text=_words())
    if kind is bool:
        return forms.TypedChoiceField(
            label=label,
            required=False,
            choices=(("", _("default")), ("True", _("yes")), ("False", _("no"))),
            coerce=lambda given: given == "True",
            empty_value=None,
        )
    if kind is int:
        return forms.IntegerField(label=label, required=False, widget=AdminIntegerFieldWidget)
    if kind is float:
        return forms.FloatField(label=label, required=False, widget=AdminIntegerFieldWidget)
    return forms.CharField(
        label=label, required=False, widget=AdminTextareaWidget(attrs={"rows": 2})
    )


def platform_facts(cls: type[Provider]) -> dict[str, Any]:
    """What the form needs to know of a platform, to ask for nothing it does not use."""
    facts = _facts(cls, {}, cls.default_base_url)
    if issubclass(cls, Generic):
        facts["presets"] = {
            name: {
                **_facts(cls, {"preset": name}, preset.base_url),
                "agentHelp": preset.agent,
                "keyHelp": preset.key,
                "notes": f"{preset.notes} ({preset.tried})".strip(),
                "description": preset.description,
            }
            for name, preset in PRESETS.items()
        }
    return facts


def _facts(cls: type[Provider], options: dict[str, Any], base_url: str) -> dict[str, Any]:
    asked = cls.asks_for(options)
    return {
        "agent": asked["agent"] != "no",
        "baseUrl": asked["base_url"] != "no",
        "defaultBaseUrl": base_url,
        "key": asked["key"] != "no",
    }
