"""Conversations as a table: CSV that opens right in Excel, every cell of it harmless."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

CONVERSATION = (
    *("provider_session", "page_url", "page_title", "referrer", "locale", "user_agent"),
    *("started_at", "ended_at"),
)
MESSAGE = ("seq", "role", "text", "status", "created_at", "completed_at", "first_chunk_ms")
# Of the table: what `as_csv` puts into a line, in this order.
COLUMNS = (
    *("conversation", "widget", "visitor_id", "visitor_name", "visitor_email"),
    *("visitor_external_id", "visitor_consent", *CONVERSATION, "done", "tags", "notes"),
    *("message", *MESSAGE, "error_code", "error_cause", "rating", "rating_comment"),
    *("judgement", "ui", "metadata", "author", "event"),
)
# By it a double click tells UTF-8 from a code page.
BYTE_ORDER_MARK = "\ufeff"
# A spreadsheet takes a cell that begins so for a formula; some take the full-width forms too. What
# begins a cell is for the reader's settings to say: where lists are separated by semicolons, one
# within a cell ends it, and our quotes count for nothing.
FORMULA = re.compile(r"""(\A|\r\n|[;|\t\r\n])(?=[\s"']*[=+\-@＝＋－＠])|\A(?=[\t\r\n])""")
# The same in two, which most cells are looked through by more quickly: at the beginning, within.
BEGINS = re.compile(r"""[\s"']*[=+\-@＝＋－＠]|[\t\r\n]""")
WITHIN = re.compile(r"""[;|\t\r\n][\s"']*[=+\-@＝＋－＠]""")


def as_csv(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    """A header, then one message a line, with its conversation's columns repeated."""
    yield BYTE_ORDER_MARK
    lines = io.StringIO(newline="")
    table = csv.writer(lines)
    table.writerow(COLUMNS)
    for row in rows:
        of_conversation = [
            row["id"],
            row["widget"],
            *(row["visitor"][name] for name in ("id", "name", "email", "external_id")),
            _json(row["visitor"]["consent"]),
            *(row[name] for name in CONVERSATION),
            row["done"],
            ", ".join(row["tags"]),
            _json(row["notes"]),
        ]
        first = [harmless(cell) for cell in of_conversation]
        for message in row["messages"]:
            error = message["error"] or _NO_ERROR
            # What only we write, ids, times and the like, begins with a letter or a digit.
            table.writerow(
                [
                    *first,
                    message["id"],
                    message["seq"],
                    message["role"],
                    harmless(message["text"]),
                    *_REST(message),
                    error["code"],
                    harmless(error["cause"]),
                    message["rating"],
                    harmless(message["rating_comment"]),
                    *[harmless(_json(each)) if each else "" for each in _OBJECTS(message)],
                    harmless(message["author"]["name"]) if "author" in message else "",
                    message.get("event", ""),
                ]
            )
        yield lines.getvalue()
        lines.seek(0)
        lines.truncate()
    yield lines.getvalue()


_REST = itemgetter(*MESSAGE[3:])
_OBJECTS = itemgetter("judgement", "ui", "metadata")
_NO_ERROR = {"code": "", "cause": ""}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if value else ""


def harmless(cell: Any) -> Any:
    """The cell, with an apostrophe before whatever a spreadsheet would take for a formula."""
    if not cell or not isinstance(cell, str) or not (BEGINS.match(cell) or WITHIN.search(cell)):
        return cell
    return FORMULA.sub(r"\1'", cell)
