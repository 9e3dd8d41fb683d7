"""Does a widget's platform answer?"""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from chatwidget.db import missing_migrations
from chatwidget.models import Widget
from chatwidget.widgets.diagnostics import diagnose


class Command(BaseCommand):
    help = (
        "Talks to the widget's platform once, its greeting and a short message, and says what "
        "works and what does not; exit status 1 on any fault. It never prints the key."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["slug"]
        try:
            missing = missing_migrations()
            widget = Widget.objects.filter(slug=slug).first()
        except DatabaseError as error:
            reason = str(error).strip().partition("\n")[0]
            raise CommandError(f"The database is not ready ({reason}): run migrate.") from None
        if missing:
            raise CommandError(f"The database lacks {', '.join(missing)}: run migrate.")
        if widget is None:
            raise CommandError(f"There is no widget {slug!r}.")
        found = asyncio.run(diagnose(widget))
        for line in found.lines:
            self.stdout.write(line)
        if not widget.active:
            self.stdout.write("The widget is switched off: no page shows it.")
        if not found.ok:
            raise CommandError(f"Widget {slug!r} does not work as it should.")
