"""Form fields for what a widget's JSON columns hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf.locale import LANG_INFO
from django.contrib.admin.widgets import (
    AdminIntegerFieldWidget,
    AdminTextareaWidget,
    AdminTextInputWidget,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from chatwidget.languages import LANGUAGES

ASKED = (("no", _("no")), ("optional", _("yes, may be left empty")), ("required", _("required")))


class LinesField(forms.CharField):
    """A list of texts, one a line; `parse` normalises each or raises ValidationError."""

    def __init__(self, parse: Callable[[str], str] = str, most: int = 100, **options: Any) -> None:
        super().__init__(required=False, widget=AdminTextareaWidget(attrs={"rows": 3}), **options)
        self.parse = parse
        self.most = most

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else "\n".join(map(str, value))

    def clean(self, value: Any) -> list[str]:
        lines = [line.strip() for line in super().clean(value).splitlines()]
        given = [line for line in lines if line]
        if len(given) > self.most:
            raise ValidationError(_("At most %(most)s lines.") % {"most": self.most})
        parsed, problems = [], []
        for line in given:
            try:
                parsed.append(self.parse(line))
            except ValidationError as error:
                problems.extend(error.messages)
        if problems:
            raise ValidationError(problems)
        return list(dict.fromkeys(parsed))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial or []), (data or "").strip())


def text(
    label: Any, help_text: Any = "", most: int = 500, required: bool = False, **attrs: str
) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=most,
        widget=AdminTextInputWidget(attrs=attrs),
    )


def number(label: Any, least: int, most: int, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        min_value=least,
        max_value=most,
        widget=AdminIntegerFieldWidget,
    )


def choice(label: Any, choices: Any, required: bool = True) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, required=required)


def appearance_fields() -> dict[str, forms.Field]:
    """A field for each of `Look`'s, by its name there, in the order in which they are asked for."""
    address = _("An https:// address, or a path on this server that begins with /.")
    return {
        "subtitle": text(_("Subtitle"), _("Under the title, e.g. “We answer within minutes”.")),
        "language": choice(_("Language"), _languages, required=False),
        "suggestions": LinesField(
            label=_("Suggestions"),
            help_text=_("One a line: questions a visitor may send with one click, at most 12."),
            most=12,
        ),
        "sound": forms.BooleanField(
            label=_("Soft sound"), help_text=_("when a reply arrives unseen"), required=False
        ),
        "teaser": text(_("Teaser"), _("A bubble beside the closed button. Empty: none.")),
        "teaser_delay": number(_("Teaser after"), 0, 3600, _("seconds on the page")),
        "ask_name": choice(_("Ask for the name"), ASKED),
        "ask_email": choice(_("Ask for the e-mail address"), ASKED),
        "consent": forms.CharField(
            label=_("Consent"),
            help_text=_("What a visitor agrees to before the first message. Empty: not asked."),
            required=False,
            max_length=2000,
            widget=AdminTextareaWidget(attrs={"rows": 3}),
        ),
        "consent_version": text(
            _("Version of the consent"),
            _("With another version, everybody is asked again."),
            32,
            required=True,
        ),
        "color": text(
            _("Colour"),
            _("Where text on it would be hard to read, the text is adapted."),
            7,
            type="color",
        ),
        "theme": choice(
            _("Theme"),
            (("auto", _("the visitor's own")), ("light", _("light")), ("dark", _("dark"))),
        ),
        "position": choice(_("Position"), (("right", _("right")), ("left", _("left")))),
        "offset_x": number(_("From the side"), 0, 400, _("pixels")),
        "offset_y": number(_("From below"), 0, 400, _("pixels")),
        "radius": number(_("Roundness"), 0, 32, _("pixels")),
        "font": text(
            _("Font"), _("Names as in CSS, e.g. Georgia, serif. Empty: the system's."), 200
        ),
        "icon": text(_("Icon"), f"{address} {_('Empty: a speech bubble.')}"),
        "logo": text(_("Logo"), address),
    }


def _languages() -> list[tuple[str, Any]]:
    names = [(code, LANG_INFO[code]["name_local"].capitalize()) for code in LANGUAGES]
    return [("", _("the page's own")), *names]


def option_field(name: str, kind: type) -> forms.Field:
    """A field for an adapter's option; left empty, the platform's own default counts."""
    label = name.replace("_", " ").capitalize()
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
