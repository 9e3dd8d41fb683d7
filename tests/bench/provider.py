"""A fake eigi, fast enough not to be the bottleneck: HTTP/1.1 by hand on an asyncio protocol.

A message says what answers it: ``"30 300"`` is 300 chunks at 30 a second, ``"0 64"`` is 64 blocks
of 16 KiB as fast as the reader takes them. A paced chunk is `CHUNK` bytes: the time it was written
(microseconds of this process's monotonic clock, 15 digits) and a space; whoever reads it in the
same process knows how long it was on its way.
"""

import asyncio
from time import perf_counter
from typing import Any, cast

import msgspec

CHUNK = 16
BLOCK = b"000000000000000 " * 1024
"""One block of an unpaced reply, 16 KiB."""

_GREETING = msgspec.json.encode(
    {"session_id": "bench-session", "first_message": "Hello, how can I help?", "agent_id": "a"}
)
_JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(_GREETING),
    _GREETING,
)
_STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"X-Session-ID: bench-session\r\nTransfer-Encoding: chunked\r\n\r\n"
)
_END = b"0\r\n\r\n"
_BAD = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Question(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/public/chat, as eigi documents it."""

    agent_id: str
    message: str
    session_id: str | None = None
    streaming: bool = True
    metadata: dict[str, Any] | None = None


_question = msgspec.json.Decoder(Question)


class Provider:
    """The listening server, and what it has done so far."""

    def __init__(self) -> None:
        self.chunks = 0
        self.bytes = 0
        self.begun = 0
        self.ended = 0
        self.streams: set[Exchange] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Exchange(self), "127.0.0.1", 0, backlog=4096
        )
        self.port = self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def finish_all(self) -> None:
        """Ends every running reply properly, now."""
        for exchange in list(self.streams):
            exchange.finish()

    def close(self) -> None:
        if self._server is not None:
            self._server.close()


class Exchange(asyncio.Protocol):
    """One connection: requests one after another, each answered whole or as a paced stream."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.buffer = b""
        self.timer: asyncio.TimerHandle | None = None
        self.writable = True
        self.period = 0.0
        self.left = 0
        self.due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.loop = asyncio.get_running_loop()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.provider.streams.discard(self)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, blank, rest = self.buffer.partition(b"\r\n\r\n")
        if not blank:
            return
        if head.startswith(b"GET /v1/public/agents/"):
            self.buffer = rest
            self.transport.write(_JSON)
            return
        length = _content_length(head)
        if len(rest) < length:
            return
        self.buffer = rest[length:]
        try:
            question = _question.decode(rest[:length])
            rate, chunks = (int(word) for word in question.message.split())
        except (msgspec.DecodeError, ValueError):
            head = b""
        if not head.startswith(b"POST /v1/public/chat "):
            self.transport.write(_BAD)
            self.transport.close()
            return
        self._begin(rate, chunks)

    def _begin(self, rate: int, chunks: int) -> None:
        self.provider.begun += 1
        self.provider.streams.add(self)
        self.left = chunks
        if rate:
            self.period = 1 / rate
            self.due = self.loop.time()
            self._tick(_STREAM)
        else:
            self.period = 0.0
            self.transport.write(_STREAM)
            self._pour()

    def _tick(self, head: bytes = b"") -> None:
        """Writes one chunk and sets the clock for the next, without drifting."""
        self.transport.write(b"%b10\r\n%015d \r\n" % (head, perf_counter() * 1e6))
        self.provider.chunks += 1
        self.left -= 1
        self.due += self.period
        again = self.finish if self.left <= 0 else self._tick
        self.timer = self.loop.call_at(self.due, again)

    def _pour(self) -> None:
        while self.writable and self.left > 0:
            self.transport.write(b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK))
            self.provider.chunks += 1
            self.provider.bytes += len(BLOCK)
            self.left -= 1
        if self.left <= 0 and self in self.provider.streams:
            self.finish()

    def finish(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.left = 0
        self.provider.streams.discard(self)
        self.provider.ended += 1
        self.transport.write(_END)

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        if self.period == 0.0:
            self._pour()


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
