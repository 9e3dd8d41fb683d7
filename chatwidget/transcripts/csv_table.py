"""Conversations as a table: CSV that opens right in Excel, every cell of it harmless."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from chatwidget.transcripts.chats import Chat
from chatwidget.transcripts.raw_rows import json_value

COLUMNS = (
    *("conversation", "widget", "visitor_id", "visitor_name", "visitor_email"),
    *("visitor_external_id", "visitor_consent", "provider_session", "page_url", "page_title"),
    *("referrer", "locale", "user_agent", "started_at", "ended_at", "done", "tags", "notes"),
    *("message", "seq", "role", "text", "status", "created_at", "completed_at", "first_chunk_ms"),
    *("error_code", "error_cause", "rating", "rating_comment"),
    *("judgement", "ui", "metadata", "author", "event"),
)
# By it a double click tells UTF-8 from a code page.
BYTE_ORDER_MARK = "\ufeff"
# A spreadsheet takes a cell that begins so for a formula; some take the full-width forms too. What
# begins a cell is for the reader's settings to say: where lists are separated by semicolons, one
# within a cell ends it, and our quotes count for nothing.
FORMULA = re.compile(r"""(\A|\r\n|[;|\t\r\n])(?=[\s"']*[=+\-@＝＋－＠])|\A(?=[\t\r\n])""")
# Found in cells joined by NUL, with one before them, wherever FORMULA is found in one of them.
SUSPECT = re.compile(r"""[;|\t\r\n\0](?:[\s"']*[=+\-@＝＋－＠]|(?<=\0)[\t\r\n])""")


class _Lines(list[str]):
    """What `csv.writer` writes to: each line as it made it."""

    write = list.append


def as_csv(chats: Iterator[Chat]) -> Iterator[str]:
    """A header, then one message a line, with its conversation's columns repeated."""
    lines = _Lines()
    table = csv.writer(lines)
    table.writerow(COLUMNS)
    yield BYTE_ORDER_MARK + lines.pop()
    for chat in chats:
        table.writerow(_about(chat))
        about = lines.pop().removesuffix("\r\n") + ","
        table.writerows(_messages(chat))
        yield "".join([about + line for line in lines])
        lines.clear()


def _about(chat: Chat) -> list[Any]:
    """The cells from `conversation` to `notes`."""
    pk, visitor, began, ended, widget, name, email, external_id, consent, *facts = chat.about
    *texts, done_seq, last_seq = facts
    who = [
        chat.id_text(pk),
        widget,
        chat.id_text(visitor),
        name,
        email,
        external_id,
        _json(consent),
    ]
    added = [done_seq >= last_seq, ", ".join(chat.tags), _json(chat.notes)]
    cells = [*who, *texts, *map(chat.time_text, (began, ended)), *added]
    return [harmless(cell) for cell in cells] if _any_suspect(map(str, cells)) else cells


def _messages(chat: Chat) -> list[list[Any]]:
    """Of each message the cells from `message` to `event`."""
    lines: list[list[Any]] = []
    foreign: list[str] = []  # what only we write, ids, times and the like, needs no look
    id_text, time_text, judgements = chat.id_text, chat.time_text, chat.judgements
    for _, pk, created, completed, seq, role, text, status, first, *more in chat.messages:
        code, cause, _, rating, comment, ui, metadata, author, event = more
        name = id_text(pk)
        judged = _json(judgements.get(name)) if judgements else ""
        shown, extra = _json(ui) if ui else "", _json(metadata) if metadata != "{}" else ""
        times = time_text(created), time_text(completed)
        lines.append(
            [
                *(name, seq, role, text, status, *times, first),
                *(code, cause, rating, comment, judged, shown, extra, author, event),
            ]
        )
        foreign += (text, cause, comment, judged, shown, extra, author)
    if _any_suspect(foreign):
        return [[harmless(cell) for cell in line] for line in lines]
    return lines


def _json(stored: Any) -> str:
    value = json_value(stored)
    return json.dumps(value, ensure_ascii=False) if value else ""


def _any_suspect(cells: Iterable[str]) -> bool:
    return SUSPECT.search("\0".join(["", *cells])) is not None


def harmless(cell: Any) -> Any:
    """The cell, with an apostrophe before whatever a spreadsheet would take for a formula."""
    return FORMULA.sub(r"\1'", cell) if cell and isinstance(cell, str) else cell
