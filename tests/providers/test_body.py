"""A body as it is read of its connection: a server writes what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from chatwidget.providers import body as body_module
from chatwidget.providers.body import Body, body_of
from chatwidget.providers.transport import own_transport, request

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSED = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
LARGE = 3_000_000  # more than aiohttp keeps


@pytest.fixture(autouse=True, params=[True, False], ids=["ours", "aiohttp's"])
def content(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose buffer a body is read of."""
    assert body_module._CONTENT_IS_KNOWN
    monkeypatch.setattr(body_module, "_CONTENT_IS_KNOWN", request.param)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Wire:
    """The server's end of the connection."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.writer: asyncio.StreamWriter

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.writer = writer
        self.open.set()

    async def write(self, data: bytes) -> None:
        await self.open.wait()
        self.writer.write(data)
        await self.writer.drain()


@asynccontextmanager
async def answered(head: bytes) -> AsyncIterator[tuple[Wire, Body]]:
    """A body of which nothing has come yet."""
    wire = Wire()
    server = await asyncio.start_server(wire.meet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with own_transport(), asyncio.timeout(60):
        begun = asyncio.create_task(wire.write(head))
        response = await request("GET", f"http://127.0.0.1:{port}/", {}, dict, None, 5)
        await begun
        try:
            yield wire, body_of(response)
        finally:
            await response.aclose()
            wire.writer.close()
            server.close()


async def whole(body: Body) -> list[bytes]:
    pieces = []
    while piece := await body.read():
        pieces.append(piece)
    return pieces


async def test_pieces_are_read_as_they_come() -> None:
    async with answered(CHUNKED) as (wire, body):
        for piece in (b"Hel", b"lo", b"!"):
            reading = asyncio.create_task(body.read())
            await wire.write(chunk(piece))
            assert await reading == piece
        await wire.write(b"0\r\n\r\n")
        assert await body.read() == b""
        assert await body.read() == b""


async def test_what_is_sent_meanwhile_comes_in_one_piece() -> None:
    async with answered(CHUNKED) as (wire, body):
        await wire.write(chunk(b"first"))
        assert await body.read() == b"first"
        body.pause()
        await wire.write(chunk(b"one ") + chunk(b"two ") + chunk(b"three") + b"0\r\n\r\n")
        reading = asyncio.create_task(body.read())
        await asyncio.sleep(0)
        assert not reading.done()
        body.resume()
        assert await reading == b"one two three"
        assert await body.read() == b""
        body.pause()  # it is complete: nothing is left to be paused
        body.resume()


async def test_a_body_that_is_larger_than_what_is_kept() -> None:
    text = bytes(range(256)) * (LARGE // 256)
    async with answered(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text)) as (
        wire,
        body,
    ):
        writing = asyncio.create_task(wire.write(text))
        pieces = await whole(body)
        await writing
    assert b"".join(pieces) == text
    assert max(map(len, pieces)) < LARGE / 2  # it stopped to take more


async def test_a_body_that_ends_with_its_connection() -> None:
    async with answered(UNTIL_CLOSED) as (wire, body):
        await wire.write(b"all of it")
        wire.writer.close()
        assert b"".join(await whole(body)) == b"all of it"


@pytest.mark.parametrize("waits", [True, False])
async def test_a_connection_that_breaks(waits: bool) -> None:
    async with answered(CHUNKED) as (wire, body):
        reading = asyncio.create_task(body.read()) if waits else None
        await asyncio.sleep(0)
        wire.writer.transport.abort()
        with pytest.raises(aiohttp.ClientError):
            await (reading or body.read())
