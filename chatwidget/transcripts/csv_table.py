"""Conversations as a table: CSV that opens right in Excel, every cell of it harmless."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
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
# Looked for with a NUL before the cell, whose beginning that stands for: a search for one of some
# signs, and then for what follows, takes a quarter of one that also asks for where it is.
FORMULA = re.compile(r"""[;|\t\r\n\0](?:(?<=\r)\n)?(?=[\s"']*[=+\-@＝＋－＠]|(?<=\0)[\t\r\n])""")


def as_csv(chats: Iterator[Chat]) -> Iterator[str]:
    """A header, then one message a line, with its conversation's columns repeated.

    Python's own writer looks at each character of each cell, which would be half of an export.
    """
    yield f"{BYTE_ORDER_MARK}{','.join(COLUMNS)}\r\n"
    for chat in chats:
        yield "".join(_lines(chat))


def _lines(chat: Chat) -> Iterator[str]:
    """A line for each message; what only we write, ids, times and the like, needs no look."""
    about = _about(chat)
    id_text, time_text, judgements = chat.id_text, chat.time_text, chat.judgements
    for row in chat.messages:
        (_, pk, created, completed, seq, role, text, status, first,
         code, cause, _, rating, comment, ui, metadata, author, event) = row  # fmt: skip
        began = time_text(created)
        ended = began if completed == created else time_text(completed) or ""
        unusual = code or cause or rating or comment or ui or author or event or metadata != "{}"
        if not unusual and not (judgements and pk in judgements):
            end = ",,0,,,,,,"
        else:
            end = (
                f"{cell(code)},{cell(cause)},{rating},{cell(comment)},"
                f"{_json(judgements.get(pk))},{_json(ui)},{_json(metadata)},{cell(author)},{event}"
            )
        yield (
            f"{about},{id_text(pk)},{seq},{role},{cell(text)},{status},{began},"
            f"{ended},{'' if first is None else first},{end}\r\n"
        )


def _about(chat: Chat) -> str:
    """The cells from `conversation` to `notes`."""
    id_text, time_text = chat.id_text, chat.time_text
    (pk, visitor, began, ended, widget, name, email, external_id, consent,
     session, url, title, referrer, locale, agent, done_seq, last_seq) = chat.about  # fmt: skip
    return (
        f"{id_text(pk)},{_repeated(widget)},{id_text(visitor)},"
        f"{cell(name)},{cell(email)},{cell(external_id)},{_json(consent)},"
        f"{cell(session)},{_repeated(url)},{_repeated(title)},{_repeated(referrer)},"
        f"{_repeated(locale)},{_repeated(agent)},{time_text(began)},{time_text(ended) or ''},"
        f"{done_seq >= last_seq},{cell(', '.join(chat.tags))},{_json(chat.notes)}"
    )


def _json(stored: Any) -> str:
    """What a column of JSON holds, as a cell."""
    if not stored or stored == "{}":
        return ""
    value = json_value(stored)
    return cell(json.dumps(value, ensure_ascii=False)) if value else ""


def cell(text: str) -> str:
    """Harmless, and in quotes where it needs them."""
    if not text:
        return text
    # Looks for one character each: all of them take less than one search for any.
    if ("=" in text or "+" in text or "-" in text or "@" in text or text[0] < " ") or (
        not text.isascii() and ("＝" in text or "＋" in text or "－" in text or "＠" in text)
    ):
        text = harmless(text)
    if "," in text or '"' in text or "\r" in text or "\n" in text:
        return '"' + text.replace('"', '""') + '"'
    return text


# Of a conversation's pages and browsers few are new.
_repeated = lru_cache(1000)(cell)


def harmless(text: str) -> str:
    """With an apostrophe before whatever a spreadsheet would take for a formula."""
    return FORMULA.sub(lambda found: f"{found[0]}'", f"\0{text}")[1:]
