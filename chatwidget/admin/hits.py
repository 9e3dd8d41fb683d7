"""What a search found in the conversations of a list: the lines, with their words marked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape  # a sixth of what Django's costs
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models.functions import Substr
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from chatwidget.models import Message, Note
from chatwidget.transcripts import search, search_query
from chatwidget.transcripts.folding import MAX_TEXT
from chatwidget.transcripts.marking import Piece, excerpt, first_excerpt, holds

NONE = UUID(int=0)  # no conversation's id
LINES = 3  # of one conversation, at most
SHORT = 160  # code points of its first and its last words


def page_with(seq: int) -> int:
    """The `after` whose page of the transcript shows this message, with a few before it."""
    return max(seq - 4, 0)


def addresses(site: str | None = None) -> Callable[[UUID], str]:
    """What gives the address of a conversation's page; the URLs are asked once, being slow."""
    of_none = reverse("admin:chatwidget_conversation_change", args=[NONE], current_app=site)
    return lambda pk: of_none.replace(str(NONE), str(pk))


@dataclass(frozen=True, slots=True)
class Hit:
    """A line that was found; `seq` is its message's, or None where it is about the conversation."""

    pieces: list[Piece]
    role: str = ""
    seq: int | None = None


def with_hits(rows: list[Any], typed: str, listed: str) -> list[Any]:
    """The conversations, each with its `hits`; `listed` is the list's query, the way back to it."""
    query = search_query.parse(typed)
    found = search.find_messages(query, [row.pk for row in rows], LINES)
    wanted = {pk for pks in found.values() for pk in pks}
    beginning = Substr("text", 1, MAX_TEXT)
    messages = Message.objects.filter(pk__in=wanted).annotate(beginning=beginning)
    of_each: dict[Any, list[Hit]] = {row.pk: [] for row in rows}
    for pk, seq, role, *texts in messages.order_by("-seq").values_list(
        "conversation_id", "seq", "role", "beginning", "rating_comment"
    ):
        of_each[pk].append(Hit(first_excerpt(texts, query), role, seq))
    others = [row for row in rows if not of_each[row.pk]]
    notes: dict[Any, list[str]] = {}
    for pk, text in Note.objects.filter(conversation__in=[row.pk for row in others]).values_list(
        "conversation_id", "text"
    ):
        notes.setdefault(pk, []).append(text)
    listed = urlencode({"_changelist_filters": listed})
    address_of = addresses()
    for row in rows:
        row.listed = listed
        row.address = address_of(row.pk)
        row.hits = of_each[row.pk] or about(row, notes.get(row.pk, []), query)
    return rows


def about(row: Any, notes: list[str], query: search_query.Query) -> list[Hit]:
    """What matches of that which is known beside the messages."""
    known = (*notes, row.visitor.name, row.visitor.email, row.page_title, row.page_url)
    return [Hit(excerpt(text, query)) for text in known if text and holds(text, query)][:LINES]


def hit_lines(row: Any) -> SafeString:
    """The lines as the list shows them, each a link to its message; empty without a search."""
    if not hasattr(row, "hits"):
        return SafeString()
    lines = []
    for hit in row.hits:
        text = marked(hit.pieces)
        if hit.seq is not None:
            query = f"after={page_with(hit.seq)}&{row.listed}"
            link = f"{row.address}?{query}#message-{hit.seq}"
            text = format_html('<a href="{}">{}</a>', link, text)
        lines.append((hit.role or "about", text))
    return format_html_join("", '<div class="cw-hit cw-from-{}">{}</div>', lines)


def words_of(row: Any) -> SafeString:
    """The visitor's first words and the last of all, as the list shows them."""
    lines = [("first", row.first_words), ("last", row.last_words)]
    shown = [(kind, _short(plain(text))) for kind, text in lines if text]
    return format_html_join("", '<div class="cw-words cw-{}">{}</div>', shown)


def _short(text: str) -> str:
    return text if len(text) <= SHORT else Truncator(text).chars(SHORT)


def marked(pieces: list[Piece]) -> SafeString:
    """An excerpt as HTML."""
    return mark_safe(
        "".join(
            f"<mark>{escape(text)}</mark>" if is_marked else escape(_unmarked(text))
            for text, is_marked in pieces
        )
    )


# Of a text on one line it is noise: emphasis, code and headings; the bars and dashes of tables.
_MARKS = re.compile(r"\*\*|`+|^#{1,6}\s", re.MULTILINE)
_SLANTED = re.compile(r"(?<![\w*])([*_])(?=\S)([^*_\n]*)(?<=\S)\1(?![\w*])")
_ANY_MARK = re.compile(r"[*_`#|]")
_TABLE = re.compile(r"\|(?:[\s:]*-{2,}[\s:]*\|)*")


def plain(text: str) -> str:
    """Markdown on one line, for a glance at it."""
    return " ".join(_unmarked(text).split())


def _unmarked(text: str) -> str:
    if not _ANY_MARK.search(text):
        return text
    return _TABLE.sub(" ", _SLANTED.sub(r"\2", _MARKS.sub("", text)))
