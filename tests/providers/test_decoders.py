"""The decoders: cases with names, each fed whole and byte by byte, and any bytes in any cut."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatwidget.errors import PlatformRejected
from chatwidget.providers import decoders
from chatwidget.providers.decoders import (
    JSONDecoder,
    ServerEvent,
    SSEDecoder,
    TextDecoder,
    excerpt,
    joined,
    plain,
    read_json,
)
from chatwidget.text import is_clean


def whole(data: bytes) -> list[bytes]:
    return [data]


def by_byte(data: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in data]


def cut_at(data: bytes, places: list[int]) -> list[bytes]:
    """The data in pieces, empty ones too."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges)]


def read_text(pieces: list[bytes]) -> str:
    decoder = TextDecoder()
    return "".join(map(decoder.feed, pieces)) + decoder.end()


def read_events(pieces: list[bytes], by_line: bool = False) -> list[ServerEvent]:
    decoder = SSEDecoder(by_line=by_line)
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.end()


CUTS = pytest.mark.parametrize("cut", [whole, by_byte])
ANY_CUT = st.lists(st.integers(min_value=0, max_value=10_000), max_size=20)

TEXTS = {
    "ascii": (b"Hello", "Hello"),
    "two, three and four bytes": ("é日🙂".encode(), "é日🙂"),
    "nothing": (b"", ""),
    "a byte that begins nothing": (b"a\xffb", "a\ufffdb"),
    "cut off at the end": ("日".encode()[:2], "\ufffd"),
    "a surrogate, encoded": (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
    "longer than it need be": (b"\xc0\xaf", "\ufffd\ufffd"),
    "NUL is left out": (b"a\0b", "ab"),
    "line ends stay": (b"a\r\nb\n", "a\r\nb\n"),
}


@CUTS
@pytest.mark.parametrize(("data", "text"), TEXTS.values(), ids=TEXTS.keys())
def test_text(data: bytes, text: str, cut: Any) -> None:
    assert read_text(cut(data)) == text


def event(data: str, name: str = "") -> ServerEvent:
    return ServerEvent(name, data)


STREAMS = {
    "LF": (b"data: a\n\ndata: b\n\n", [event("a"), event("b")]),
    "CRLF": (b"data: a\r\n\r\ndata: b\r\n\r\n", [event("a"), event("b")]),
    "CR": (b"data: a\r\rdata: b\r\r", [event("a"), event("b")]),
    "all mixed": (b"data: a\r\n\ndata: b\r\r\ndata: c\n\r", [event("a"), event("b"), event("c")]),
    "several lines of data": (b"data: a\ndata: b\n\n", [event("a\nb")]),
    "an empty line of data": (b"data: a\ndata:\ndata: b\n\n", [event("a\n\nb")]),
    "no space after the colon": (b"data:a\n\n", [event("a")]),
    "only one space is taken": (b"data:  a\n\n", [event(" a")]),
    "no colon at all": (b"data\n\n", [event("")]),
    "named events": (b"event: x\ndata: a\n\ndata: b\n\n", [event("a", "x"), event("b")]),
    "a name without data": (b"event: x\n\ndata: a\n\n", [event("a")]),
    "comments": (b": hi\ndata: a\n:\ndata: b\n\n: bye\n\n", [event("a\nb")]),
    "other fields": (b"id: 1\nretry: 5\nnew: x\ndata: a\n\n", [event("a")]),
    "other fields alone": (b"retry: 5\n\nid: 1\ndata: a\n\n: hi\n\nid: 2\n\n", [event("a")]),
    "BOM": (b"\xef\xbb\xbfdata: a\n\n", [event("a")]),
    "a second BOM is no BOM": (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [event("a")]),
    "U+2028, U+0085 and VT within": (
        "data: a\u2028b\u0085c\x0bd\n\n".encode(),
        [event("a\u2028b\u0085c\x0bd")],
    ),
    "no end of the last event": (b"data: a\n\ndata: b\n", [event("a"), event("b")]),
    "no end of the last line": (b"data: a\n\ndata: b", [event("a"), event("b")]),
    "bytes that are not UTF-8": (b"data: \xff\n\n", [event("\ufffd")]),
    "blank lines": (b"\n\n\ndata: a\n\n\n\n", [event("a")]),
    "nothing": (b"", []),
}


@CUTS
@pytest.mark.parametrize(("data", "events"), STREAMS.values(), ids=STREAMS.keys())
def test_server_sent_events(data: bytes, events: list[ServerEvent], cut: Any) -> None:
    assert read_events(cut(data)) == events


LINES = {
    "as in fifthelement's sample": (b"data: a\ndata: b\ndata: [DONE]\n", ["a", "b", "[DONE]"]),
    "blank lines between": (b"data: a\n\ndata: b\n\n", ["a", "b"]),
    "no end of the last line": (b"data: a\r\ndata: b", ["a", "b"]),
    "comments": (b": x\r\rdata: a\r: y\r", ["a"]),
}


@CUTS
@pytest.mark.parametrize(("data", "lines"), LINES.values(), ids=LINES.keys())
def test_each_line_by_itself(data: bytes, lines: list[str], cut: Any) -> None:
    assert [event.data for event in read_events(cut(data), by_line=True)] == lines


def test_a_line_by_itself_keeps_the_name_of_its_event() -> None:
    named = read_events([b"event: error\ndata: a\n\ndata: b\n"], by_line=True)
    assert named == [event("a", "error"), event("b")]


def test_events_come_as_soon_as_they_are_complete() -> None:
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\r\n\r") == [event("a")]
    assert decoder.feed(b"\ndata: b\n") == []
    assert decoder.feed(b"\n") == [event("b")]


def test_a_line_and_an_event_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoders, "MAX_LINE", 100)
    decoder = SSEDecoder()
    with pytest.raises(PlatformRejected, match="a line of the event stream"):
        for _ in range(20):
            decoder.feed(b"0123456789")
    decoder = SSEDecoder()
    with pytest.raises(PlatformRejected, match="an event of the stream"):
        for _ in range(20):
            decoder.feed(b"data: 0123456789\n")
    decoder = SSEDecoder(by_line=True)
    for _ in range(20):
        assert decoder.feed(b"data: 0123456789\n") == [event("0123456789")]


