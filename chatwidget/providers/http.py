"""Asking a platform over HTTP: one shared client, every failure as a ReplyError, careful retries.

An adapter derives from `HTTPProvider`, says how it authenticates, and in `reply` asks and reads:

    async with self.ask("POST", "/v1/chat", body, accept="text/plain") as answer:
        async for text in answer.text():
            yield Delta(text)
    yield Finished()
"""

from __future__ import annotations

import asyncio
import random
import time
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Container
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import httpx
import msgspec

from chatwidget.conf import ProviderConfig, conf
from chatwidget.errors import (
    PlatformMisconfigured,
    PlatformRateLimited,
    PlatformRejected,
    PlatformTimedOut,
    PlatformUnavailable,
    ReplyError,
)
from chatwidget.providers.base import Provider, before_reading
from chatwidget.providers.decoders import JSONDecoder, ServerEvent, SSEDecoder, TextDecoder, excerpt
from chatwidget.providers.encodings import Body
from chatwidget.providers.error_mapping import (
    CLIENT_ERRORS,
    RetryableError,
    map_errors,
    never_connected,
    pause_asked,
    refusal,
    translated,
    without_frames,
)
from chatwidget.providers.timeouts import StreamTimeouts
from chatwidget.providers.transport import discard, paused, request

T = TypeVar("T")

ATTEMPTS = 3
# Seconds. A visitor waits this long for a platform that asks for pauses; a longer one is reported.
# What the attempts themselves take counts too: a proxy may have waited before it refused.
MAX_PAUSE = 10.0
# Bytes read of an error's body, and kept of an answer's for the cause of a failure.
MAX_ERROR = 16 * 1024
MAX_KEPT = 2048
# Seconds before the next attempt: at random up to so much, twice that after the second, …
BACKOFF, MAX_BACKOFF = 0.5, 3.0


def _pause(attempt: int, after: float | None) -> float:
    """At least what the platform asked for, and some jitter, so that not all return at once."""
    jitter = random.uniform(0, min(MAX_BACKOFF, BACKOFF * 2 ** (attempt - 1)))
    least = after or 0.0
    return min(least + jitter, max(least, MAX_PAUSE))


