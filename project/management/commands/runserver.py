"""Django's own development server knows no websockets: say what does."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Not here: `make run`, or `manage.py serve`, which also carries the chats' websockets."
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        super().run_from_argv(argv[:2])  # whatever was asked of the other one

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError("runserver has no websockets: use `make run`, or `manage.py serve`.")