class Shape(msgspec.Struct):
    reply: str
    session_id: str


class Said(msgspec.Struct):
    text: str


@CUTS
def test_json(cut: Any) -> None:
    decoder = JSONDecoder()
    for piece in cut('{"reply": "Grüße", "session_id": "1", "more": [1]}'.encode()):
        decoder.feed(piece)
    assert decoder.end(Shape) == Shape("Grüße", "1")


BROKEN = {
    "nothing": b"",
    "unfinished": b'{"reply": "a',
    "another shape": b'{"output": "a"}',
    "a field of another type": b'{"reply": null, "session_id": "1"}',
    "a page": b"<!doctype html>",
    "two values": b'{"reply": "a", "session_id": "1"} {}',
    "not UTF-8": b'{"reply": "\xff", "session_id": "1"}',
    "very deep": b"[" * 100_000,
    "a huge number": b'{"reply": "a", "session_id": "1", "x": ' + b"9" * 5000 + b"z}",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_json_of_another_shape(data: bytes) -> None:
    with pytest.raises(PlatformRejected) as caught:
        read_json(data, Shape)
    assert len(caught.value.cause) < 600
    assert caught.value.cause.isprintable()


@pytest.mark.parametrize(
    "data",
    [
        rb'{"text": "\ud83d", "more": NaN}',
        rb'{"text": "\ud83d"',
        rb'{"text": ["\ud83d"]}',
        b'{"text": "\\ud83d\xff"}',
        rb'"\ud83d"',
        b'{"text": "\\ud83d", "a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_json_with_half_a_character_is_as_strict(data: bytes) -> None:
    with pytest.raises(PlatformRejected):
        read_json(data, Said)
    assert read_json(rb'{"text": "\ud83d", "more": 1}', Said).text == "\ud83d"


def test_a_body_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoders, "MAX_JSON", 100)
    decoder = JSONDecoder()
    with pytest.raises(PlatformRejected, match="longer than 100 bytes"):
        for _ in range(20):
            decoder.feed(b"0123456789")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"a": ["a\0b"]}, "it holds a NUL"),
        ({"a\0": 1}, "it holds a NUL"),
        ({"a": "a" * 70_000}, "it is longer than 65536 bytes"),
        ({"a": object()}, "it is no JSON"),
        ([], "not what the platform documents"),
    ],
)
def test_what_cannot_be_stored(value: Any, problem: str) -> None:
    with pytest.raises(PlatformRejected, match=problem):
        plain(value)


