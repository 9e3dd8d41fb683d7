"""Bounds for Daphne, which reads a request to its end, for as long as that takes, before anybody
else sees it; and less work for each frame."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings

REQUEST_SECONDS = 30.0
TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def bound_daphne() -> None:
    """Where Daphne serves, give its requests a size and a time."""
    if (module := sys.modules.get("daphne.http_protocol")) is not None:
        vars(module)["WebRequest"] = bounded(module.WebRequest)


def plain_logs() -> None:
    """Autobahn, which is Daphne's websockets, colours names and numbers for its log with each read
    and write, though that is off: a tenth of what a chunk costs. Here they stay as they are."""
    for name in ("autobahn.websocket.protocol", "autobahn.twisted.websocket"):
        if (module := sys.modules.get(name)) is not None:
            vars(module).update(hltype=_as_it_is, hlval=_as_it_is)


def _as_it_is(value: object) -> object:
    return value


def bounded(request: Any) -> Any:
    """The class of Twisted's requests `request`, with both."""
    from twisted.internet import reactor

    class BoundedRequest(request):  # type: ignore[misc]
        left = settings.DATA_UPLOAD_MAX_MEMORY_SIZE  # bytes of the body

        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            clock: Any = reactor
            self.deadline = clock.callLater(REQUEST_SECONDS, self.refuse, TOO_SLOW)

        def gotLength(self, length: int | None) -> None:
            super().gotLength(0 if length and length > self.left else length)
            if length and length > self.left:
                self.refuse(TOO_LARGE)

        def handleContentChunk(self, data: bytes) -> None:
            self.left -= len(data)
            if self.left >= 0:
                super().handleContentChunk(data)
            else:
                self.refuse(TOO_LARGE)

        def requestReceived(self, *arguments: Any) -> None:
            self.stop_clock()
            if self.left >= 0:
                super().requestReceived(*arguments)

        def connectionLost(self, reason: Any) -> None:
            self.stop_clock()
            super().connectionLost(reason)

        def stop_clock(self) -> None:
            if self.deadline.active():
                self.deadline.cancel()

        def refuse(self, answer: bytes) -> None:
            self.left = -1
            if self.channel:
                self.channel.transport.write(answer)
                self.channel.loseConnection()

    return BoundedRequest
