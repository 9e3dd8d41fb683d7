"""Encrypt all that is stored encrypted with our newest secret."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.db.models import Model

from chatwidget import encryption
from chatwidget.errors import PlatformMisconfigured
from chatwidget.management.base import DatabaseCommand
from chatwidget.models import Webhook, Widget

# What of each is stored encrypted, and what it is called by.
FIELDS: dict[type[Model], tuple[str, tuple[str, ...]]] = {
    Widget: ("slug", ("encrypted_key", "encrypted_identity_secret")),
    Webhook: ("url", ("encrypted_secret",)),
}


class Command(DatabaseCommand):
    help = (
        "Encrypts the platforms' keys with the newest secret, the first of CHATWIDGET_SECRET_KEYS "
        "(without any: SECRET_KEY). Afterwards the older ones may be dropped. Exit status 1 where "
        "a key cannot be read with any of them."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        rotated, current, unreadable = 0, 0, []
        for model, pk, name, stored in self._stored():
            try:
                changes = {
                    field: encryption.encrypt(encryption.decrypt(value))
                    for field, value in stored.items()
                    if not encryption.is_newest(value)
                }
            except PlatformMisconfigured:
                unreadable.append(name)
                continue
            # Not where somebody has entered another key meanwhile: that is encrypted so.
            same = model._default_manager.filter(pk=pk, **stored)
            rotated += bool(changes) and same.update(**changes)
            current += not changes
        self.stdout.write(
            f"Encrypted the keys of {rotated} widgets and webhooks with the newest secret; of "
            f"{current} they were already."
        )
        if unreadable:
            raise CommandError(
                f"No secret reads the keys of {', '.join(unreadable)}: put the old "
                "one back into CHATWIDGET_SECRET_KEYS or SECRET_KEY_FALLBACKS, or give the keys "
                "again with configure_widget."
            )

    def _stored(self) -> list[tuple[type[Model], Any, str, dict[str, str]]]:
        """The rows that hold something encrypted."""
        return [
            (model, row["pk"], row[name], {field: row[field] for field in fields})
            for model, (name, fields) in FIELDS.items()
            for row in model._default_manager.order_by(name).values("pk", name, *fields)
            if any(row[field] for field in fields)
        ]
