"""The part of a widget's form that says how people answer its visitors."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import (
    AdminIntegerFieldWidget,
    AdminTextareaWidget,
    AdminTextInputWidget,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from chatwidget.admin.fields import LinesField
from chatwidget.admin.protection import ProtectedForm
from chatwidget.widgets.people import parse_hours, store_desk

DESK = "desk_"  # before the name of a field


class PeopleForm(ProtectedForm):
    """Reads and writes `Widget.desk`, a field for each of its settings."""

    desk_offer_person = forms.BooleanField(
        label=_("Visitors may ask for a person"),
        required=False,
        help_text=_("By a button in the chat. The agent goes on until somebody comes."),
    )
    desk_own_data = forms.BooleanField(
        label=_("Visitors may download and delete their data"),
        required=False,
        help_text=_(
            "By a button in the chat: all their conversations as a file, as a copy by e-mail to "
            "an address that they give, or erased."
        ),
    )
    desk_hours = LinesField(
        label=_("Office hours"),
        parse=parse_hours,
        help_text=_("One a line, e.g. Mon-Fri 09:00-17:30. Empty: at any time."),
    )
    desk_zone = forms.CharField(
        label=_("Time zone"),
        max_length=64,
        widget=AdminTextInputWidget,
        help_text=_("Of the office hours, e.g. America/Santiago."),
    )
    desk_away = forms.CharField(
        label=_("Out of hours"),
        max_length=1000,
        required=False,
        widget=AdminTextareaWidget(attrs={"rows": 2}),
        help_text=_("What a visitor reads who asks then; a form for their address follows."),
    )
    desk_canned = LinesField(
        label=_("Canned answers"), help_text=_("One a line, for who answers to pick.")
    )
    desk_resume_minutes = forms.IntegerField(
        label=_("Minutes before it is handed back by itself"),
        min_value=1,
        max_value=1440,
        widget=AdminIntegerFieldWidget,
        help_text=_("After the last word of the person who has the conversation."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in desk_names():
            self.fields[name].initial = getattr(self.instance.typed_desk, name.removeprefix(DESK))

    def take_desk(self) -> None:
        """Raises ValidationError."""
        given = {name.removeprefix(DESK): self.cleaned_data[name] for name in desk_names()}
        try:
            self.instance.desk = store_desk(given)
        except ValidationError as error:
            raise ValidationError({"desk_zone": error.messages}) from None


def desk_names() -> list[str]:
    """The form's names of these fields."""
    return [name for name in PeopleForm.base_fields if name.startswith(DESK)]


def fieldset() -> tuple[Any, dict[str, Any]]:
    return (
        _("People who answer"),
        {
            "fields": desk_names(),
            "description": _(
                "Staff can take a conversation over from the agent, on its page or from the live "
                "list."
            ),
        },
    )
