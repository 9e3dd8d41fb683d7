"""One request to a platform, and its answer: bytes as they come, as text, events or JSON."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import httpx

from chatwidget.errors import PlatformRejected, PlatformTimedOut
from chatwidget.providers.base import rest_until
from chatwidget.providers.body import body_of
from chatwidget.providers.decoders import JSONDecoder, ServerEvent, SSEDecoder, TextDecoder
from chatwidget.providers.encodings import BodyDecoder
from chatwidget.providers.error_mapping import CLIENT_ERRORS
from chatwidget.providers.timeouts import StreamTimeouts

T = TypeVar("T")

# Bytes kept of an answer, for the cause of a failure; and read of a refusal.
MAX_KEPT = 2048
MAX_ERROR = 16 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a platform, ready to be sent."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    auth: Callable[[], dict[str, str]] = dict  # the headers that hold the key, when they are sent

    @property
    def line(self) -> str:
        """Method and address, for a cause: without the query, which may hold a visitor's words."""
        return f"{self.method} {self.url.partition('?')[0]}"


class Answer:
    """A platform's answer, to be read once."""

    def __init__(self, response: httpx.Response, clock: StreamTimeouts) -> None:
        self._response = response
        self._clock = clock
        self._peeked = b""
        self._chunks: AsyncGenerator[bytes, None] | None = None
        self.headers = response.headers
        self.status = response.status_code
        self.kept = bytearray()  # the body's beginning, for the cause of a failure
        # True: as long as its agent may take to begin, each further piece may take.
        self.patient = False

    @property
    def media_type(self) -> str:
        """Its Content-Type without parameters, in small letters; empty where none is given."""
        given: str = self.headers.get("content-type", "")
        return given.partition(";")[0].strip().lower()

    def raw_header(self, name: bytes) -> bytes:
        """A header's bytes as they came; empty when there is none. `name` in small letters."""
        return next((v for k, v in self.headers.raw if k.lower() == name), b"")

    async def beginning(self) -> bytes:
        """The body from its first byte that is no white space on, as far as it has come by now.

        It is read again by what reads the body.
        """
        while not (begun := self._peeked.removeprefix(b"\xef\xbb\xbf").lstrip()):
            try:
                self._peeked += await anext(self._read)
            except StopAsyncIteration:
                break
        return begun

    @property
    def _read(self) -> AsyncGenerator[bytes, None]:
        if self._chunks is None:
            self._chunks = self._received()
        return self._chunks

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes. Raises PlatformRejected for an encoding that is not read."""
        # Each generator that a chunk passes through costs a microsecond.
        return self._from_beginning() if self._peeked else self._read

    async def _from_beginning(self) -> AsyncGenerator[bytes, None]:
        peeked, self._peeked = self._peeked, b""
        yield peeked
        async for chunk in self._read:
            yield chunk

    async def _received(self) -> AsyncGenerator[bytes, None]:
        clock, rests = self._clock, rest_until.get()
        encoded = BodyDecoder(self.headers.get("content-encoding", ""))
        body = body_of(self._response)
        while True:
            with clock:
                chunk = await body.read()
            if not chunk:
                encoded.end()
                return
            clock.received(patient=self.patient)
            for piece in encoded.feed(chunk) if encoded.name else (chunk,):
                if (room := MAX_KEPT - len(self.kept)) > 0:
                    self.kept += piece[:room]
                yield piece
                if encoded.name:
                    await asyncio.sleep(0)  # a small chunk may be many pieces
            if rests(body.resume):
                body.pause()

    async def text(self) -> AsyncGenerator[str, None]:
        """The body as text, as it comes; a piece may be empty."""
        decoder = TextDecoder()
        async for chunk in self.chunks():
            yield decoder.feed(chunk)
        yield decoder.end()

    async def events(self, *, by_line: bool = False) -> AsyncGenerator[ServerEvent, None]:
        """The body's server-sent events, as they come."""
        decoder = SSEDecoder(by_line=by_line)
        async for chunk in self.chunks():
            for event in decoder.feed(chunk):
                yield event
        for event in decoder.end():
            yield event

    async def json(self, shape: type[T]) -> T:
        """The body as a value of the documented shape. Raises PlatformRejected."""
        decoder = JSONDecoder()
        async for chunk in self.chunks():
            decoder.feed(chunk)
        return decoder.end(shape)


async def beginning_of(answer: Answer) -> bytes:
    """The first bytes of an answer that is no reply."""
    said = bytearray()
    with suppress(PlatformTimedOut, PlatformRejected, *CLIENT_ERRORS):
        async for chunk in answer.chunks():
            said += chunk
            if len(said) >= MAX_ERROR:
                break
    return bytes(said[:MAX_ERROR])
