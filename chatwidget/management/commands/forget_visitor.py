"""Erase a person."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from chatwidget.management.base import DatabaseCommand
from chatwidget.transcripts import erasure


class Command(DatabaseCommand):
    help = (
        "Erases a visitor, or all visitors who gave this e-mail address, with their conversations "
        "and messages. What a platform keeps is not reached from here."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("person", metavar="ID|EMAIL")

    def handle(self, *args: Any, **options: Any) -> None:
        person = options["person"].strip()
        people = erasure.find_people(person)
        if not people.exists():
            raise CommandError(
                f"No visitor has the id or the e-mail address {person!r}; "
                "the admin finds them by a part of it."
            )
        self.stdout.write(f"Erased {erasure.forget(people)}.")
