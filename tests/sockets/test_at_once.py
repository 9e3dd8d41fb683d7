"""Deltas that are sent in the moment in which they come."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State

from chatwidget.protocol import WINDOW
from chatwidget.relay.reply import Reply
from chatwidget.sockets.at_once import at_once, framed
from chatwidget.sockets.backpressure import Flow
from chatwidget.sockets.outbox import MAX_DELTA, Outbox
from tests.sockets.readers import Reader, a_reply, ended, idle


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_a_frame_is_as_the_standard_has_it(size: int) -> None:
    text = "é" * (size // 2) + "x" * (size % 2)
    assert framed(text) == Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


class Quick(Reader):
    """A client of a server that sends at once, while it takes it."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(self.take, lambda: False, self.at_once)
        self.takes = True
        self.taken = 0  # at once
        self.error: Exception | None = None

    def at_once(self, text: str) -> bool:
        if self.error:
            raise self.error
        if self.takes:
            frame = json.loads(text)
            self.frames.append(frame)
            self.shown.apply(frame)
            self.taken += 1
        return self.takes


@pytest.fixture
async def reading() -> Any:
    """A client that follows a reply, of which it has all; and its task."""
    reader, reply = Quick(), a_reply("So ")
    reader.begin(reply)
    task = asyncio.create_task(reader.outbox.run())
    await idle()
    yield reader, reply, task
    task.cancel()
    await asyncio.wait([task])


Reading = tuple[Quick, Reply, asyncio.Task[None]]


async def test_a_delta_goes_at_once_and_its_end_in_order(reading: Reading) -> None:
    reader, reply, task = reading
    for piece in ("it ", "goes", "."):
        reply.append(piece)
        assert reader.texts[reply.id] == reply.text
    ended(reply)
    assert reader.done == []
    await task
    assert (reader.taken, reader.done) == (3, [reply.id])


async def test_what_is_not_taken_at_once_comes_later_and_once(reading: Reading) -> None:
    reader, reply, _ = reading
    reader.takes = False
    reply.append("one ")
    reply.append("two ")
    reader.takes = True
    reply.append("three ")
    await idle()
    assert reader.texts[reply.id] == "So one two three "
    reply.append("four")
    assert reader.texts[reply.id] == "So one two three four"


async def test_nothing_overtakes_a_frame_that_is_being_sent(reading: Reading) -> None:
    reader, reply, _ = reading
    reader.takes = False
    reader.gate.clear()
    reply.append("one ")
    await idle()
    reader.takes = True
    reply.append("two")
    assert reader.texts[reply.id] == "So "
    reader.gate.set()
    await idle()
    assert reader.texts[reply.id] == "So one two"


async def test_the_window_bounds_what_goes_at_once(reading: Reading) -> None:
    reader, reply, _ = reading
    for _ in range(WINDOW // MAX_DELTA + 2):
        reply.append("x" * MAX_DELTA)
        await idle()
    assert len(reader.texts[reply.id]) == WINDOW + 3
    reader.outbox.ack(reply.id, WINDOW)
    await idle()
    assert reader.texts[reply.id] == reply.text
    reader.outbox.ack(reply.id, reply.length)
    await idle()
    reply.append("y")
    assert reader.texts[reply.id] == reply.text


async def test_a_large_piece_goes_in_several(reading: Reading) -> None:
    reader, reply, _ = reading
    reply.append("x" * (2 * MAX_DELTA + 1))
    await idle()
    assert [len(frame["text"]) for frame in reader.deltas()] == [MAX_DELTA, MAX_DELTA, 1]


async def test_a_connection_that_is_lost_is_this_sockets_alone(reading: Reading) -> None:
    reader, reply, task = reading
    reader.error = ConnectionError("lost")
    reply.append("more")
    with pytest.raises(ConnectionError):
        await task


# --- the two servers ----------------------------------------------------------------------------


class Wire:
    """A transport, and Daphne's protocol around it."""

    STATE_OPEN = state = 3
    _perMessageCompress: object = None
    closing = False

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.write = self.sendData = self.written.append

    def is_closing(self) -> bool:
        return self.closing


def of_uvicorn(wire: Wire, **connection: Any) -> Any:
    protocol = object.__new__(WebSocketsSansIOProtocol)
    protocol.transport = wire  # type: ignore[assignment]
    protocol.conn = SimpleNamespace(**{"state": State.OPEN, "extensions": [], **connection})  # type: ignore[assignment]
    protocol.writable = asyncio.Event()
    protocol.writable.set()
    return protocol


async def test_on_uvicorn() -> None:
    wire = Wire()
    protocol = of_uvicorn(wire)
    send = at_once(protocol.send, None)
    assert send and send("one") and wire.written == [framed("one")]
    protocol.writable.clear()
    assert not send("two")
    protocol.writable.set()
    wire.closing = True
    assert not send("two")
    wire.closing, protocol.conn.state = False, State.CLOSING
    assert not send("two")
    assert wire.written == [framed("one")]
    assert at_once(of_uvicorn(wire, extensions=["deflate"]).send, None) is None


async def test_on_daphne() -> None:
    wire = Wire()
    flow = Flow(wire)
    send = at_once(None, flow)
    assert send and send("one") and wire.written == [framed("one")]
    flow.pauseProducing()
    assert not send("two")
    flow.resumeProducing()
    wire._perMessageCompress = object()
    assert not send("two")
    wire._perMessageCompress, wire.state = None, 2
    assert not send("two")
    assert wire.written == [framed("one")]


async def test_other_servers_send_for_themselves() -> None:
    async def plain(message: dict[str, Any]) -> None: ...

    assert at_once(plain, None) is None
    renamed = Wire()
    del renamed.sendData  # as a later autobahn might
    assert at_once(None, Flow(renamed)) is None
