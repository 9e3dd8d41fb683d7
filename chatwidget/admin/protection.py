"""The part of a widget's form that protects it: for whom it is, and how much of it there is."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminIntegerFieldWidget
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from chatwidget.admin.secret_fields import SecretField
from chatwidget.models import Widget
from chatwidget.transcripts.budgets import used_today
from chatwidget.transcripts.retention import erased_so_far
from chatwidget.widgets import validation

# Fields of what is posted that no error report may show.
SECRETS = ("new_key", "new_identity_secret")


BUDGETS = {
    "daily_messages": _("Messages a day"),
    "daily_characters": _("Characters a day, of visitors' messages"),
    "daily_seconds": _("Seconds a day that the platform is busy"),
    "daily_greetings": _("Greetings a day, asked of the platform"),
    "max_running": _("Replies at once"),
}


class ProtectedForm(forms.ModelForm):  # type: ignore[type-arg]
    """Takes the identity secret, which goes in and never comes out."""

    new_identity_secret = SecretField(
        label=_("Identity secret"),
        help_text=_(
            "With it your site proves who its visitors are: a secret of at least 16 characters, or "
            "the public key of your JWTs. Stored encrypted, and never shown again."
        ),
    )
    clear_identity_secret = forms.BooleanField(
        label=_("Remove the stored identity secret"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        budgets = self.instance.typed_budgets
        used = used_today(self.instance) if self.instance.pk else {}
        for name, label in BUDGETS.items():
            self.fields[name] = forms.IntegerField(
                label=label,
                min_value=0,
                initial=getattr(budgets, name),
                required=False,
                widget=AdminIntegerFieldWidget,
                help_text=_("used today: %(used)s") % {"used": used[name]}
                if used.get(name)
                else "",
            )
        # Who may only view the widget has a form without the model's fields.
        if keep_days := self.fields.get("keep_days"):
            keep_days.required = False
            if self.instance.pk and (erased := erased_so_far(self.instance)):
                keep_days.help_text = _(
                    "Since their last message; then the server erases them. 0: for ever. "
                    "Conversations erased so far: %(count)s."
                ) % {"count": erased}
        if self.instance.encrypted_identity_secret:
            self.fields["new_identity_secret"].help_text = _(
                "A secret is stored. Leave this empty to keep it."
            )
        else:
            del self.fields["clear_identity_secret"]

    def take_budgets(self) -> None:
        """Raises ValidationError."""
        given = {name: self.cleaned_data[name] or 0 for name in BUDGETS}
        self.instance.budgets = validation.store_budgets(given)

    def take_identity_secret(self) -> None:
        """Replace, clear or keep it. Raises ValidationError."""
        widget = self.instance
        if given := self.cleaned_data["new_identity_secret"]:
            try:
                widget.identity_secret = validation.parse_identity_secret(given)
            except ValidationError as error:
                raise ValidationError({"new_identity_secret": error.messages}) from None
        elif self.cleaned_data.get("clear_identity_secret"):
            widget.encrypted_identity_secret = ""

    def clean_keep_days(self) -> int:
        return self.cleaned_data["keep_days"] or 0


def fieldsets(widget: Widget | None) -> list[tuple[Any, dict[str, Any]]]:
    stored = bool(widget and widget.encrypted_identity_secret)
    secret = ["new_identity_secret", *(["clear_identity_secret"] if stored else [])]
    return [
        (
            _("For whom it is"),
            {
                "fields": [*secret, "require_identity"],
                "description": _(
                    "Your site can vouch for its visitors: they are then known by their id there, "
                    "on every device, until they sign out."
                ),
            },
        ),
        (
            _("How much of it there is"),
            {
                "fields": list(BUDGETS),
                "description": _(
                    "Each answer costs you something. 0: as much as is asked for. A day ends at "
                    "midnight UTC; at 80 % of a budget the log says so, and Django's MANAGERS are "
                    "sent a mail."
                ),
            },
        ),
        (
            _("What is kept"),
            {
                "fields": ["keep_days"],
                "description": _("Less is safer: what is not kept can be lost to nobody."),
            },
        ),
    ]
