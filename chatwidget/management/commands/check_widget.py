"""Does a widget's platform answer?"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from chatwidget.management.base import DatabaseCommand, named_widget
from chatwidget.widgets.diagnostics import diagnose_all


class Command(DatabaseCommand):
    help = (
        "Talks to the widget's platform once, its greeting and a short message, then to its "
        "fallback's, and says what works and what does not; exit status 1 on any fault. It never "
        "prints a key."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG")

    def handle(self, *args: Any, **options: Any) -> None:
        widget = named_widget(options["slug"])
        found = diagnose_all(widget)
        for section in found:
            for line in section.lines:
                self.stdout.write(line)
        if not widget.active:
            self.stdout.write("The widget is switched off: no page shows it.")
        if not all(section.ok for section in found):
            raise CommandError(f"Widget {widget.slug!r} does not work as it should: see above.")
