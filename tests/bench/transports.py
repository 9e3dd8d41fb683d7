"""What the second transport costs: server-sent events and POST beside a websocket, one server."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

from tests.bench import cells
from tests.bench.generator import Ours, Tally, dechunked, median
from tests.bench.provider import Provider
from tests.bench.table import OURS, printed
from tests.bench.targets import SLUG, Target, frame_token, start

VISITORS, RATE, CHUNKS = 60, 30, 100
"""Chunks a second, and of a reply."""


class Events(Ours):
    """The product's protocol without a websocket: one answer that does not end, and POSTs."""

    def __init__(self, tally: Tally, port: int, path: str, token: str) -> None:
        super().__init__(tally, port, path, token)
        self.poster: Poster | None = None
        self.text = b""  # of the answer, as far as its events are not whole

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._upgraded()  # says hello

    def send(self, payload: bytes) -> None:
        if self.poster:
            self.poster.post(payload)
        else:
            self.transport.write(request(self.port, self.path, payload))

    def data_received(self, data: bytes) -> None:
        data = self.buffer + data
        if not self.upgraded:
            head, blank, data = data.partition(b"\r\n\r\n")
            if not blank:
                self.buffer = head
                return
            if b" 200 " not in head.partition(b"\r\n")[0]:
                self.opened.set_exception(ConnectionError(head[:80].decode("latin-1")))
                self.transport.close()
                return
            self.upgraded = True
        pieces, self.buffer = dechunked(data)
        *blocks, self.text = b"".join([self.text, *pieces]).split(b"\n\n")
        for block in blocks:
            name, _, value = block.partition(b"data: ")
            if name == b"event: open\n":
                self.poster = Poster(self.port, f"{self.path}{value.decode()}/")
            elif not name:
                self._text(value)

    def close(self) -> None:
        if self.poster:
            self.poster.close()
        super().close()


class Poster(asyncio.Protocol):
    """The visitor's other connection: a POST at a time, of all the frames that wait."""

    def __init__(self, port: int, path: str) -> None:
        self._port, self._path = port, path
        self._waiting: list[bytes] = []
        self._busy = False
        self._transport: asyncio.Transport | None = None
        self._connecting: asyncio.Task[object] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport, self._busy = None, False  # servers end one that has long said nothing

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1"):
            if not data.startswith(b"HTTP/1.1 204"):
                raise ConnectionError(data[:80].decode("latin-1"))
            self._next()

    def post(self, payload: bytes) -> None:
        self._waiting.append(payload)
        if self._busy:
            return
        self._busy = True
        if self._transport:
            self._next()
        else:
            loop = asyncio.get_running_loop()
            self._connecting = loop.create_task(
                loop.create_connection(lambda: self, "127.0.0.1", self._port)
            )

    def _next(self) -> None:
        self._busy = bool(self._waiting)
        if self._transport and self._waiting:
            frames, self._waiting = self._waiting, []
            self._transport.write(request(self._port, self._path, b"\n".join(frames)))

    def close(self) -> None:
        if self._transport:
            self._transport.close()


def request(port: int, path: str, body: bytes) -> bytes:
    host = f"127.0.0.1:{port}"
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def measure(provider: Provider, folder: Path, full: bool) -> str:
    """The table: CPU µs a chunk and ms to the first delta over both, in turns, and the ratios."""
    lines = []
    for name in OURS:
        sockets = await start(name, provider, folder)
        port, token = sockets.port, await asyncio.to_thread(frame_token, sockets.port)
        path = f"/chatwidget/{SLUG}/events/"
        events = replace(sockets, visitor=partial(Events, port=port, path=path, token=token))
        try:
            found = [await _pair(sockets, events) for _ in range(4 if full else 2)]
        finally:
            sockets.stop()
        for row, pairs in (
            ("CPU µs a chunk", [(ours.cpu, theirs.cpu) for ours, theirs in found]),
            ("first delta p95 ms", [(ours.first_p95, theirs.first_p95) for ours, theirs in found]),
        ):
            values = [f"{median([pair[side] for pair in pairs]):.1f}" for side in (0, 1)]
            ratio = median([theirs / ours for ours, theirs in pairs])
            lines.append([name, row, *values, f"{ratio:.2f}"])
    head = [f"{VISITORS} streams of {RATE}/s", "", "websocket", "events and POST", "ratio"]
    return printed(head, lines)


async def _pair(*targets: Target) -> list[cells.Streams]:
    found = [await cells.streams(each, VISITORS, RATE, CHUNKS) for each in targets]
    if lost := sum(cell.lost for cell in found):
        raise RuntimeError(f"{lost} replies or chunks were lost")
    return found
