"""Backpressure on Daphne: what the writer of a socket waits for, and when no more is read."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from chatwidget.errors import CloseCode, CloseConnection
from chatwidget.sockets import consumer
from chatwidget.sockets.backpressure import MAX_UNHANDLED, Flow, flow_of


class Transport:
    reading = True

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        self.reading = True


class Plain(Transport):
    """A connection without TLS, as Twisted has it, to somebody who takes so many bytes more."""

    TLS = False
    connected = True
    dataBuffer = b""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken = b""
        self.waiting = b""

    @property
    def _tempDataLen(self) -> int:
        return len(self.waiting)

    def writeSomeData(self, data: bytes) -> int | Exception:
        if self.room < 0:
            return ConnectionError()
        now = data[: self.room]
        self.taken += now
        self.room -= len(now)
        return len(now)

    def write(self, data: bytes) -> None:
        self.waiting += data


class Protocol:
    """A websocket's, as Daphne binds it to `send`."""

    def __init__(self) -> None:
        self.producers: list[Any] = ["that of HTTP"]
        self.sent: list[str] = []
        self.pongs: list[bytes] = []
        self.transport: Any = Transport()
        self.application_queue: asyncio.Queue[bytes] = asyncio.Queue()

    def sendPong(self, payload: bytes) -> None:
        self.pongs.append(payload)

    def onPing(self, payload: bytes) -> None:
        raise AssertionError("answered without a look at what waits")

    def onMessage(self, payload: bytes, binary: bool) -> None:
        self.application_queue.put_nowait(payload)

    def unregisterProducer(self) -> None:
        self.producers.pop()

    def registerProducer(self, producer: Flow, streaming: bool) -> None:
        assert streaming
        self.producers.append(producer)


async def send(protocol: Protocol, message: dict[str, Any]) -> None:
    protocol.sent.append(message["text"])


def a_writer(protocol: Protocol) -> tuple[consumer.ChatConsumer, Flow]:
    socket = consumer.ChatConsumer({}, partial(send, protocol))
    socket._flow = flow_of(socket._send)
    [flow] = protocol.producers
    return socket, flow


async def test_a_frame_waits_until_those_before_it_are_taken() -> None:
    protocol = Protocol()
    socket, flow = a_writer(protocol)
    await socket._send_text("one")
    flow.pauseProducing()
    flow.pauseProducing()
    writing = asyncio.create_task(socket._send_text("two"))
    while len(protocol.sent) < 2:
        await asyncio.sleep(0)
    assert flow.full and not writing.done()
    flow.resumeProducing()
    await writing
    assert not flow.full
    flow.resumeProducing()
    await socket._send_text("three")
    assert protocol.sent == ["one", "two", "three"]


async def test_who_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "WINDOW_SECONDS", 0.01)
    socket, flow = a_writer(Protocol())
    flow.pauseProducing()
    with pytest.raises(CloseConnection) as refused:
        await socket._send_text("one")
    assert refused.value.close_code == CloseCode.FLOW_CONTROL_TIMEOUT
    flow.stopProducing()  # the connection is lost


async def test_pongs_do_not_pile_up() -> None:
    protocol = Protocol()
    _, flow = a_writer(protocol)
    protocol.onPing(b"1")
    flow.pauseProducing()
    protocol.onPing(b"2")
    flow.resumeProducing()
    protocol.onPing(b"3")
    assert protocol.pongs == [b"1", b"3"]


async def test_no_more_is_read_than_is_handled() -> None:
    protocol = Protocol()
    _, flow = a_writer(protocol)
    for number in range(MAX_UNHANDLED + 1):
        assert protocol.transport.reading
        protocol.onMessage(b"%d" % number, False)
    assert not protocol.transport.reading
    protocol.onMessage(b"of the same segment", False)
    while not protocol.application_queue.empty():
        assert not protocol.transport.reading
        protocol.application_queue.get_nowait()
        flow.handled()
    assert protocol.transport.reading
    flow.stopProducing()
    protocol.onMessage(b"as Daphne does it", False)
    assert protocol.application_queue.qsize() == 1


@pytest.mark.parametrize("room", range(-1, 8))
async def test_what_can_be_sent_at_once_is_and_in_order(room: int) -> None:
    protocol = Protocol()
    protocol.transport = transport = Plain(room)
    _, flow = a_writer(protocol)
    for each in (b"one", b"two"):
        protocol.transport.write(each)
    assert len(transport.taken) == min(6, max(0, room))
    assert transport.taken + transport.waiting == b"onetwo"
    flow.stopProducing()
    protocol.transport.write(b"later")
    assert transport.waiting.endswith(b"later"), "a cycle keeps it"


def test_other_servers_wait_themselves() -> None:
    async def plain(message: dict[str, Any]) -> None: ...

    assert flow_of(plain) is None
    assert flow_of(partial(plain, {"type": "of whatever"})) is None