async def _rest(seconds: float) -> None:
    await asyncio.sleep(seconds)


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
        assert isinstance(response.stream, httpx.AsyncByteStream)
        self._response, self._body = response, response.stream
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

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes. Raises PlatformRejected for an encoding that is not read."""
        if peeked := self._peeked:
            self._peeked = b""
            yield peeked
        async for chunk in self._read:
            yield chunk

    async def _received(self) -> AsyncGenerator[bytes, None]:
        clock, rest_due = self._clock, before_reading.get()
        body = Body(self.headers.get("content-encoding", ""))
        stream = aiter(self._body)
        while True:
            with clock:
                try:
                    chunk = await anext(stream)
                except StopAsyncIteration:
                    body.end()
                    return
            clock.received(patient=self.patient)
            for piece in body.feed(chunk) if body.name else (chunk,):
                if (room := MAX_KEPT - len(self.kept)) > 0:
                    self.kept += piece[:room]
                yield piece
                if body.name:
                    await asyncio.sleep(0)  # a small chunk may be many pieces
            if (rest := rest_due()) is not None:
                with paused(self._response):
                    await rest

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


class HTTPProvider(Provider):
    """A platform that is asked over HTTP."""

    keeps_time = True  # in `exchange`, where a pause is one of the platform's bytes

    # Statuses by which it refuses before its agent has seen the message.
    refused_before: ClassVar[frozenset[int]] = frozenset({429, 503})

    @classmethod
    def problems(cls, config: ProviderConfig) -> list[str]:
        key = config.key.reveal()
        if key.isascii() and key.isprintable():
            return []
        return ["the API key holds characters that no header may have"]

    @abstractmethod
    def auth(self) -> dict[str, str]:
        """The headers that authenticate."""

    def refusal(self, response: httpx.Response, said: bytes, after: float | None) -> ReplyError:
        """What an answer means that is none, by its status and the beginning of its body."""
        return refusal(response, said, after)

    @asynccontextmanager
    async def ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        accept: str | None = "application/json",
    ) -> AsyncIterator[Answer]:
        """The platform's answer to one request. Raises ReplyError for any but 200.

        `accept` is the media type it must be of: a login page must not become an agent's words.
        None: any, and the caller looks.
        """
        headers = {"Accept": accept or "*/*"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else msgspec.json.encode(body)
        asked = Request(method, f"{self.base_url}{path}", headers, content, self.auth)
        async with self.exchange(asked) as answer:
            if accept is not None and answer.media_type not in ("", accept):
                said = excerpt(await _beginning(answer))
                raise PlatformRejected(
                    f"answered {excerpt(answer.media_type)} instead of {accept}: {said}"
                )
            yield answer

    @asynccontextmanager
    async def exchange(
        self, asked: Request, accepted: Container[int] = (200,)
    ) -> AsyncIterator[Answer]:
        """The answer to a request, if its status is one of the accepted. Raises ReplyError."""
        with map_errors(self.config.key):
            clock = StreamTimeouts(conf().TIMEOUTS)
            try:
                response = await self._sent(clock, asked, accepted)
                try:
                    yield Answer(response, clock)
                except BaseException:
                    discard(response)
                    raise
                finally:
                    await response.aclose()
            finally:
                clock.close()

    async def _sent(
        self, clock: StreamTimeouts, asked: Request, accepted: Container[int]
    ) -> httpx.Response:
        """The first answer that does not ask for another attempt."""
        attempt, began, rested = 1, time.monotonic(), 0.0
        while True:
            try:
                return await self._send(clock, asked, accepted)
            except RetryableError as again:
                pause = _pause(attempt, again.after)
                attempt, rested = attempt + 1, rested + pause
                spent = max(rested, time.monotonic() - began + pause)
                if attempt > ATTEMPTS or int(spent) > MAX_PAUSE:
                    raise again.error from None
            await _rest(pause)

    async def _send(
        self, clock: StreamTimeouts, asked: Request, accepted: Container[int]
    ) -> httpx.Response:
        """One attempt. Raises RetryableError where the agent cannot have got the message."""
        clock.restart()
        try:
            with clock:
                connect = conf().TIMEOUTS.connect
                response = await request(
                    asked.method, asked.url, asked.headers, asked.auth, asked.content, connect
                )
        except CLIENT_ERRORS as error:
            ours = translated(error)
            if never_connected(error) and not isinstance(ours, PlatformMisconfigured):
                raise RetryableError(ours) from None
            raise ours from None
        except Exception as error:
            raise without_frames(error) from error.__cause__
        if response.status_code in accepted:
            return response
        after = pause_asked(response.headers, time.time())
        try:
            said = await _beginning(Answer(response, clock))
        finally:
            discard(response)
            await response.aclose()
        refused = self.refusal(response, said, after)
        refused.cause += f" ({asked.line})"
        if self.may_retry(response.status_code, refused, after):
            raise RetryableError(refused, after)
        raise refused

    def may_retry(self, status: int, refused: ReplyError, after: float | None) -> bool:
        """Has the agent surely not got the message, and may it pass?"""
        passes = isinstance(refused, PlatformRateLimited | PlatformUnavailable)
        return passes and status in self.refused_before


async def _beginning(answer: Answer) -> bytes:
    """The first bytes of an answer that is no reply."""
    said = bytearray()
    with suppress(PlatformTimedOut, PlatformRejected, *CLIENT_ERRORS):
        async for chunk in answer.chunks():
            said += chunk
            if len(said) >= MAX_ERROR:
                break
    return bytes(said[:MAX_ERROR])
