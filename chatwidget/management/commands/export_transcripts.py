"""Write the transcripts out, as JSON lines or as a table."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone
from tqdm import tqdm

from chatwidget.management.base import DatabaseCommand, named_widget, while_read
from chatwidget.transcripts import export
from chatwidget.transcripts.chats import read_chats
from chatwidget.transcripts.dataset import with_judgements

RATINGS = {"good": 1, "bad": -1}


class Command(DatabaseCommand):
    help = (
        "Writes conversations with their messages, oldest first: JSON, one conversation a line, "
        "or CSV, one message a line; a page to print; or a dataset: JSON, one judged reply a "
        "line. A bar is shown on a terminal's standard error."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", nargs="?", metavar="SLUG", help="only this widget's")
        parser.add_argument("--format", choices=sorted(export.FORMATS), default="jsonl")
        for name, which in (("since", "at this time or later"), ("until", "before this time")):
            parser.add_argument(
                f"--{name}",
                metavar="ISO",
                help=f"only those that began {which}, e.g. 2026-01-31 or 2026-01-31T18:00+01:00; "
                "without a zone: UTC",
            )
        for name, metavar, which in (
            ("language", "CODE", "in this language, e.g. pt or pt-BR"),
            ("page", "TEXT", "from pages whose address holds this"),
            ("tag", "NAME", "with this tag"),
            ("visitor", "ID|EMAIL", "of this person"),
        ):
            parser.add_argument(f"--{name}", metavar=metavar, help=f"only those {which}")
        parser.add_argument(
            "--failed", action="store_true", help="only those in which a reply failed"
        )
        parser.add_argument(
            "--rated", choices=sorted(RATINGS), help="only those with a reply that is rated so"
        )
        parser.add_argument(
            "--output",
            metavar="FILE",
            help="write there, readable by you only, and replace it when all is written "
            "(default: standard output)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["slug"]
        if slug is not None:
            named_widget(slug)
        since = moment("--since", options["since"])
        until = moment("--until", options["until"])
        conversations = export.select(
            slug,
            since,
            until,
            failed=options["failed"],
            rating=RATINGS[options["rated"]] if options["rated"] else None,
            **{name: options[name] for name in ("language", "page", "tag", "visitor")},
        )
        if options["format"] == "dataset":
            conversations = with_judgements(conversations)
        to_terminal = options["output"] in (None, "-") and sys.stdout.isatty()
        bar = sys.stderr.isatty() and not to_terminal
        rows = tqdm(
            read_chats(conversations),
            total=conversations.count() if bar else None,
            unit=" conversations",
            disable=not bar,
        )
        to_file = options["output"] not in (None, "-")
        target = (
            replaced(Path(options["output"])) if to_file else standard_output(self.stdout.write)
        )
        with target as write:
            for piece in export.pieces(iter(rows), options["format"]):
                write(piece)


def moment(option: str, text: str | None) -> datetime | None:
    """A time from the command line; a date is its midnight, without a zone it is UTC."""
    if text is None:
        return None
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f"{option}: {text!r} is no ISO 8601 time such as 2026-01-31T18:00:00Z."
        ) from None
    aware = given if given.tzinfo else given.replace(tzinfo=UTC)
    return aware if settings.USE_TZ else timezone.make_naive(aware)


@contextmanager
def standard_output(write: Callable[..., Any]) -> Iterator[Callable[[str], Any]]:
    """Writes as it stands; a reader that has had enough (`| head`) is no error."""
    # In any locale: UTF-8, and half a surrogate pair as JSON writes it.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="")
    with while_read():
        yield lambda text: write(text, ending="")


@contextmanager
def replaced(target: Path) -> Iterator[Callable[[str], Any]]:
    """Writes beside `target`, which it replaces at the end; on any failure nothing is left."""
    target = target.resolve()
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):
        if target.is_dir():
            raise CommandError(f"--output: {target} is a folder; give a file in it.")
        with said(target), target.open("w", encoding="utf-8", newline="") as device:
            yield device.write
        return
    with said(target):
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with (
            said(target),
            open(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as file,
        ):
            yield file.write
        with said(target):
            os.replace(name, target)
    except KeyboardInterrupt:
        raise CommandError("Interrupted; nothing was written.", returncode=130) from None
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def said(target: Path) -> Iterator[None]:
    """The system's refusal in one line."""
    try:
        yield
    except OSError as error:
        raise CommandError(f"Cannot write {target}: {error.strerror}.") from None
