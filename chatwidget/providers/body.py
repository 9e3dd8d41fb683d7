"""The body of a platform's answer, as aiohttp takes it from the connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from typing import Protocol

import aiohttp
import httpx


class Body(Protocol):
    """An answer's body, to be read once."""

    async def read(self) -> bytes:
        """What has come since, at least a byte; empty at its end."""

    def pause(self) -> None:
        """Until `resume`, what the platform sends waits, and then comes in one piece."""

    def resume(self) -> None: ...


def body_of(response: httpx.Response) -> Body:
    """Reads aiohttp's answer as it is, since each piece would cost more by the generators around
    that."""
    answer = response.extensions.get("aiohttp_response")
    if answer is None or type(answer.content) is not aiohttp.StreamReader:
        assert isinstance(response.stream, httpx.AsyncByteStream)
        return _Stream(answer.content.iter_any() if answer else response.stream)
    if _CONTENT_IS_KNOWN:
        answer.content.__class__ = _Content
    return _Received(answer)


class _Content(aiohttp.StreamReader):
    """aiohttp's own buffer of a body, with less to do for each piece: it need not tell HTTP's
    chunks apart, and asks its connection to read on only where that has stopped."""

    __slots__ = ()

    def feed_data(self, data: bytes, size: int = 0) -> bool:
        self._buffer.append(data)
        self._size += len(data)
        if (waiter := self._waiter) is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)
        if self._size > self._high_water:
            self._protocol.pause_reading()
        return False

    def begin_http_chunk_receiving(self) -> None: ...

    def end_http_chunk_receiving(self) -> None: ...

    async def readany(self) -> bytes:
        while self._exception is None:
            if buffer := self._buffer:
                data = buffer.popleft() if len(buffer) == 1 else b"".join(buffer)
                buffer.clear()
                self._size = 0
                if self._protocol._reading_paused:
                    self._protocol.resume_reading()
                return data
            if self._eof:
                return b""
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        raise self._exception


# What `_Content` relies on is aiohttp's own; a later version may have it otherwise.
_CONTENT_IS_KNOWN = {
    *("_buffer", "_eof", "_exception", "_high_water", "_loop", "_protocol", "_size", "_waiter")
} <= set(aiohttp.StreamReader.__slots__)


class _Received:
    """The body of aiohttp's answer. While it is paused, what the platform sends stays in the
    kernel: aiohttp's buffer would take it piece by piece, and each would wake the loop."""

    __slots__ = ("_answer", "_transport", "read")

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer
        self._transport: asyncio.ReadTransport | None = None  # while it is paused
        self.read = answer.content.readany

    def pause(self) -> None:
        # None when the answer is complete: then its connection may be another request's already.
        connection = self._answer.connection
        if connection is not None and connection.transport is not None:
            self._transport = connection.transport
            self._transport.pause_reading()

    def resume(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None and not transport.is_closing():
            transport.resume_reading()


class _Stream:
    """Any other body."""

    def __init__(self, pieces: AsyncIterable[bytes]) -> None:
        self._pieces = (piece async for piece in pieces if piece)
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.pause, self.resume = self._flowing.clear, self._flowing.set

    async def read(self) -> bytes:
        await self._flowing.wait()
        return await anext(self._pieces, b"")
