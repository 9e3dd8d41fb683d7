"""The options of `configure_widget` that protect a widget: whether it is on, for whom, how much."""

from __future__ import annotations

import os
from argparse import ArgumentParser, BooleanOptionalAction
from typing import Any

from django.core.exceptions import ValidationError

from chatwidget.conf import Budgets, Secret
from chatwidget.encryption import is_newest
from chatwidget.errors import PlatformMisconfigured
from chatwidget.models import Widget
from chatwidget.widgets.validation import parse_identity_secret, store_budgets

# What each of Budgets bounds, in the words of the command's help.
BUDGETS = (
    "messages that are answered in a day (by UTC)",
    "characters of visitors' messages in a day",
    "seconds that the platform is busy with replies in a day",
    "greetings that the platform is asked for in a day",
    "replies that run at once",
)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--active", action=BooleanOptionalAction, help="whether anybody may chat")
    parser.add_argument(
        "--inactive", action="store_false", dest="active", default=None, help="as --no-active"
    )
    parser.add_argument(
        "--identity-secret-env",
        metavar="VAR",
        help="take from this environment variable the secret, or the public key, by which the "
        "embedding site proves who its visitors are; '' for none",
    )
    parser.add_argument(
        "--require-identity",
        action=BooleanOptionalAction,
        help="refuse visitors whom the embedding site does not vouch for",
    )
    parser.add_argument(
        "--keep-days",
        metavar="N",
        type=int,
        help="erase conversations so many days after their last message; 0 for never",
    )
    for name, field in zip(Budgets.__struct_fields__, BUDGETS, strict=True):
        parser.add_argument(
            f"--{name.replace('_', '-')}", metavar="N", help=f"{field}; 0 for as many as there are"
        )


def protect(widget: Widget, options: dict[str, Any]) -> None:
    """Apply what was given of these to a widget. Raises ValidationError."""
    for field in ("active", "require_identity", "keep_days"):
        if options[field] is not None:
            setattr(widget, field, options[field])
    given = {name: options[name] for name in Budgets.__struct_fields__ if options[name] is not None}
    if given:
        widget.budgets = store_budgets({**widget.budgets, **given})
    if (variable := options["identity_secret_env"]) is not None:
        _set_identity_secret(widget, _identity_secret(variable))


def _identity_secret(variable: str) -> Secret:
    if not variable:
        return Secret()
    if not os.environ.get(variable, "").strip():
        raise ValidationError(f"The environment variable {variable} is not set, or empty.")
    return parse_identity_secret(Secret(os.environ[variable]))


def _set_identity_secret(widget: Widget, secret: Secret) -> None:
    """Stores it; the same one again leaves what is stored, as for a key."""
    try:
        same = widget.identity_secret == secret and is_newest(widget.encrypted_identity_secret)
    except PlatformMisconfigured:
        same = False
    if not same:
        widget.identity_secret = secret
