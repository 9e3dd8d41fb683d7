"""The part of a widget's form that protects it: for whom it is."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from chatwidget.admin.secret_fields import SecretField
from chatwidget.models import Widget
from chatwidget.widgets import validation

# Fields of what is posted that no error report may show.
SECRETS = ("new_key", "new_identity_secret")


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
        if self.instance.encrypted_identity_secret:
            self.fields["new_identity_secret"].help_text = _(
                "A secret is stored. Leave this empty to keep it."
            )
        else:
            del self.fields["clear_identity_secret"]

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
        )
    ]
