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
from msgspec import inspect

from chatwidget.appearance import OPTIONS, TYPES, Appearance
from chatwidget.languages import LANGUAGES


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


def appearance_field(name: str) -> forms.Field:
    """The field for one of `Appearance`'s options, made of its type and of what `Option` says."""
    option, kind, default = OPTIONS[name], TYPES[name], getattr(Appearance(), name)
    common: dict[str, Any] = {"label": option.label, "help_text": option.help}
    if option.control == "language":
        return forms.ChoiceField(choices=_languages, required=False, **common)
    match kind:
        case inspect.BoolType():
            return forms.BooleanField(required=False, **common)
        case inspect.LiteralType():
            return forms.ChoiceField(choices=list(option.choices.items()), **common)
        case inspect.IntType(ge=least, le=most):
            return forms.IntegerField(
                min_value=least, max_value=most, widget=AdminIntegerFieldWidget, **common
            )
        case inspect.VarTupleType(max_length=most):
            return LinesField(most=most or 100, **common)
        case inspect.StrType(max_length=most):
            attrs = {"type": "color"} if option.control == "color" else {}
            area = option.control == "area"
            widget = AdminTextareaWidget({"rows": 3}) if area else AdminTextInputWidget(attrs)
            required = bool(default)
            return forms.CharField(max_length=most, required=required, widget=widget, **common)
    raise TypeError(f"Appearance.{name}: no form field for {kind}")


def _languages() -> list[tuple[str, Any]]:
    names = [(code, LANG_INFO[code]["name_local"].capitalize()) for code in LANGUAGES]
    return [("", _("the page's own")), *names]
