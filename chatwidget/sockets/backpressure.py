"""Backpressure where the server has none: Daphne waits for nobody.

Whatever a client does not read would pile up in Daphne, and so would whatever it sends while its
last frame is still being handled. Its connection is Twisted's, which tells a producer when more
than 64 KiB wait for the other end, and when that has taken them; and whose reading can be paused.
"""

from __future__ import annotations

import asyncio
from typing import Any

# Frames that may wait to be handled before no more are read.
MAX_UNHANDLED = 16


class Flow:
    """One socket's, in both directions."""

    __slots__ = ("_paused", "_protocol", "_waiter", "_write_later")

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False

    # --- out ----------------------------------------------------------------------------------

    @property
    def full(self) -> bool:
        """Does the other end not take what it is sent?"""
        return self._waiter is not None

    @property
    def takes_frames(self) -> bool:
        """Can `send` be used? It relies on names of autobahn's own."""
        return all(hasattr(self._protocol, name) for name in ("sendData", "_perMessageCompress"))

    def send(self, frame: bytes) -> bool:
        """Send a frame, whole as it goes over the wire; False where it cannot now."""
        protocol = self._protocol
        if self.full or protocol.state != protocol.STATE_OPEN or protocol._perMessageCompress:
            return False
        protocol.sendData(frame)
        return True

    async def taken(self) -> None:
        """Until it is behind no more, or gone."""
        if self._waiter is not None:
            await asyncio.shield(self._waiter)

    def pauseProducing(self) -> None:
        """Twisted's: too much waits."""
        if self._waiter is None:
            self._waiter = asyncio.get_running_loop().create_future()

    def resumeProducing(self) -> None:
        """Twisted's: it has been taken."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def stopProducing(self) -> None:
        """Twisted's: the connection is gone."""
        self.resumeProducing()
        del self._protocol.onPing, self._protocol.onMessage  # no cycle keeps it
        vars(self._protocol.transport).pop("write", None)

    def write_at_once(self) -> None:
        """From now on, where the connection is the system's own (without TLS, which proxies do)."""
        transport = self._protocol.transport
        if getattr(transport, "TLS", True) is False:
            self._write_later = transport.write
            transport.write = self.write

    def write(self, data: bytes) -> None:
        """In the place of Twisted's, which sends on the loop's next turn and asks the system twice
        to be told of that: what nothing waits before goes at once."""
        transport = self._protocol.transport
        if transport.connected and not (transport.dataBuffer or transport._tempDataLen):
            sent = transport.writeSomeData(data)
            if isinstance(sent, int):  # else the other end is gone, as the next turn finds
                data = data[sent:]
        if data:
            self._write_later(data)

    def pinged(self, payload: bytes) -> None:
        """Who reads no pongs is sent no more of them."""
        if not self.full:
            self._protocol.sendPong(payload)

    # --- in -----------------------------------------------------------------------------------

    def came(self) -> None:
        """There is one more to be handled."""
        if not self._paused and self._protocol.application_queue.qsize() > MAX_UNHANDLED:
            self._paused = True
            self._protocol.transport.pauseProducing()

    def handled(self) -> None:
        """There is one fewer."""
        if self._paused and self._protocol.application_queue.empty():
            self._paused = False
            self._protocol.transport.resumeProducing()


def flow_of(send: Any) -> Flow | None:
    """For a websocket's `send`, as Daphne gives it; None in a server that waits by itself."""
    protocol: Any = next(iter(getattr(send, "args", ())), None)
    if not hasattr(protocol, "registerProducer"):
        return None
    flow = Flow(protocol)
    protocol.unregisterProducer()  # that of HTTP, which has done its part
    protocol.registerProducer(flow, True)
    protocol.onPing = flow.pinged
    flow.write_at_once()
    message = protocol.onMessage

    def on_message(payload: bytes, binary: bool) -> None:
        message(payload, binary)
        flow.came()

    protocol.onMessage = on_message
    return flow
