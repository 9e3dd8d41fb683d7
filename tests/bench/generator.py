"""Visitors by the thousand: a websocket client by hand, for our protocol and the baselines'.

Every visitor writes what it sees into a `Tally`. Times are milliseconds; a chunk's lag is the time
from its writing by the provider (same process, same clock) to its receipt here.
"""

import asyncio
import os
import statistics
from base64 import b64encode
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast
from uuid import uuid4

import msgspec

from tests.bench.provider import CHUNK

ACK_EVERY = 32 * 1024


@dataclass
class Tally:
    """What the visitors saw: first deltas and lags in ms, counts, replies that went wrong."""

    first: list[float] = field(default_factory=list)
    lag: list[float] = field(default_factory=list)
    chunks: int = 0
    frames: int = 0
    ended: int = 0
    wrong: list[str] = field(default_factory=list)

    def text(self, text: str, now: float) -> str:
        """Counts the whole chunks in `text`, returns what is left of it."""
        whole = len(text) - len(text) % CHUNK
        micros = now * 1e6
        lag = self.lag
        for at in range(0, whole, CHUNK):
            lag.append((micros - int(text[at : at + 15])) / 1e3)
        self.chunks += whole // CHUNK
        self.frames += 1
        return text[whole:]


def percentile(values: list[float], share: float) -> float:
    """NaN when there is nothing to tell."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median(values: list[float]) -> float:
    return statistics.median(values) if values else float("nan")


class Visitor(asyncio.Protocol):
    """One connection that asks and is answered. `say` resolves when the reply has ended."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = self.loop.create_future()
        self.closed: asyncio.Future[str] = self.loop.create_future()
        self.turn: asyncio.Future[None] | None = None
        self.asked = 0.0
        self.rest = ""
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result("connection lost")
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(self.closed.result()))
        if self.turn is not None and not self.turn.done():
            self._end(self.closed.result())

    def say(self, text: str) -> asyncio.Future[None]:
        self.turn = self.loop.create_future()
        self.rest = ""
        self.asked = perf_counter()
        self._ask(text)
        return self.turn

    def _ask(self, text: str) -> None:
        raise NotImplementedError

    def _heard(self, text: str) -> None:
        now = perf_counter()
        if self.asked:
            self.tally.first.append((now - self.asked) * 1e3)
            self.asked = 0.0
        self.rest = self.tally.text(self.rest + text, now)

    def _end(self, wrong: str = "") -> None:
        self.tally.ended += 1
        if wrong:
            self.tally.wrong.append(wrong)
        if self.turn is not None and not self.turn.done():
            self.turn.set_result(None)

    def close(self) -> None:
        self.transport.close()


