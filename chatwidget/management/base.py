"""What the commands share: a database that is not ready, a widget that is not there, a reader who
has had enough."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from chatwidget.db import missing_migrations
from chatwidget.models import Widget


class PlainCommand(BaseCommand):
    """A command that ends with status 1 whatever is wrong."""

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
        except SystemExit as end:  # 2 is argparse's, of a line that it cannot read
            raise SystemExit(1 if end.code == 2 else end.code) from None


class DatabaseCommand(PlainCommand):
    """A command that needs the database, with all migrations; else it says so in one line."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            if missing := missing_migrations():
                raise CommandError(f"The database lacks {', '.join(missing)}: run migrate.")
            return super().execute(*args, **options)
        except DatabaseError as error:
            reason = str(error).strip().partition("\n")[0]
            raise CommandError(
                f"The database is not ready ({reason}): does it run where DATABASES says? "
                "If so, run migrate."
            ) from None


@contextmanager
def while_read() -> Iterator[None]:
    """Around what is printed: that nobody reads any more (`| head`) ends it, and is no error."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered would complain again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def named_widget(slug: str) -> Widget:
    """Raises CommandError."""
    found = Widget.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no widget {slug!r}; list_widgets names those there are.")
    return found
