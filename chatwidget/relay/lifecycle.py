"""The process's one relay: made at the first use in its event loop, drained at SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import threading
from types import FrameType
from typing import Any

from django.core.handlers.asgi import ASGIHandler

from chatwidget.notices.courier import Courier
from chatwidget.providers.transport import close_transport
from chatwidget.relay.housekeeping import Housekeeping
from chatwidget.relay.relay import Relay

logger = logging.getLogger("chatwidget")


class Process:
    """A relay with the tasks that serve it, in one event loop."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.relay = Relay()
        self.courier = Courier()
        self._tasks = [
            asyncio.create_task(Housekeeping(self.relay).run(), name="chatwidget-housekeeping"),
            asyncio.create_task(self.relay.hub.pubsub.run(), name="chatwidget-pubsub"),
            asyncio.create_task(self.courier.run(), name="chatwidget-notices"),
        ]
        self._draining: asyncio.Task[None] | None = None
        self._passing_on = False
        if threading.current_thread() is threading.main_thread():
            # The server's own handler, Daphne's or uvicorn's, was set before its loop ran: it is
            # called when the replies are done. A second SIGTERM does not cut that short.
            self._server_handler = signal.signal(signal.SIGTERM, self._terminated)

    def drain(self) -> asyncio.Task[None]:
        """Let the replies in flight finish; asked for twice, it is the same draining."""
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain(), name="chatwidget-drain")
        return self._draining

    async def _drain(self) -> None:
        await asyncio.gather(self.relay.drain(), self.courier.drain())
        await close_transport()

    def _terminated(self, signum: int, frame: FrameType | None) -> None:
        self.loop.call_soon_threadsafe(self._drain_and_pass_on)

    def _drain_and_pass_on(self) -> None:
        if not self._passing_on:
            self._passing_on = True
            self.drain().add_done_callback(self._pass_on)

    def _pass_on(self, _: object) -> None:
        """The signal is the server's now."""
        handler = self._server_handler
        signal.signal(signal.SIGTERM, handler)
        if callable(handler):
            handler(signal.SIGTERM, None)
        else:
            signal.raise_signal(signal.SIGTERM)


async def lifespan(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The server begins the relay: a process that died may have left replies behind, and messages
    that wait for their answer."""
    while True:
        event = (await receive())["type"]
        if event == "lifespan.startup":
            relay()
        elif _process is not None:  # servers that keep SIGTERM to themselves tell of it here
            await _process.drain()
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return


def begin_in_daphne() -> None:
    """The same for Daphne, which knows no lifespan and makes the application before its loop runs.
    In any other server this does nothing."""
    if (reactor := sys.modules.get("twisted.internet.reactor")) is not None:
        reactor.callLater(0, relay)


async def begin(sender: type, **_: object) -> None:
    """Else the first request of any kind begins the relay, not the first visitor of a chat."""
    if issubclass(sender, ASGIHandler):
        relay()


_process: Process | None = None


def begun_relay() -> Relay | None:
    """The same, called from any thread; None where no event loop has begun it."""
    return _process.relay if _process else None


def relay() -> Relay:
    """This process's relay; called in its event loop."""
    global _process
    if _process is None or _process.loop is not asyncio.get_running_loop():
        _process = Process()
    return _process.relay
