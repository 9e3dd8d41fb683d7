"""Erase the conversations that are old."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from tqdm import tqdm

from chatwidget.management.base import DatabaseCommand
from chatwidget.transcripts import erasure


class Command(DatabaseCommand):
    help = (
        "Erases every conversation whose last message is older than so many days, and the "
        "visitors who have none left. For a daily cron job or timer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--older-than", required=True, metavar="DAYS", dest="days")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            before = timezone.now() - timedelta(days=whole_days(options["days"]))
        except OverflowError:
            raise CommandError("--older-than: that is longer ago than dates go.") from None
        with tqdm(unit=" conversations", disable=not sys.stderr.isatty()) as bar:
            erased = erasure.purge(before, bar.update)
        self.stdout.write(f"Erased {erased}.")


def whole_days(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise CommandError(f"--older-than: {text!r} is no number of days, 0 or more.")
    return int(text)
