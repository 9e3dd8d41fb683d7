"""Which widgets there are."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.db.models import Count, Max, OuterRef, Subquery

from chatwidget.management.base import DatabaseCommand, while_read
from chatwidget.models import Conversation, Widget

COLUMNS = ("slug", "title", "provider", "active", "sites", "conversations", "last message")


class Command(DatabaseCommand):
    help = "Lists the widgets: a table, or a line of JSON each. No key is shown."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=("table", "jsonl"), default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        with while_read():
            self._list(options["format"])

    def _list(self, form: str) -> None:
        rows = [_row(widget) for widget in _widgets()]
        if form == "jsonl":
            for row in rows:
                self.stdout.write(json.dumps(row, ensure_ascii=False))
        elif rows:
            self._table([COLUMNS, *([_cell(value) for value in row.values()] for row in rows)])
        else:
            self.stderr.write("There is no widget yet: configure_widget SLUG --provider NAME.")

    def _table(self, rows: list[Any]) -> None:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write(line.rstrip())


def _widgets() -> Any:
    theirs = Conversation.objects.filter(widget=OuterRef("pk")).order_by().values("widget")
    return Widget.objects.annotate(
        conversation_count=Subquery(theirs.values(count=Count("pk"))),
        last=Subquery(theirs.values(last=Max("last_message_at"))),
    )


def _row(widget: Any) -> dict[str, Any]:
    return {
        "slug": widget.slug,
        "title": widget.title,
        "provider": widget.provider,
        "active": widget.active,
        "sites": widget.allowed_origins,
        "conversations": widget.conversation_count or 0,
        "last_message": widget.last.isoformat(timespec="seconds") if widget.last else None,
    }


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value) or "any"
    return "never" if value is None else str(value)
