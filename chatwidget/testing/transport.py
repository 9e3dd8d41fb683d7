"""A platform without a network: an adapter's requests are kept, and answered as a test says.

platform = FakePlatform(lambda request: Answer(chunks=[b"Hello"]))
with platform.installed():
    ...
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import aiohttp
import httpx

from chatwidget.providers import transport


class Broken:
    """A piece of an answer at which its connection breaks."""


class Silence:
    """A piece of an answer that never comes."""


BROKEN, SILENCE = Broken(), Silence()


@dataclass(frozen=True)
class Answer:
    """What the platform answers: its pieces come one by one, each in a read of its own."""

    chunks: Sequence[bytes | Broken | Silence] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def cut(cls, answer: Answer, size: int) -> Answer:
        """The same answer in pieces of `size` bytes; what breaks, breaks where it did."""
        chunks: list[bytes | Broken | Silence] = []
        run = b""
        for chunk in (*answer.chunks, None):
            if isinstance(chunk, bytes):
                run += chunk
                continue
            chunks += [run[at : at + size] for at in range(0, len(run), size)]
            run = b""
            if chunk is not None:
                chunks.append(chunk)
        return cls(chunks, answer.status, answer.headers)


class _Body(httpx.AsyncByteStream):
    def __init__(self, platform: FakePlatform, answer: Answer) -> None:
        self._platform, self._answer = platform, answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._answer.chunks:
            if isinstance(chunk, Broken):
                raise aiohttp.ClientPayloadError("the connection broke")
            if isinstance(chunk, Silence):
                await asyncio.Event().wait()
            assert isinstance(chunk, bytes)
            await asyncio.sleep(0)
            yield chunk
        self._platform.read_to_the_end += 1

    async def aclose(self) -> None:
        self._platform.open -= 1


class FakePlatform:
    """Answers requests by a function, and keeps them."""

    def __init__(self, answer: Callable[[httpx.Request], Answer | Exception]) -> None:
        self._answer = answer
        self.requests: list[httpx.Request] = []
        self.open = 0  # answers that are being read
        self.read_to_the_end = 0
        self.begun = asyncio.Event()  # an answer has begun

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        self.requests.append(request)
        answer = self._answer(request)
        if isinstance(answer, Exception):
            raise answer
        self.open += 1
        self.begun.set()
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(self, answer), request=request
        )

    @contextmanager
    def installed(self) -> Iterator[FakePlatform]:
        """Inside, whatever an adapter asks over HTTP is asked here."""
        with transport.replaced(self):
            yield self
