"""A websocket: the `Connection` over ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from chatwidget.errors import CloseCode, CloseConnection
from chatwidget.protocol import WINDOW_SECONDS
from chatwidget.sockets.at_once import at_once
from chatwidget.sockets.backpressure import flow_of
from chatwidget.sockets.connection import Connection
from chatwidget.sockets.line import Line
from chatwidget.sockets.staff_line import StaffLine

WaysOut = tuple[
    Callable[[str], Awaitable[None]], Callable[[int], Awaitable[None]], Callable[[str], bool] | None
]


class ChatConsumer:
    """The websocket of one tab: an ASGI application, which takes its events one at a time.

    None of Channels' consumers: those have a task more for each socket, and one for each event.
    """

    __slots__ = ("_connection", "_flow", "_scope", "_send")

    def __init__(self, scope: Any, send: Any) -> None:
        self._scope = scope
        self._send = send

    @classmethod
    def as_asgi(cls) -> Callable[..., Awaitable[None]]:
        """What routes the websockets of this kind."""

        def application(scope: Any, receive: Any, send: Any) -> Awaitable[None]:
            return cls(scope, send)._run(receive)

        vars(application)["consumer_class"] = cls  # as Channels' have it, for the checks
        return application

    async def _run(self, receive: Callable[[], Awaitable[Any]]) -> None:
        while (event := await receive())["type"] != "websocket.disconnect":
            if event["type"] == "websocket.connect":
                self._flow = flow_of(self._send)
                self._connection = self._line()
                await self._send({"type": "websocket.accept"})
                await self._connection.open()
            else:
                await self._connection.receive(event.get("text"), event.get("bytes"))
                if self._flow is not None:
                    self._flow.handled()
        self._connection.leave()

    def _line(self) -> Line:
        slug = self._scope["url_route"]["kwargs"]["slug"]
        return Connection(self._scope, slug, *self._ways_out)

    @property
    def _ways_out(self) -> WaysOut:
        return self._send_text, self._send_close, at_once(self._send, self._flow)

    async def _send_text(self, text: str) -> None:
        try:
            await self._send({"type": "websocket.send", "bytes": None, "text": text})
        except Exception as error:  # however the server says that the other end is gone
            raise ConnectionError(f"{type(error).__name__}: {error}") from error
        if self._flow is not None and self._flow.full:
            try:
                async with asyncio.timeout(WINDOW_SECONDS):
                    await self._flow.taken()
            except TimeoutError:
                raise CloseConnection(CloseCode.FLOW_CONTROL_TIMEOUT, "nothing taken") from None

    async def _send_close(self, code: int) -> None:
        await self._send({"type": "websocket.close", "code": code})


class StaffConsumer(ChatConsumer):
    """The websocket of a live page of the admin."""

    __slots__ = ()

    def _line(self) -> Line:
        return StaffLine(self._scope, *self._ways_out)
