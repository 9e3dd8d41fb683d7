"""The base of `Connection` and `StaffLine`: a socket's limits, its errors, its end."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context, copy_context
from typing import Any

from chatwidget.conf import conf
from chatwidget.errors import ChatError, CloseCode, CloseConnection, RateLimited
from chatwidget.protocol import MAX_FRAME_BYTES
from chatwidget.relay.lifecycle import relay
from chatwidget.relay.relay import Relay
from chatwidget.sockets import origin, rate_limits
from chatwidget.sockets.outbox import Outbox
from chatwidget.telemetry import meters
from chatwidget.text import on_a_line

logger = logging.getLogger("chatwidget")


class Line(ABC):
    """Between `open` and `leave`. What cannot be mended closes it, with a code of the protocol."""

    __slots__ = (
        "__weakref__",
        "_address",
        "_bucket",
        "_context",
        "_counted",
        "_outbox",
        "_relay",
        "_scope",
        "_send_close",
        "_shutting",
        "_writer",
        "closed",
    )

    _relay: Relay
    _address: str  # these two once it has entered

    def __init__(
        self,
        scope: origin.Scope,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
        at_once: Callable[[str], bool] | None = None,
    ) -> None:
        """`send` raises ConnectionError when the other end is gone; `at_once` sends where nothing
        is to be waited for, or returns False; `scope` is the handshake's."""
        self.closed = False
        self._scope = scope
        self._send_close = close
        self._counted: list[str] = []  # whose open connections this one is counted among
        self._writer: asyncio.Task[None] | None = None
        self._bucket = rate_limits.frame_bucket()
        self._outbox = Outbox(send, self._begin_writing, at_once)
        self._context: Context | None = None  # of what is sent, once there is something to say

    async def open(self) -> None:
        await self._guarded(self._admit)

    async def receive(self, text: str | None, binary: bytes | None = None) -> None:
        """Take one frame; frames are handed in one at a time."""
        if not self.closed:
            await self._guarded(self._receive, text, binary)

    @abstractmethod
    async def _admit(self) -> None:
        """May this connection be open at all? Raises CloseConnection."""

    @abstractmethod
    async def _receive(self, text: str | None, binary: bytes | None) -> None: ...

    def _enter(self) -> None:
        """The handshake's origin may, this process goes on, and its address has not too many open.

        Raises CloseConnection.
        """
        origin.check_origin(self._scope)
        self._relay = relay()
        if self._relay.draining:
            raise CloseConnection(CloseCode.RESTARTING)
        limits = conf().limits
        self._address = origin.client_address(self._scope)
        self._count(self._address, limits.sockets_per_address if limits else None)

    async def _consume_connection(self) -> None:
        """Raises CloseConnection for an address that connects too often."""
        try:
            await rate_limits.consume_address("connections_per_address", self._address)
        except RateLimited as error:
            raise CloseConnection(CloseCode.TOO_MANY, error.cause) from None

    def _measure(self, text: str | None, binary: bytes | None) -> int:
        """A frame's bytes. Raises CloseConnection for too many, and for too many frames."""
        size = len(text.encode() if text is not None else binary or b"")
        if size > MAX_FRAME_BYTES:
            raise CloseConnection(CloseCode.MESSAGE_TOO_BIG, f"{size} bytes")
        if self._bucket:
            self._bucket.take()
        return size

    def _begin(self) -> None:
        """From here on the outbox sends; it inherits this task's language."""
        self._context = copy_context()
        self._outbox.wake()

    def shut(self, reason: CloseConnection) -> None:
        """Close it now."""

        async def refuse() -> None:
            raise reason

        self._shutting = asyncio.create_task(self._guarded(refuse))

    def _count(self, who: str, limit: int | None) -> None:
        rate_limits.open_sockets.add(who, limit)
        self._counted.append(who)

    def _begin_writing(self) -> bool:
        if self._context is None or self.closed:
            return False
        work = self._guarded(self._outbox.run)
        self._writer = asyncio.create_task(work, context=self._context)
        self._writer.add_done_callback(self._written)
        return True

    def _written(self, task: asyncio.Task[None]) -> None:
        if self._writer is task:
            self._writer = None

    async def _guarded(self, work: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        """Do something for this socket; what cannot be mended closes it."""
        try:
            await work(*arguments)
        except CloseConnection as refusal:
            logger.info("socket closed: %d %s", refusal.close_code, on_a_line(refusal))
            meters.closed.labels(int(refusal.close_code)).inc()
            await self._close(refusal.close_code)
        except ChatError as error:  # the database is unavailable before there is a conversation
            logger.warning("socket closed: %s", on_a_line(error))
            await self._close(CloseCode.RESTARTING)
        except ConnectionError as error:
            logger.info("socket lost: %s", on_a_line(error))
            self.leave()
        except Exception:  # a bug: the visitor comes back and is shown what is stored
            logger.exception("socket")
            await self._close(CloseCode.RESTARTING)
        except BaseException:  # the server gave this socket up: nothing of it may stay
            self.leave()
            raise

    async def _close(self, code: int) -> None:
        if not self.closed:
            self.leave()
            with suppress(Exception):  # the other end may be gone
                await self._send_close(int(code))

    def leave(self) -> None:
        """Nothing more is sent or received."""
        self.closed = True
        if self._writer and self._writer is not asyncio.current_task():
            self._writer.cancel()
        while self._counted:
            rate_limits.open_sockets.remove(self._counted.pop())
