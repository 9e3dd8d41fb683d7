"""Count again what the admin's numbers show."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

from chatwidget.management.base import DatabaseCommand
from chatwidget.models import Conversation
from chatwidget.transcripts import rollups


class Command(DatabaseCommand):
    help = (
        "Counts all stored conversations again for the admin's Numbers. Days before the oldest of "
        "them stay as they are: what is erased cannot be counted. While it runs, the numbers are "
        "too low."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        total = Conversation.objects.count()
        quiet = options["verbosity"] < 1 or not sys.stderr.isatty()
        with tqdm(total=total, unit=" conversations", disable=quiet) as bar:
            rollups.rebuild(bar.update)
        if options["verbosity"] > 0:
            self.stdout.write(f"Counted {total} conversations.")
