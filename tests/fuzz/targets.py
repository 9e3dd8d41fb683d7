"""What is fuzzed: each target takes any bytes, and raises where a promise is broken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from inspect import iscoroutinefunction
from typing import Any
from urllib.parse import quote

from asgiref.sync import async_to_sync
from django.http import Http404
from django.test import RequestFactory
from django.urls import Resolver404, resolve

from chatwidget import protocol, tokens
from chatwidget.conf import Secret
from chatwidget.errors import BadFrame, CloseConnection, PlatformRejected
from chatwidget.providers.decoders import SSEDecoder, TextDecoder, read_json
from chatwidget.providers.generic.checks import problems, read_description
from chatwidget.providers.generic.description import DescriptionError
from chatwidget.providers.generic.framing import framing
from chatwidget.providers.generic.presets import PRESETS
from chatwidget.providers.generic.reading import Reading
from chatwidget.sockets import serialize
from chatwidget.text import is_clean
from tests.running import ROOT

DESCRIPTIONS = [read_description(preset.description) for preset in PRESETS.values()]
ROOM = 64 * 1024  # bytes of an input at most
MEDIA_TYPES = ("text/event-stream", "application/json", "application/x-ndjson", "text/plain", "")


def seeds() -> Iterator[bytes]:
    """What real platforms answer, and what hostile models write."""
    for path in (ROOT / "tests/fixtures").rglob("*"):
        if path.is_file() and path.stat().st_size < ROOM:
            yield path.read_bytes()
    for preset in PRESETS.values():
        yield json.dumps(preset.description).encode()
    for frame in ("hello", "send", "stop", "retry", "rate", "profile", "page", "history", "ack"):
        yield json.dumps({"type": frame, "id": "0" * 32, "text": "hi", "value": 1}).encode()


def frames(data: bytes) -> None:
    """A client's text is a frame or a bad frame, and what repeats it can be sent."""
    try:
        frame = protocol.parse(data.decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError:
        return
    except BadFrame as error:
        protocol.dump(serialize.error(error, getattr(error, "frame_id", None)))
        return
    assert isinstance(frame, protocol.ClientFrame)


def pieces(data: bytes) -> tuple[list[bytes], list[bytes]]:
    """All of it at once, and in pieces as long as its first byte says."""
    size, rest = (data[0] % 16 + 1, data[1:]) if data else (1, b"")
    return [rest], [rest[at : at + size] for at in range(0, len(rest), size)]


def texts(data: bytes) -> None:
    whole, cut = pieces(data)
    found = []
    for parts in (whole, cut):
        decoder = TextDecoder()
        found.append("".join(map(decoder.feed, parts)) + decoder.end())
    assert found[0] == found[1]
    assert is_clean(found[0])


def events(data: bytes) -> None:
    """The same events however the bytes are cut."""
    whole, cut = pieces(data)
    for by_line in (False, True):
        found = []
        for parts in (whole, cut):
            decoder = SSEDecoder(by_line=by_line)
            found.append([each for part in parts for each in decoder.feed(part)] + decoder.end())
        assert found[0] == found[1]


def values(data: bytes) -> None:
    with suppress(PlatformRejected):
        assert isinstance(read_json(data, dict), dict)


def descriptions(data: bytes) -> None:
    """Any JSON is a description, or has problems that say so."""
    try:
        given = json.loads(data)
    except (ValueError, RecursionError):
        return
    assert all(isinstance(each, str) for each in problems(given))
    with suppress(DescriptionError):
        read_description(given)


def answers(data: bytes) -> None:
    """Each preset reads an answer the same however it is cut, or refuses it."""
    if len(data) < 3:
        return
    answer = DESCRIPTIONS[data[0] % len(DESCRIPTIONS)].answer
    media_type = MEDIA_TYPES[data[1] % len(MEDIA_TYPES)]
    assert_same([_read(answer, media_type, parts) for parts in pieces(data[2:])])


def _read(answer: Any, media_type: str, parts: list[bytes]) -> tuple[str, str, str]:
    """Text, session and error of an answer."""
    frames, reading, text = framing(answer, media_type), Reading(answer), ""
    try:
        for part in parts:
            text += "".join(reading.take(event) for event in frames.feed(part))
        text += "".join(reading.take(event) for event in frames.end())
    except PlatformRejected:
        return text, "", "refused"
    return text, reading.session, str(reading.error)


def assert_same(found: list[Any]) -> None:
    # What is refused is so after the same text, or before some of it: an error may come earlier.
    if all(each[2] != "refused" for each in found):
        assert found[0] == found[1]
    else:
        assert found[0][2] == found[1][2]


def proofs(data: bytes) -> None:
    """A token or a proof is nobody's, unless we made it."""
    text = data.decode("utf-8", "replace")
    assert tokens.visitor_of(text, 1) is None
    for check in (
        lambda: tokens.check_frame_token(text, "shop"),
        lambda: tokens.verify_identity("ada", text, "shop", Secret("0123456789abcdef")),
    ):
        try:
            check()
        except CloseConnection:
            continue
        raise AssertionError(f"let in: {text!r}")


METHODS = ("GET", "HEAD", "POST", "PUT", "OPTIONS")
ADDRESSES = ("{}.js", "{}/", "{}/token/", "{}/ws/", "{}/events/", "{}/events/" + "0" * 32 + "/")


def requests(data: bytes) -> None:
    """Any request to any address for visitors is answered, and never by an error of ours."""
    if len(data) < 2:
        return
    method, address = METHODS[data[0] % len(METHODS)], ADDRESSES[data[1] % len(ADDRESSES)]
    slug, _, rest = data[2:].partition(b"\n")
    query, _, body = rest.partition(b"\n")
    path = f"/chatwidget/{address.format(quote(slug[:200]) or 'demo')}?{quote(query[:500], '=&')}"
    request = RequestFactory().generic(method, path, body, headers={"accept-encoding": "gzip, br"})
    _request(request)


def _request(request: Any) -> None:
    try:
        found = resolve(request.path_info)
    except Resolver404:
        return
    view: Any = async_to_sync(found.func) if iscoroutinefunction(found.func) else found.func
    with suppress(Http404):
        response = view(request, *found.args, **found.kwargs)
        # 501: the second transport is for ASGI servers alone.
        assert response.status_code < 500 or response.status_code == 501, response


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each
    for each in (frames, texts, events, values, descriptions, answers, proofs, requests)
}
