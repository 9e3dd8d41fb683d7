"""Make a webhook, or change one."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from chatwidget.conf import Secret
from chatwidget.management.base import DatabaseCommand, named_widget
from chatwidget.models import Webhook
from chatwidget.widgets.webhooks import (
    EVENTS,
    parse_admin_url,
    parse_events,
    parse_mail_language,
    parse_webhook_secret,
    parse_webhook_url,
)


class Command(DatabaseCommand):
    help = (
        "Makes the webhook URL, or changes what is given of it and keeps the rest. A new one's "
        "secret is printed, once: its receiver needs it to check signatures."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", metavar="URL", help="https://…, or mailto:… for a mailbox")
        parser.add_argument("--widget", metavar="SLUG", help="only this widget's; '' for all")
        parser.add_argument(
            "--event",
            metavar="NAME",
            action="append",
            help=f"{', '.join(EVENTS)}; repeat it for several; all given replace all there were, "
            "'' is all",
        )
        parser.add_argument("--language", metavar="CODE", help="of mails, e.g. de")
        parser.add_argument(
            "--digest",
            choices=["day", "week", "none"],
            help="of the numbers; --event digest alone for nothing else",
        )
        parser.add_argument(
            "--admin-url", metavar="URL", help="of the admin, which a digest's links lead to"
        )
        parser.add_argument(
            "--secret-env", metavar="VAR", help="take the secret from this environment variable"
        )
        parser.add_argument("--new-secret", action="store_true", help="make and print a new one")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--active", action="store_true", default=None)
        which.add_argument("--inactive", dest="active", action="store_false")
        which.add_argument("--remove", action="store_true", help="with its notices")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            url = parse_webhook_url(options["url"])
            hook = Webhook.objects.filter(url=url).first()
            if options["remove"]:
                if hook is None:
                    raise CommandError(f"There is no webhook {url}; the admin lists them.")
                hook.delete()
                self.stdout.write(f"Removed webhook {url}.")
                return
            made = hook is None
            hook = hook or Webhook(url=url)
            secret = self._configure(hook, options)
            hook.save()
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from None
        self.stderr.write(f"{'Made' if made else 'Changed'} webhook {url}.")
        if secret:
            self.stdout.write(secret.reveal())

    def _configure(self, hook: Webhook, options: dict[str, Any]) -> Secret | None:
        """What is given of it; the secret, where a new one was made."""
        if (slug := options["widget"]) is not None:
            hook.widget = named_widget(slug) if slug else None
        if options["event"] is not None:
            hook.events = parse_events([name for name in options["event"] if name])
        if options["active"] is not None:
            hook.active = options["active"]
        if options["language"] is not None:
            hook.language = parse_mail_language(options["language"])
        if options["digest"] is not None:
            digest = options["digest"].replace("none", "")
            if digest != hook.digest:
                hook.digest, hook.digested_until = digest, None
        if options["admin_url"] is not None:
            hook.site = parse_admin_url(options["admin_url"])
        if hook.is_mail:
            return None
        if variable := options["secret_env"]:
            hook.secret = parse_webhook_secret(Secret(os.environ.get(variable, "")))
            return None
        if options["new_secret"] or not hook.encrypted_secret:
            return hook.make_secret()
        return None
