"""Text as people, pages and platforms send it: what of it can be stored, and what is an id."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import msgspec


def is_clean(text: str) -> bool:
    """No NUL, which PostgreSQL refuses, and no lone surrogate, which UTF-8 cannot hold."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def as_uuid(text: str) -> UUID | None:
    """A client's text as an id; None for what is none, which is as unknown."""
    try:
        return UUID(text)
    except ValueError:
        return None


def uuid8(digest: bytes) -> UUID:
    """Sixteen bytes as an id of version 8: MariaDB takes no UUID with other bits in that place.

    Nor does it take one of that version whose ninth byte is 0x80 (seen with 10.11.19).
    """
    number = int.from_bytes(digest) & ~(0xF << 76) & ~(0x3 << 62) | 8 << 76 | 2 << 62
    return UUID(int=number if number >> 56 & 0xFF != 0x80 else number | 1 << 56)


def cleaned(text: str | None, limit: int) -> str:
    """What a page or a person says of itself, fit to be stored, at most `limit` code points."""
    return storable((text or "")[:limit]).strip()


def storable(text: str) -> str:
    """The text without what is not `is_clean`; the same object where nothing is wrong."""
    if is_clean(text):
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode()


# What Markdown writes around words: emphasis, code, headings; what leads to an address; and of a
# table the lines of dashes, and the bars.
_MARKS = re.compile(r"\*\*|`+\w*(?=\n)|`+|^#{1,6} ", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\[\]\n]+)\]\(([^\s()]*(?:\([^\s()]*\)[^\s()]*)*)\)")
_DASHES = re.compile(r"^[ \t]*\|(?:[ :]*-+[ :]*\|)+[ \t]*\n?", re.MULTILINE)
_ROW = re.compile(r"^[ \t]*\|(.+)\|[ \t]*$", re.MULTILINE)


def without_marks(text: str) -> str:
    """Markdown as plain text that reads well: each link's address stands behind its words."""
    text = _LINK.sub(r"\1 (\2)", _DASHES.sub("", text))
    return _MARKS.sub("", _ROW.sub(_cells, text))


def _cells(row: re.Match[str]) -> str:
    return " · ".join(cell.strip() for cell in row[1].split("|"))


def loggable(value: object, limit: int = 300) -> str:
    """A stranger's text for a log: its two ends where it is long, and no control character but line
    breaks and tabs."""
    text = str(value)
    if len(text) > limit:
        cut = f"… [{len(text) - limit} more] …"
        text = text[: limit // 2] + cut + text[-limit // 2 :]
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)


def on_a_line(value: object) -> str:
    """The same, where a line break would begin a line that is not ours."""
    return loggable(value).replace("\n", "\\n")


# Beside LF and CR, which JSON escapes by itself: NEL and the separators of lines and paragraphs.
_LINE_ENDS = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_encode = msgspec.json.Encoder().encode


def json_line(value: Any) -> str:
    """A value as one line, also for readers that end lines where Unicode does."""
    try:
        line = _encode(value).decode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON may hold
        line = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
    for end, escape in _LINE_ENDS.items():
        if end in line:  # which costs less than to replace nothing
            line = line.replace(end, escape)
    return f"{line}\n"
