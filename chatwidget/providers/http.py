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
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, ClassVar, TypeVar

import httpx
import msgspec

from chatwidget.conf import ProviderConfig, conf
from chatwidget.errors import PlatformMisconfigured, PlatformRejected, PlatformTimedOut
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
from chatwidget.providers.transport import paused, request

T = TypeVar("T")

ATTEMPTS = 3
# Seconds. A visitor waits this long for a platform that asks for pauses; a longer one is reported.
MAX_PAUSE = 10.0
# Bytes read of an error's body.
MAX_ERROR = 16 * 1024
# Seconds before the next attempt: at random up to so much, twice that after the second, …
BACKOFF, MAX_BACKOFF = 0.5, 3.0


def _pause(attempt: int, after: float | None) -> float:
    """At least what the platform asked for, and some jitter, so that not all return at once."""
    jitter = random.uniform(0, min(MAX_BACKOFF, BACKOFF * 2 ** (attempt - 1)))
    least = after or 0.0
    return min(least + jitter, max(least, MAX_PAUSE))


async def _rest(seconds: float) -> None:
    await asyncio.sleep(seconds)


class Answer:
    """A platform's answer of status 200, to be read once."""

    def __init__(self, response: httpx.Response, clock: StreamTimeouts) -> None:
        assert isinstance(response.stream, httpx.AsyncByteStream)
        self._response, self._body = response, response.stream
        self._clock = clock
        self.headers = response.headers

    def raw_header(self, name: bytes) -> bytes:
        """A header's bytes as they came; empty when there is none. `name` in small letters."""
        return next((v for k, v in self.headers.raw if k.lower() == name), b"")

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes. Raises PlatformRejected for an encoding that is not read."""
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
            clock.received()
            if body.name:
                for piece in body.feed(chunk):
                    yield piece
                    await asyncio.sleep(0)  # a small chunk may be many pieces
            else:
                yield chunk
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

    keeps_time = True  # in `ask`, where a pause is one of the platform's bytes

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

    @asynccontextmanager
    async def ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        accept: str = "application/json",
    ) -> AsyncIterator[Answer]:
        """The platform's answer to one request. Raises ReplyError for any but 200.

        `accept` is the media type it must be of: a login page must not become an agent's words.
        """
        with map_errors(self.config.key):
            clock = StreamTimeouts(conf().TIMEOUTS)
            try:
                response = await self._sent(clock, method, path, body, accept)
                try:
                    yield Answer(response, clock)
                finally:
                    await response.aclose()
            finally:
                clock.close()

    async def _sent(
        self,
        clock: StreamTimeouts,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        accept: str,
    ) -> httpx.Response:
        """The first answer that does not ask for another attempt."""
        attempt, waited = 1, 0.0
        while True:
            try:
                return await self._send(clock, method, path, body, accept)
            except RetryableError as again:
                pause = _pause(attempt, again.after)
                attempt, waited = attempt + 1, waited + pause
                if attempt > ATTEMPTS or waited > MAX_PAUSE:
                    raise again.error from None
            await _rest(pause)

    async def _send(
        self,
        clock: StreamTimeouts,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        accept: str,
    ) -> httpx.Response:
        """One attempt. Raises RetryableError where the agent cannot have got the message."""
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else msgspec.json.encode(body)
        url = f"{self.base_url}{path}"
        clock.restart()
        try:
            with clock:
                connect = conf().TIMEOUTS.connect
                response = await request(method, url, headers, self.auth, content, connect)
        except CLIENT_ERRORS as error:
            ours = translated(error)
            if never_connected(error) and not isinstance(ours, PlatformMisconfigured):
                raise RetryableError(ours) from None
            raise ours from None
        except Exception as error:
            raise without_frames(error) from error.__cause__
        if response.status_code == 200:
            return await _of_type(response, clock, accept)
        after = pause_asked(response.headers, time.time())
        refused = refusal(response, await _beginning(response, clock), after)
        if response.status_code in self.refused_before:
            raise RetryableError(refused, after)
        raise refused


async def _of_type(response: httpx.Response, clock: StreamTimeouts, accept: str) -> httpx.Response:
    """The response, if its media type is the one asked for, or not given."""
    given = response.headers.get("content-type", accept).partition(";")[0].strip().lower()
    if given == accept:
        return response
    said = excerpt(await _beginning(response, clock))
    raise PlatformRejected(f"answered {excerpt(given)} instead of {accept}: {said}")


async def _beginning(response: httpx.Response, clock: StreamTimeouts) -> bytes:
    """The first bytes of an answer that is no reply; the answer is closed."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    said = bytearray()
    try:
        with suppress(PlatformTimedOut, PlatformRejected, *CLIENT_ERRORS), clock:
            body = Body(response.headers.get("content-encoding", ""))
            async for chunk in response.stream:
                for piece in body.feed(chunk):
                    said += piece
                    if len(said) >= MAX_ERROR:
                        return bytes(said[:MAX_ERROR])
    finally:
        await response.aclose()
    return bytes(said[:MAX_ERROR])
