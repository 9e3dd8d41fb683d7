"""Backpressure on Daphne: what the writer of a socket waits for, and for how long."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from chatwidget import consumers
from chatwidget.errors import CloseCode, Refused
from chatwidget.flow import Flow, flow_of


class Protocol:
    """A websocket's, as Daphne binds it to `send`."""

    def __init__(self) -> None:
        self.producers: list[Any] = ["that of HTTP"]
        self.sent: list[str] = []

    def unregisterProducer(self) -> None:
        self.producers.pop()

    def registerProducer(self, producer: Flow, streaming: bool) -> None:
        assert streaming
        self.producers.append(producer)


async def send(protocol: Protocol, message: dict[str, Any]) -> None:
    protocol.sent.append(message["text"])


def a_writer(protocol: Protocol) -> tuple[consumers.ChatConsumer, Flow]:
    consumer = consumers.ChatConsumer()
    consumer.base_send = partial(send, protocol)
    consumer._flow = flow_of(consumer.base_send)
    [flow] = protocol.producers
    return consumer, flow


async def test_a_frame_waits_until_those_before_it_are_taken() -> None:
    protocol = Protocol()
    consumer, flow = a_writer(protocol)
    await consumer._send_text("one")
    flow.pauseProducing()
    flow.pauseProducing()
    writing = asyncio.create_task(consumer._send_text("two"))
    while len(protocol.sent) < 2:
        await asyncio.sleep(0)
    assert flow.full and not writing.done()
    flow.resumeProducing()
    await writing
    assert not flow.full
    flow.resumeProducing()
    await consumer._send_text("three")
    assert protocol.sent == ["one", "two", "three"]


async def test_who_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "WINDOW_SECONDS", 0.01)
    consumer, flow = a_writer(Protocol())
    flow.pauseProducing()
    with pytest.raises(Refused) as refused:
        await consumer._send_text("one")
    assert refused.value.close_code == CloseCode.WINDOW
    flow.stopProducing()  # the connection is lost


def test_other_servers_wait_themselves() -> None:
    async def plain(message: dict[str, Any]) -> None: ...

    assert flow_of(plain) is None
    assert flow_of(partial(plain, {"type": "of whatever"})) is None
