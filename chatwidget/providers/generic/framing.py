"""An answer's bytes, in any cut → its events, by the framing that the owner chose. Pure.

The Content-Type decides only where a plain JSON answer comes instead of the stream that was asked
for: an error, or the whole reply of an agent that cannot stream.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import UNSET

from chatwidget.errors import PlatformRejected
from chatwidget.providers.decoders import (
    MAX_LINE,
    JSONDecoder,
    ServerEvent,
    SSEDecoder,
    TextDecoder,
    excerpt,
    read_json,
)
from chatwidget.providers.generic.description import Answer
from chatwidget.providers.generic.paths import Event

DONE = "[DONE]"
PAGES = ("text/html", "application/xhtml+xml")
_BOM = b"\xef\xbb\xbf"
TAGS = (b"<!doctype", b"<html")
# What is kept of an answer that cannot be read, for its owner.
CAUSE = 2000


def framing(answer: Answer, media_type: str) -> Framing:
    """The framing of an answer of this media type."""
    done = DONE if answer.done is UNSET else answer.done
    if answer.framing == "text":
        return Pieces(media_type, any_type=answer.any_type)
    if answer.framing == "json":
        return Whole()
    if answer.framing == "sse":
        plain = any(rule.path == "$" for rule in answer.text)
        return Events(done, lenient=not answer.any_type, plain=plain)
    return Lines(done, lenient=not answer.any_type and _is_json(media_type))


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or media_type.endswith("+json")


class Framing:
    """One answer's bytes go in, its events come out."""

    whole = False  # the answer is one value
    done = False  # the mark that is no event has come: nothing comes after it

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that a chunk completes. Raises PlatformRejected."""
        raise NotImplementedError

    def end(self) -> Iterator[Event]:
        """What an answer that has ended left unfinished. Raises PlatformRejected."""
        return iter(())


class Pieces(Framing):
    """`text`: each piece is an event. A login page must not become an agent's words."""

    def __init__(self, media_type: str, *, any_type: bool) -> None:
        self._decoder = TextDecoder()
        self._type = media_type
        self._begun = b""  # while it may be a page
        self._sure = any_type

    def feed(self, chunk: bytes) -> Iterator[Event]:
        if not self._sure:
            self._begun += chunk
            start = self._begun.lstrip().lower()
            if start.startswith(TAGS) or self._type in PAGES or _is_json(self._type):
                said = excerpt(self._begun, CAUSE)
                raise PlatformRejected(
                    f"answered {excerpt(self._type) or 'a page'}, no text: {said}"
                )
            if any(tag.startswith(start) for tag in TAGS):
                return
            self._sure, chunk = True, self._begun
        if text := self._decoder.feed(chunk):
            yield Event("", text)

    def end(self) -> Iterator[Event]:
        text = self._decoder.feed(b"" if self._sure else self._begun) + self._decoder.end()
        if text:
            yield Event("", text)


class Whole(Framing):
    """`json`: all of it is one event."""

    whole = True

    def __init__(self) -> None:
        self._decoder = JSONDecoder()
        self._begun = b""

    def feed(self, chunk: bytes) -> Iterator[Event]:
        self._decoder.feed(chunk)
        self._begun = self._begun or chunk[:CAUSE]
        return iter(())

    def end(self) -> Iterator[Event]:
        try:
            value = self._decoder.end(Any)
        except PlatformRejected as error:
            what = "the answer is no JSON" if self._begun else "the answer is no JSON: it is empty"
            raise PlatformRejected(f"{what} ({error.cause})") from None
        yield Event("", value)


class Events(Framing):
    """`sse`: server-sent events, also those without data.

    `lenient`: an answer that begins as JSON does, and as no field of an event can, is one value.
    `plain`: a rule takes the data itself, which may be a text that looks like JSON.
    """

    def __init__(self, done: str, *, lenient: bool, plain: bool) -> None:
        self._decoder = SSEDecoder(bare=True)
        self._done = done
        self._plain = plain
        self._sure = not lenient
        self._begun = b""  # while it may be either
        self._json: Whole | None = None

    def feed(self, chunk: bytes) -> Iterator[Event]:
        if not self._sure:
            chunk = self._begun = self._begun + chunk
            start = chunk.removeprefix(_BOM).lstrip()
            if _BOM.startswith(start):
                return iter(())
            self._sure = True
            if start.startswith((b"{", b"[")):
                self._json, self.whole = Whole(), True
        if self._json is not None:
            return self._json.feed(chunk)
        return self._read(self._decoder.feed(chunk), self._plain)

    def end(self) -> Iterator[Event]:
        if self._json is not None:
            return self._json.end()
        return self._read(self._decoder.end(), plain=False)  # the last one may be cut off

    def _read(self, events: list[ServerEvent], plain: bool) -> Iterator[Event]:
        for name, data in events:
            if data.strip() == self._done:
                self.done = True
                return
            yield Event(name, _value(data, plain))


def _value(data: str, plain: bool) -> Any:
    """An event's data: JSON, or a text that does not look like it; None where there is none.

    `plain`: a text too where it only looks like it, a number as it is written, and blanks.
    """
    if not data.strip():
        return data if plain and data else None
    try:
        value = read_json(data, Any)
    except PlatformRejected:
        if data.lstrip()[:1] in '{["' and not plain:
            raise
        return data
    return data if plain and isinstance(value, int | float) else value


class Lines(Framing):
    """`ndjson`: each line is an event; blank ones are not.

    `lenient`: it is typed as one JSON value, and where its first line is none, it is.
    """

    def __init__(self, done: str, *, lenient: bool) -> None:
        self._done = done
        self._lenient = lenient
        self._rest = b""
        self._first = True
        self._json: JSONDecoder | None = None

    def feed(self, chunk: bytes) -> Iterator[Event]:
        if self._json is not None:
            self._json.feed(chunk)
            return
        first, *more = chunk.split(b"\n")
        *lines, self._rest = (self._rest + first, *more)
        for at, line in enumerate(lines):
            yield from self._line(line)
            if self.done:
                return
            if self._json is not None:
                self._json.feed(b"\n".join((*lines[at:], self._rest)))
                return
        if len(self._rest) > MAX_LINE:
            raise PlatformRejected(f"a line of the answer is longer than {MAX_LINE} bytes")

    def end(self) -> Iterator[Event]:
        if self._json is None:
            yield from self._line(self._rest)
        if self._json is not None:
            yield Event("", self._json.end(Any))

    def _line(self, line: bytes) -> Iterator[Event]:
        line = line.removeprefix(_BOM) if self._first else line
        if not line.strip():
            return
        if line.strip() == self._done.encode():
            self.done = True
            return
        try:
            value = read_json(line, Any)
        except PlatformRejected:
            if not (self._lenient and self._first):
                raise
            self._json, self.whole = JSONDecoder(), True
            return
        self._first = False
        yield Event("", value)
