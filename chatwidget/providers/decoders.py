"""From bytes, cut anywhere, to text, server-sent events and typed JSON. Pure: no I/O here.

Each decoder holds one answer's state. What it keeps is bounded, and beyond its bound, as for
anything that is not what the platform documents, it raises PlatformRejected.

Bytes that are not UTF-8 become U+FFFD in streams, also where the last character is cut off: so do
the browsers' TextDecoder (which a platform's own example uses) and EventSource, and a reply with
one odd mark is worth more than none. In JSON they are refused, as JSON is (RFC 8259).
"""

from __future__ import annotations

import codecs
import json
import re
from contextlib import suppress
from typing import Any, NamedTuple, NoReturn, TypeVar

import msgspec

from chatwidget.errors import PlatformRejected

T = TypeVar("T")

# A whole reply may come as one line: MAX_REPLY_LENGTH's default, of two bytes a character.
MAX_LINE = 2 * 1024 * 1024
# An answer in JSON holds the reply, each character of which may be an escape of six bytes.
MAX_JSON = 8 * 1024 * 1024
# What a platform sends for the owner alone (metadata, a rich element), as JSON.
MAX_EXTRA = 64 * 1024
_BOM = b"\xef\xbb\xbf"
# A character beyond U+FFFF, or a half of one.
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_utf8 = codecs.getincrementaldecoder("utf-8")


class TextDecoder:
    """UTF-8 in any cut → text. NUL is left out: it says nothing, and PostgreSQL refuses it."""

    def __init__(self) -> None:
        self._decode = _utf8("replace").decode

    def feed(self, chunk: bytes) -> str:
        """The characters that are complete by now; empty while the first one is not."""
        text = self._decode(chunk)
        return text.replace("\0", "") if "\0" in text else text

    def end(self) -> str:
        """What stands for a last character that was cut off: nothing, or U+FFFD."""
        return self._decode(b"", True)


class ServerEvent(NamedTuple):
    """One server-sent event; `name` is empty where the server gave none."""

    name: str
    data: str


class SSEDecoder:
    """Server-sent events (WHATWG HTML, §9.2.6) in any cut → the events.

    Lines end at CR, LF or CRLF and nowhere else: U+2028 may stand inside JSON. With `by_line`,
    every `data:` line is an event, as some platforms send them without the blank line between; with
    `bare`, so is a name alone, which browsers leave out.
    """

    def __init__(self, *, by_line: bool = False, bare: bool = False) -> None:
        self._by_line = by_line
        self._bare = bare
        self._rest = b""  # the line that is not complete yet
        self._after_cr = False  # an LF that comes now belongs to the CR before it
        self._first = True
        self._name = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        """The events that `chunk` completes. Raises PlatformRejected for one that is too long."""
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_cr = False
        if not chunk:
            return []
        self._after_cr = chunk.endswith(b"\r")
        if b"\n" in chunk or b"\r" in chunk:
            lines = (self._rest + chunk).splitlines()  # of bytes: CR, LF and CRLF only
            self._rest = b"" if chunk.endswith((b"\r", b"\n")) else lines.pop()
        else:  # a long line is not looked through again for each of its pieces
            lines, self._rest = [], self._rest + chunk
        if len(self._rest) > MAX_LINE:
            raise PlatformRejected(f"a line of the event stream is longer than {MAX_LINE} bytes")
        events: list[ServerEvent] = []
        for line in lines:
            self._take(line, events)
        return events

    def end(self) -> list[ServerEvent]:
        """What a stream that ended properly left unfinished: servers forget the last line end."""
        events: list[ServerEvent] = []
        if self._rest:
            self._take(self._rest, events)
        self._take(b"", events)
        self._rest = b""
        return events

    def _take(self, line: bytes, events: list[ServerEvent]) -> None:
        if self._first:
            line = line.removeprefix(_BOM)
            self._first = False
        if not line:
            if self._data or (self._bare and self._name):
                events.append(ServerEvent(self._name, "\n".join(self._data)))
            self._forget()
            return
        field, _, value = line.partition(b":")
        if field == b"data":
            self._size += len(line)
            if self._size > MAX_LINE:
                raise PlatformRejected(f"an event of the stream is longer than {MAX_LINE} bytes")
            self._data.append(value.removeprefix(b" ").decode("utf-8", "replace"))
            if self._by_line:
                events.append(ServerEvent(self._name, self._data[0]))
                self._data.clear()
                self._size = 0
        elif field == b"event":
            self._name = value.removeprefix(b" ").decode("utf-8", "replace")

    def _forget(self) -> None:
        self._name = ""
        self._data.clear()
        self._size = 0


class JSONDecoder:
    """A body in any cut → one typed value; no more than MAX_JSON bytes are kept."""

    def __init__(self) -> None:
        self._body = bytearray()

    def feed(self, chunk: bytes) -> None:
        """Keeps the chunk. Raises PlatformRejected when the body grows too long."""
        self._body += chunk
        if len(self._body) > MAX_JSON:
            raise PlatformRejected(f"the answer is longer than {MAX_JSON} bytes")

    def end(self, shape: type[T]) -> T:
        """The whole body as `shape`. Raises PlatformRejected."""
        return read_json(bytes(self._body), shape)


def read_json(data: bytes | str, shape: type[T]) -> T:
    """JSON of a documented shape; undocumented fields are ignored. Raises PlatformRejected.

    Text that a platform cut between the halves of a character holds one of them, as an escape: it
    is kept, for `joined` to find the other.
    """
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        with suppress(ValueError, RecursionError):
            text = data if isinstance(data, str) else data.decode()
            if _HALF.search(text):
                return msgspec.convert(json.loads(text, parse_constant=_refused), shape)
        raise PlatformRejected(
            f"not what the platform documents: {error}: {excerpt(data)}"
        ) from None


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def joined(text: str) -> tuple[str, str]:
    """Text that can be stored, its characters' halves joined, and a last half that waits for more.

    A half that is alone becomes U+FFFD, as a byte does that is not UTF-8.
    """
    half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
    units = text.removesuffix(half).replace("\0", "").encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "replace"), half


def plain(value: dict[str, Any]) -> dict[str, Any]:
    """What came besides the text, as JSON that can be stored. Raises PlatformRejected."""
    try:
        try:
            encoded = msgspec.json.encode(value)
        except UnicodeEncodeError:  # half a character, as a shortened title has
            encoded = joined(json.dumps(value, ensure_ascii=False))[0].encode()
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise PlatformRejected(f"it is no JSON: {excerpt(str(error))}") from None
    if len(encoded) > MAX_EXTRA:
        raise PlatformRejected(f"it is longer than {MAX_EXTRA} bytes")
    # PostgreSQL refuses it. An escaped backslash before "u0000" is text, not an escape.
    if b"\\u0000" in encoded.replace(b"\\\\", b""):
        raise PlatformRejected("it holds a NUL")
    return read_json(encoded, dict[str, Any])


def excerpt(text: bytes | str, limit: int = 300) -> str:
    """The beginning of what a platform said, on one line, fit for a cause and a log."""
    if isinstance(text, bytes):
        text = text[: 4 * limit + 4].decode("utf-8", "replace")
    shown = "".join(char if char.isprintable() else " " for char in text[: 4 * limit])
    shown = " ".join(shown.split())
    return shown if len(shown) <= limit else f"{shown[:limit]}…"
