"""The form of a widget: one field for each thing an owner can decide."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import msgspec
from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from chatwidget.admin.fields import LinesField, appearance_field
from chatwidget.admin.people import PeopleForm
from chatwidget.admin.platform_fields import option_field
from chatwidget.admin.protection import SECRETS
from chatwidget.admin.secret_fields import SecretField
from chatwidget.appearance import OPTIONS, Appearance, read_appearance, store_appearance
from chatwidget.errors import PlatformMisconfigured
from chatwidget.models import Widget
from chatwidget.providers.registry import providers
from chatwidget.widgets import validation

APPEARANCE = "appearance_"  # before the name of a field of the appearance


def option_name(provider: str, option: str) -> str:
    """The form's name for an option of a platform."""
    return f"option_{provider}_{option}"


def option_names() -> list[str]:
    return [
        option_name(name, option) for name, cls in providers().items() for option in cls.options
    ]


def appearance_names(group: str) -> list[str | tuple[str, ...]]:
    """The form's names of a group of appearance options; neighbours of one row as a tuple."""
    rows = groupby(
        (name for name, option in OPTIONS.items() if option.group == group),
        key=lambda name: OPTIONS[name].row or name,
    )
    named = [tuple(APPEARANCE + name for name in names) for _, names in rows]
    return [names if len(names) > 1 else names[0] for names in named]


