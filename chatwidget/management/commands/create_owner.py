"""An account that runs the chats, and nothing else of the site."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import transaction

from chatwidget.management.base import DatabaseCommand, named_widget
from chatwidget.models import WidgetAccess

OWNERS = "Chat owner"  # the group that comes with the migrations


class Command(DatabaseCommand):
    help = (
        f"Lets USERNAME into the admin as one of the group “{OWNERS}”: an account is made, or the "
        "one that is there gets what it lacks and keeps the rest. It is no superuser."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME")
        parser.add_argument("--email", metavar="ADDRESS")
        parser.add_argument(
            "--password-env", metavar="VAR", help="take the password from this environment variable"
        )
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )
        parser.add_argument(
            "--widget",
            metavar="SLUG",
            action="append",
            help="only this widget; repeat it for several; without it, all of them",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        made = self._let_in(options)
        if options["verbosity"] > 0:
            which = ", ".join(options["widget"]) if options["widget"] else "all widgets"
            name, done = options["username"], "Made" if made else "Changed"
            self.stdout.write(f"{done} {name!r}: in the group “{OWNERS}”, for {which}.")

    @transaction.atomic
    def _let_in(self, options: dict[str, Any]) -> bool:
        """Whether an account was made."""
        accounts, name = get_user_model(), options["username"].strip()
        widgets = [named_widget(slug) for slug in options["widget"] or ()]
        group = Group.objects.filter(name=OWNERS).first()
        if group is None:
            raise CommandError(
                f"There is no group “{OWNERS}”, which migrations made: make one in the admin."
            )
        user = accounts._default_manager.filter(**{accounts.USERNAME_FIELD: name}).first()
        is_new = user is None
        user = user or accounts(**{accounts.USERNAME_FIELD: name})
        password = _password(options, is_new)
        user.is_staff = True
        if options["email"] is not None:
            setattr(user, accounts.get_email_field_name(), options["email"].strip())
        try:
            if password:
                validate_password(password, user)
                user.set_password(password)
            user.full_clean()
        except ValidationError as error:
            raise CommandError(f"{name!r}: {' '.join(error.messages)}") from None
        user.save()
        user.groups.add(group)
        if options["widget"]:
            access, _ = WidgetAccess.objects.get_or_create(user=user)
            access.widgets.set(widgets)
        return is_new


def _password(options: dict[str, Any], is_new: bool) -> str:
    """The password, from where it is said to be; empty: the one there is stays."""
    variable, stdin = options["password_env"], options["password_stdin"]
    if variable is not None and stdin:
        raise CommandError("Give --password-env or --password-stdin, not both.")
    if variable is not None:
        if not (password := os.environ.get(variable, "")):
            raise CommandError(f"The environment variable {variable} is not set, or empty.")
        return password
    if stdin:
        if not (password := sys.stdin.readline().rstrip("\r\n")):
            raise CommandError("--password-stdin: standard input is empty.")
        return password
    if is_new and sys.stdin.isatty():
        return getpass("Password: ")
    if is_new:
        raise CommandError("A new account needs a password: --password-env VAR, --password-stdin.")
    return ""
