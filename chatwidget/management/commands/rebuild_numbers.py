"""Count again what the admin's numbers show."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from tqdm import tqdm

from chatwidget.db import missing_migrations
from chatwidget.models import Conversation
from chatwidget.transcripts import rollups


class Command(BaseCommand):
    help = (
        "Counts all stored conversations again for the admin's Numbers. Days before the oldest of "
        "them stay as they are: what is erased cannot be counted. While it runs, the numbers are "
        "too low."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if missing := missing_migrations():
                raise CommandError(f"The database lacks {', '.join(missing)}: run migrate.")
            total = Conversation.objects.count()
        except DatabaseError as error:
            reason = str(error).strip().partition("\n")[0]
            raise CommandError(f"The database is not ready ({reason}): run migrate.") from None
        quiet = options["verbosity"] < 1 or not sys.stderr.isatty()
        with tqdm(total=total, unit=" conversations", disable=quiet) as bar:
            rollups.rebuild(bar.update)
        if options["verbosity"] > 0:
            self.stdout.write(f"Counted {total} conversations.")
