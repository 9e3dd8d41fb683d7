"""Encrypt all that is stored encrypted with our newest secret."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from chatwidget import encryption
from chatwidget.errors import PlatformMisconfigured
from chatwidget.models import Widget

# What of a widget is stored encrypted.
FIELDS = ("encrypted_key", "encrypted_identity_secret")


class Command(BaseCommand):
    help = (
        "Encrypts the platforms' keys with the newest secret, the first of CHATWIDGET_SECRET_KEYS "
        "(without any: SECRET_KEY). Afterwards the older ones may be dropped. Exit status 1 where "
        "a key cannot be read with any of them."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        rotated, current, unreadable = 0, 0, []
        try:
            for slug, stored in self._stored():
                try:
                    changes = {
                        field: encryption.encrypt(encryption.decrypt(value))
                        for field, value in stored.items()
                        if not encryption.is_newest(value)
                    }
                except PlatformMisconfigured:
                    unreadable.append(slug)
                    continue
                # Not where somebody has entered another key meanwhile: that is encrypted so.
                rotated += bool(changes) and Widget.objects.filter(slug=slug, **stored).update(
                    **changes
                )
                current += not changes
        except DatabaseError as error:
            reason = str(error).strip().partition("\n")[0]
            raise CommandError(f"The database is not ready ({reason}): run migrate.") from None
        self.stdout.write(
            f"Encrypted the keys of {rotated} widgets with the newest secret; of {current} they "
            "were already."
        )
        if unreadable:
            raise CommandError(
                f"No secret reads the keys of the widgets {', '.join(unreadable)}: put the old "
                "one back into CHATWIDGET_SECRET_KEYS or SECRET_KEY_FALLBACKS, or give the keys "
                "again with configure_widget."
            )

    def _stored(self) -> list[tuple[str, dict[str, str]]]:
        """The widgets that hold something encrypted."""
        rows = Widget.objects.order_by("slug").values("slug", *FIELDS)
        return [
            (row["slug"], {field: row[field] for field in FIELDS})
            for row in rows
            if any(row[field] for field in FIELDS)
        ]