def test_what_can_be_stored() -> None:
    for value in ({}, {"a": "Grüße", "b": [1, None, 0.5]}, {"a": "\\u0000"}):
        assert plain(value) == value
    assert plain({"a": float("nan"), "b": ("c",)}) == {"a": None, "b": ["c"]}
    assert plain({"a": "cut \ud83d", "b\ude42": 1}) == {"a": "cut \ufffd", "b\ufffd": 1}


def test_an_excerpt_is_one_short_line() -> None:
    assert excerpt(b"a\r\n\x1b[31m\0b\xff ") == "a [31m b\ufffd"
    assert excerpt("é" * 400) == "é" * 300 + "…"


@given(st.text(), ANY_CUT)
def test_any_text_in_any_cut(text: str, places: list[int]) -> None:
    assert read_text(cut_at(text.encode("utf-8"), places)) == text.replace("\0", "")


@given(st.binary(), ANY_CUT, st.booleans())
def test_any_bytes_in_any_cut(data: bytes, places: list[int], by_line: bool) -> None:
    pieces = cut_at(data, places)
    assert read_text(pieces) == read_text([data])
    assert read_events(pieces, by_line) == read_events([data], by_line)


SSE_ALPHABET = st.sampled_from(
    [b"data", b"event", b":", b" ", b"\n", b"\r", b"\r\n", b"x", b"\xef\xbb\xbf", b"\xe2\x80\xa8"]
)


@given(st.lists(SSE_ALPHABET).map(b"".join), ANY_CUT, st.booleans())
def test_what_looks_like_events_in_any_cut(data: bytes, places: list[int], by_line: bool) -> None:
    assert read_events(cut_at(data, places), by_line) == read_events([data], by_line)


ONE_LINE = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))


@given(st.lists(ONE_LINE), st.sampled_from(["\n", "\r", "\r\n"]), ANY_CUT)
def test_events_come_back_as_they_were_sent(sent: list[str], end: str, places: list[int]) -> None:
    stream = "".join(f"data: {data}{end}{end}" for data in sent).encode()
    assert [event.data for event in read_events(cut_at(stream, places))] == sent


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


# Any UTF-16, also what is none: each character is a unit, halves of others among them.
UNITS = st.text(st.sampled_from("a\ud83d\ude42\udbff\udc00é") | st.characters())


@given(UNITS)
def test_json_of_any_utf_16_is_read(text: str) -> None:
    for data in (json.dumps({"text": text}), json.dumps({"text": text}).encode()):
        assert utf_16(read_json(data, Said).text) == utf_16(text)


@given(st.text(), ANY_CUT)
def test_text_cut_between_units_is_joined(text: str, places: list[int]) -> None:
    assert read_units(utf_16(text), places) == text.replace("\0", "")


@given(UNITS, ANY_CUT)
def test_a_half_that_is_alone_is_one_mark(text: str, places: list[int]) -> None:
    """Wherever the cuts are, it is what a decoder makes of the whole."""
    expected = utf_16(text).decode("utf-16-le", "replace").replace("\0", "")
    assert read_units(utf_16(text), places) == expected


def utf_16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def read_units(data: bytes, places: list[int]) -> str:
    """As `ReplyReader` reads pieces that are cut at any unit."""
    text = half = ""
    for piece in cut_at(data, [2 * (place % (len(data) // 2 + 1)) for place in places]):
        more, half = joined(half + piece.decode("utf-16-le", "surrogatepass"))
        assert is_clean(more)
        text += more
    return text + ("\ufffd" if half else "")


@given(st.binary() | JSON.map(msgspec.json.encode))
def test_json_of_any_kind_is_read_or_rejected(data: bytes) -> None:
    try:
        assert isinstance(read_json(data, Shape), Shape)
    except PlatformRejected as error:
        assert error.cause
