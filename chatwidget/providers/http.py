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
from collections.abc import AsyncIterator, Container
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from urllib.parse import urlsplit

import httpx
import msgspec

from chatwidget.conf import ProviderConfig, conf
from chatwidget.errors import (
    PlatformMisconfigured,
    PlatformRateLimited,
    PlatformRejected,
    PlatformUnavailable,
    ReplyError,
)
from chatwidget.providers.answer import Answer, Request, beginning_of
from chatwidget.providers.base import Provider
from chatwidget.providers.decoders import excerpt
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
from chatwidget.providers.transport import discard, request
from chatwidget.telemetry import traces

ATTEMPTS = 3
# Seconds. A visitor waits this long for a platform that asks for pauses; a longer one is reported.
# What the attempts themselves take counts too: a proxy may have waited before it refused.
MAX_PAUSE = 10.0
# Seconds before the next attempt: at random up to so much, twice that after the second, …
BACKOFF, MAX_BACKOFF = 0.5, 3.0


def _pause(attempt: int, after: float | None) -> float:
    """At least what the platform asked for, and some jitter, so that not all return at once."""
    jitter = random.uniform(0, min(MAX_BACKOFF, BACKOFF * 2 ** (attempt - 1)))
    least = after or 0.0
    return min(least + jitter, max(least, MAX_PAUSE))


async def _rest(seconds: float) -> None:
    await asyncio.sleep(seconds)


async def _traced(asked: Request) -> httpx.Response:
    """Send it once, with the message's id, unless it has such headers of its own."""
    with traces.span("request", "CLIENT"):
        host = urlsplit(asked.url).hostname or ""
        traces.note({"http.request.method": asked.method, "server.address": host})
        own = {name.lower() for name in asked.headers}
        added = {name: value for name, value in traces.headers().items() if name.lower() not in own}
        response = await request(
            asked.method,
            asked.url,
            {**asked.headers, **added},
            asked.auth,
            asked.content,
            conf().TIMEOUTS.connect,
        )
        traces.note({"http.response.status_code": response.status_code})
        if response.status_code >= 400:
            traces.failed(str(response.status_code))
        return response


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
                said = excerpt(await beginning_of(answer))
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
                response = await _traced(asked)
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
            said = await beginning_of(Answer(response, clock))
        finally:
            discard(response)
            await response.aclose()
        refused = self.refusal(response, said, after)
        if refused.about in ("agent", "address"):
            refused.cause += f" ({asked.line})"  # what is unknown may be the address
        if self.may_retry(response.status_code, refused, after):
            raise RetryableError(refused, after)
        raise refused

    def may_retry(self, status: int, refused: ReplyError, after: float | None) -> bool:
        """Has the agent surely not got the message, and may it pass?"""
        passes = isinstance(refused, PlatformRateLimited | PlatformUnavailable)
        return passes and status in self.refused_before
