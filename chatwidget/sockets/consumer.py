"""A websocket: the `Connection` over Channels."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.typing import WebSocketConnectEvent, WebSocketDisconnectEvent, WebSocketReceiveEvent
from channels.consumer import AsyncConsumer, get_handler_name
from channels.exceptions import StopConsumer

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


class ChatConsumer(AsyncConsumer):
    """The websocket of one tab. Channels calls the three handlers below one at a time."""

    channel_layer_alias = ""  # the process has one channel of its own (pubsub.py), its sockets none

    async def dispatch(self, message: Any) -> None:
        """Call the handler, without Channels' hop into a thread to close database connections."""
        await getattr(self, get_handler_name(message))(message)

    async def websocket_connect(self, event: WebSocketConnectEvent) -> None:
        self._flow = flow_of(self.base_send)
        self._connection = self._line()
        await self.send({"type": "websocket.accept"})
        await self._connection.open()

    def _line(self) -> Line:
        slug = self.scope["url_route"]["kwargs"]["slug"]
        return Connection(self.scope, slug, *self._ways_out)

    @property
    def _ways_out(self) -> WaysOut:
        return self._send_text, self._send_close, at_once(self.base_send, self._flow)

    async def websocket_receive(self, event: WebSocketReceiveEvent) -> None:
        await self._connection.receive(event.get("text"), event.get("bytes"))
        if self._flow is not None:
            self._flow.handled()

    async def websocket_disconnect(self, event: WebSocketDisconnectEvent) -> None:
        self._connection.leave()
        raise StopConsumer

    async def _send_text(self, text: str) -> None:
        try:
            await self.base_send({"type": "websocket.send", "bytes": None, "text": text})
        except Exception as error:  # however the server says that the other end is gone
            raise ConnectionError(f"{type(error).__name__}: {error}") from error
        if self._flow is not None and self._flow.full:
            try:
                async with asyncio.timeout(WINDOW_SECONDS):
                    await self._flow.taken()
            except TimeoutError:
                raise CloseConnection(CloseCode.FLOW_CONTROL_TIMEOUT, "nothing taken") from None

    async def _send_close(self, code: int) -> None:
        await self.send({"type": "websocket.close", "code": code})


class StaffConsumer(ChatConsumer):
    """The websocket of a live page of the admin."""

    def _line(self) -> Line:
        return StaffLine(self.scope, *self._ways_out)
