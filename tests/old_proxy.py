"""A proxy that knows no websockets, as some companies have them: a handshake is answered 502, or
passes and nothing after it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import ssl
from contextlib import suppress
from typing import Self


class Proxy:
    """Listens on a port of its own, and ends what it serves with itself."""

    _tls: ssl.SSLContext | None = None

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()

    @property
    def port(self) -> int:
        assert self._server
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._answer(await reader.readuntil(b"\r\n\r\n"), reader, writer)
        with suppress(OSError):
            writer.close()

    async def _answer(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Serve a connection, whose first head this is."""
        raise AssertionError("each proxy has its own")


class OldProxy(Proxy):
    """`async with OldProxy(server_port) as proxy: … proxy.url … proxy.refused`"""

    refused = 0
    # It takes the handshake, and cuts when something is said.
    cuts = False

    async def _answer(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if b"\r\nupgrade: websocket" in head.lower():
            self.refused += 1
            if self.cuts:
                writer.write(_handshake(head))
                await reader.read(1)
                return
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n")
        else:
            await self._pass_on(head, reader, writer)

    async def _pass_on(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", self._upstream)
        ours.write(head)
        up = asyncio.create_task(copy(reader, ours))
        down = asyncio.create_task(copy(theirs, writer))
        try:
            await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
        finally:
            up.cancel()
            down.cancel()
            ours.close()


def _handshake(head: bytes) -> bytes:
    """The answer that opens a websocket."""
    found = re.search(rb"sec-websocket-key: *(\S+)", head, re.IGNORECASE)
    assert found
    digest = hashlib.sha1(found[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    lines = [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade",
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n"


async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