class Socket(Visitor):
    """A websocket client's bare bones: no extensions, unfragmented text, pings answered."""

    def __init__(self, tally: Tally, port: int, path: str) -> None:
        super().__init__(tally)
        self.port = port
        self.path = path
        self.upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        host = f"127.0.0.1:{self.port}"
        key = b64encode(os.urandom(16)).decode()
        self.transport.write(
            f"GET {self.path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        if self.buffer:
            data = self.buffer + data
        at = 0
        if not self.upgraded:
            at = data.find(b"\r\n\r\n") + 4
            if at < 4:
                self.buffer = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                self.opened.set_exception(ConnectionError(data[:80].decode("latin-1")))
                self.transport.close()
                return
            self.upgraded = True
            self._upgraded()
        size = len(data)
        while size - at >= 2:
            length = data[at + 1]
            start = at + 2
            if length == 126:
                start = at + 4
                length = int.from_bytes(data[at + 2 : start])
            elif length == 127:
                start = at + 10
                length = int.from_bytes(data[at + 2 : start])
            end = start + length
            if size < start or size < end:
                break
            code = data[at]
            at = end
            if code == 0x81:
                self._text(data[start:end])
            else:
                self._control(code, data[start:end])
        self.buffer = data[at:]

    def _control(self, code: int, payload: bytes) -> None:
        if code == 0x89:
            self._write(0x8A, payload)
        elif code == 0x88:
            if not self.closed.done():
                number = int.from_bytes(payload[:2]) if payload else 1005
                self.closed.set_result(f"closed with {number} {payload[2:].decode()}")
            self.transport.close()
        else:
            raise ValueError(f"frame of an unexpected kind: {code:#x}")

    def send(self, payload: bytes) -> None:
        self._write(0x81, payload)

    def _write(self, code: int, payload: bytes) -> None:
        """Masked, as clients must, with a mask of zeros."""
        length = len(payload)
        if length < 126:
            head = bytes((code, 0x80 | length))
        else:
            head = bytes((code, 0xFE)) + length.to_bytes(2)
        self.transport.write(head + bytes(4) + payload)

    def _upgraded(self) -> None:
        raise NotImplementedError

    def _text(self, payload: bytes) -> None:
        raise NotImplementedError


class Plain(Socket):
    """The baselines' protocol: a question up, its chunks down, `[DONE]` at the end."""

    def _upgraded(self) -> None:
        self.opened.set_result(None)

    def _ask(self, text: str) -> None:
        self.send(text.encode())

    def _text(self, payload: bytes) -> None:
        if payload == b"[DONE]":
            self._end()
        else:
            self._heard(payload.decode())


class Message(msgspec.Struct):
    id: str
    role: str


class Frame(msgspec.Struct):
    """Any frame of the server's, as far as it matters here."""

    type: str
    id: str = ""
    offset: int = 0
    text: str = ""
    status: str = ""
    length: int = 0
    code: str = ""
    visitor: str = ""
    message: Message | None = None
    messages: list[Message] = []


_frame = msgspec.json.Decoder(Frame)


class Ours(Socket):
    """The product's protocol: hello, then sends; acknowledges, and checks that nothing is lost."""

    def __init__(self, tally: Tally, port: int, path: str, token: str, visitor: str = "") -> None:
        super().__init__(tally, port, path)
        self.token = token
        self.visitor = visitor
        self.received = 0
        self.acked = 0
        self.reply = ""

    def _upgraded(self) -> None:
        hello = {"type": "hello", "token": self.token}
        if self.visitor:
            hello["visitor"] = self.visitor
        self.send(msgspec.json.encode(hello))

    def _ask(self, text: str) -> None:
        self.reply = ""
        self.received = self.acked = 0
        self.send(msgspec.json.encode({"type": "send", "id": str(uuid4()), "text": text}))

    def _text(self, payload: bytes) -> None:
        frame = _frame.decode(payload)
        match frame.type:
            case "delta":
                self._delta(frame)
            case "done":
                self._ack(frame.id)
                whole = frame.status == "complete" and frame.length == self.received
                self._end("" if whole else f"done {frame.status} at {self.received}")
            case "message" if frame.message and frame.message.role == "assistant":
                self.reply = frame.message.id
                if not self.opened.done():
                    self.opened.set_result(None)
            case "ready":
                self.visitor = frame.visitor
                if frame.messages:
                    self.opened.set_result(None)
            case "error":
                self._end(f"error {frame.code}")

    def _delta(self, frame: Frame) -> None:
        if frame.offset != self.received:
            self.tally.wrong.append(f"delta at {frame.offset}, not {self.received}")
        self.received = frame.offset + len(frame.text)
        self._heard(frame.text)
        if self.received - self.acked >= ACK_EVERY:
            self._ack(frame.id)

    def _ack(self, reply: str) -> None:
        self.acked = self.received
        self.send(msgspec.json.encode({"type": "ack", "id": reply, "offset": self.received}))


class Direct(Visitor):
    """No relay at all: the provider's own HTTP stream, on a connection that is kept."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.opened.set_result(None)

    def _ask(self, text: str) -> None:
        body = msgspec.json.encode({"agent_id": "a", "message": text})
        self.transport.write(
            b"POST /v1/public/chat HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )

    def data_received(self, data: bytes) -> None:
        data = self.buffer + data
        if data.startswith(b"HTTP/1.1"):
            _, blank, data = data.partition(b"\r\n\r\n")
            if not blank:
                return
        pieces, self.buffer = dechunked(data)
        for piece in pieces:
            if piece:
                self._heard(piece.decode())
            else:
                self._end()


def dechunked(data: bytes) -> tuple[list[bytes], bytes]:
    """The whole pieces of a chunked body, an empty one at its end, and what is left."""
    pieces: list[bytes] = []
    while not pieces or pieces[-1]:
        size, line_end, rest = data.partition(b"\r\n")
        length = int(size, 16) if line_end else 0
        if not line_end or len(rest) < length + 2:
            break
        pieces.append(rest[:length])
        data = rest[length + 2 :]
    return pieces, data