class WidgetForm(PeopleForm):
    """Reads and writes the JSON columns by typed fields; takes a key without ever showing it."""

    provider = forms.ChoiceField(label=_("Platform"))
    allowed_origins = LinesField(
        label=_("Allowed origins"),
        parse=validation.parse_origin,
        help_text=_(
            "One a line, e.g. https://www.example.com. Only pages of these sites may show the "
            "widget. Empty: any site may. Visitors are then others on each of them."
        ),
    )
    image_hosts = LinesField(
        label=_("Image hosts"),
        parse=validation.parse_image_host,
        help_text=_(
            "One a line, e.g. cdn.example.com. Replies show images from these hosts only; other "
            "images become links."
        ),
    )
    no_answer = LinesField(
        label=_("Phrases of no answer"),
        parse=lambda line: line[:200],
        help_text=_(
            "One a line, e.g. “I do not know”. A reply that holds one counts as none: the list "
            "finds its conversation, and the numbers say how many there are."
        ),
    )
    new_key = SecretField(label=_("API key"))
    clear_key = forms.BooleanField(label=_("Remove the stored key"), required=False)

    class Meta:
        model = Widget
        fields = (
            *("title", "slug", "active", "provider", "agent", "base_url", "fallback", "greeting"),
            *("allowed_origins", "image_hosts", "require_identity", "keep_days", "no_answer"),
        )
        help_texts = {
            "agent": _(
                "eigi and agentix: the agent's id; fifthelement: its slug; OpenAI: the model; "
                "vindex: nothing, the key names the channel."
            ),
            "base_url": _("Empty: the platform's own address. fifthelement has none of its own."),
            "greeting": _("Where the platform has a first message of its own, that comes instead."),
        }
        widgets = {
            "agent": AdminTextInputWidget,
            "base_url": AdminTextInputWidget,
            "greeting": AdminTextareaWidget(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound:
            self.data = with_unix_lines(self.data)  # type: ignore[arg-type]
        # Who may only view the widget has a form without the model's fields.
        if self.instance.slug and (slug := self.fields.get("slug")):
            slug.help_text = _(
                "Its name in the script tag. Pages that embed the widget hold it: after a change "
                "they show no chat until their line is changed too."
            )
        self.fields["provider"].choices = [  # type: ignore[attr-defined]
            (name, cls.label) for name, cls in providers().items()
        ]
        if fallback := self.fields.get("fallback"):
            # Of those that its admin lets be chosen; and what is chosen already.
            choices = fallback.queryset  # type: ignore[attr-defined]
            choices |= Widget.objects.filter(pk=self.instance.fallback_id)
            fallback.queryset = choices.exclude(pk=self.instance.pk)  # type: ignore[attr-defined]
        self.stored_key, self.key_state = stored_key(self.instance)
        self.fields["new_key"].help_text = self.key_state
        if not self.instance.encrypted_key:
            del self.fields["clear_key"]
        self.stored_target = targets(self.instance)
        appearance = readable_appearance(self.instance)
        for name in OPTIONS:
            field = appearance_field(name)
            field.initial = getattr(appearance, name)
            self.fields[APPEARANCE + name] = field
        for provider, cls in providers().items():
            for option in cls.options:
                field = option_field(cls, option)
                if provider == self.instance.provider:
                    field.initial = self.instance.options.get(option)
                self.fields[option_name(provider, option)] = field

    def clean_base_url(self) -> str:
        return validation.parse_base_url(self.cleaned_data["base_url"])

    def clean(self) -> dict[str, Any]:
        super().clean()
        for name, message in self._appearance_problems().items():
            self.add_error(APPEARANCE + name, message)
        if (provider := self.cleaned_data.get("provider")) in providers():
            cls = providers()[provider]
            for option in cls.options:
                name = option_name(provider, option)
                if (given := self.cleaned_data.get(name)) not in (None, ""):
                    for problem in cls.option_problems(option, given):
                        self.add_error(name, problem)
        return self.cleaned_data

    def _appearance_problems(self) -> dict[str, Any]:
        """What `Appearance` itself refuses, by the name of its field."""
        problems = {}
        for name, value in self._appearance_given().items():
            try:
                msgspec.convert({name: value}, Appearance)
            except msgspec.ValidationError as error:
                problems[name] = OPTIONS[name].error or str(error)
        return problems

    def _appearance_given(self) -> dict[str, Any]:
        names = [name for name in OPTIONS if APPEARANCE + name in self.cleaned_data]
        return {name: self.cleaned_data[APPEARANCE + name] for name in names}

    def _options_given(self) -> dict[str, Any]:
        provider = self.cleaned_data["provider"]
        given = {
            option: self.cleaned_data[option_name(provider, option)]
            for option in providers()[provider].options
        }
        return {option: value for option, value in given.items() if value not in (None, "")}

    def _post_clean(self) -> None:
        """Put the rest into the widget too, and check it as a whole, as the commands do."""
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        widget = self.instance
        widget.appearance = store_appearance(msgspec.convert(self._appearance_given(), Appearance))
        widget.options = self._options_given()
        try:
            self._take_key()
            self.take_identity_secret()
            self.take_budgets()
            self.take_desk()
            validation.clean_widget(widget)
        except ValidationError as error:
            for name, messages in by_field(error).items():
                self.add_error(name if name in self.fields else None, messages)

    def _take_key(self) -> None:
        """Replace, clear or keep the key. Raises ValidationError."""
        widget = self.instance
        if given := self.cleaned_data["new_key"]:
            try:
                widget.key = validation.parse_key(given)
            except ValidationError as error:
                raise ValidationError({"new_key": error.messages}) from None
        elif self.cleaned_data.get("clear_key"):
            widget.key = ""
        elif widget.encrypted_key and self.stored_target != targets(widget):
            # Else whoever may edit a widget could have its key sent to a server of their own.
            raise ValidationError(
                {"new_key": [_("Enter the key again: the stored one was for another address.")]}
            )


def targets(widget: Widget) -> tuple[str, ...]:
    """Where a widget's key goes."""
    cls = providers().get(widget.provider)
    addresses = cls.addresses(widget.options) if cls else []
    return (widget.provider, widget.base_url, *addresses)


def with_unix_lines(data: QueryDict) -> QueryDict:
    """What a browser sent, whose lines end in CRLF, with those ends that it was shown with."""
    changed = data.copy()
    for name, values in data.lists():
        if name not in SECRETS:
            changed.setlist(name, [each.replace("\r\n", "\n") for each in values])
    return changed


def stored_key(widget: Widget) -> tuple[bool, Any]:
    """Whether there is a key, and what may be said of it: at most its last four characters."""
    if not widget.encrypted_key:
        return False, _("Stored encrypted, and never shown again.")
    try:
        key = widget.key.reveal()
    except PlatformMisconfigured as error:
        return True, str(error)
    # Four characters of a short key would be too much of it.
    end = key[-4:] if len(key) >= 16 else ""
    return True, _("A key is stored: ••••••••%(end)s. Leave this empty to keep it.") % {"end": end}


def readable_appearance(widget: Widget) -> Appearance:
    """The widget's appearance; where something else wrote what cannot be read, the default."""
    try:
        return read_appearance(widget.appearance)
    except msgspec.ValidationError:
        return Appearance()


def by_field(error: ValidationError) -> dict[str, list[str]]:
    return error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}
