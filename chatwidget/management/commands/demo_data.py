"""A year of invented conversations, to look at the admin and to measure it."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from tqdm import tqdm

from chatwidget.db import let_others_write
from chatwidget.management.base import DatabaseCommand
from chatwidget.management.demo.store import SLUGS, write
from chatwidget.management.demo.story import Story
from chatwidget.models import Conversation, Widget
from chatwidget.transcripts import batches, erasure, rollups, search_index


class Command(DatabaseCommand):
    help = (
        "Fills the site with a year of invented conversations with three widgets "
        f"({', '.join(SLUGS)}): visitors, languages, pages, ratings, failures. The same seed, "
        "number and last day make the same. Refuses where there are real conversations."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--messages",
            default="20000",
            metavar="N",
            help="how many messages, 2 or more (default: %(default)s); 400000 take some minutes",
        )
        parser.add_argument(
            "--seed", type=int, default=1, metavar="N", help="another: another year"
        )
        parser.add_argument(
            "--last-day", metavar="YYYY-MM-DD", help="the year's last day (default: yesterday)"
        )
        parser.add_argument(
            "--replace", action="store_true", help="first erase those three widgets, with all of it"
        )
        parser.add_argument(
            "--beside-real", action="store_true", help="also where there are real conversations"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        messages, last = _number(options["messages"]), _day(options["last_day"])
        self._make_room(options["replace"], options["beside_real"])
        quiet = options["verbosity"] < 1 or not sys.stderr.isatty()
        with tqdm(total=messages, unit=" messages", disable=quiet) as bar:
            write(Story(options["seed"], messages, last).chats(), bar.update)
        for what, catch_up in (
            ("search index", search_index.catch_up),
            ("numbers", rollups.catch_up),
        ):
            began = time.monotonic()
            with tqdm(desc=what, unit=" conversations", disable=quiet) as bar:
                while done := catch_up(batches.BATCH):
                    bar.update(done)
                    began = let_others_write(began)
        if options["verbosity"] > 0:
            conversations = Conversation.objects.filter(widget__slug__in=SLUGS).count()
            self.stdout.write(
                f"Made {messages} messages in {conversations} conversations with "
                f"{', '.join(SLUGS)}."
            )

    def _make_room(self, replace: bool, beside_real: bool) -> None:
        """Refuse, or erase, what is there. Raises CommandError."""
        made = Widget.objects.filter(slug__in=SLUGS)
        needed: dict[str, tuple[bool, str]] = {}
        if Conversation.objects.exclude(widget__slug__in=SLUGS).exists():
            why = "this site has real conversations, which invented ones would drown"
            needed["--beside-real"] = (beside_real, why)
        if made:
            why = f"{', '.join(widget.slug for widget in made)} is there already"
            needed["--replace"] = (replace, why)
        if reasons := [why for given, why in needed.values() if not given]:
            typed = " ".join(needed)
            raise CommandError(
                f'demo_data: {"; ".join(reasons)}. Give {typed} (with make: ARGS="{typed}").'
            )
        for widget in made:
            erasure.erase_widget(widget)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 2 <= int(text) <= 100_000_000):
        raise CommandError(f"--messages: {text!r} is no number from 2 to 100000000.")
    return int(text)


def _day(text: str | None) -> date:
    if text is None:
        return timezone.now().date() - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--last-day: {text!r} is no day like 2026-03-14.") from None
