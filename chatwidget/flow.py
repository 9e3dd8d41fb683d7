"""Backpressure where the server has none: Daphne's `send` never waits.

Whatever a client does not read would pile up in Daphne. Its connection is Twisted's, which tells a
producer when more than 64 KiB wait, and when the other end has taken them.
"""

from __future__ import annotations

import asyncio
from typing import Any


class Flow:
    """Whether the other end of one socket takes what it is sent."""

    __slots__ = ("_waiter",)

    def __init__(self) -> None:
        self._waiter: asyncio.Future[None] | None = None

    @property
    def full(self) -> bool:
        """Is it behind?"""
        return self._waiter is not None

    async def taken(self) -> None:
        """Until it is behind no more, or gone."""
        if self._waiter is not None:
            await asyncio.shield(self._waiter)

    # --- what Twisted calls -------------------------------------------------------------------

    def pauseProducing(self) -> None:
        if self._waiter is None:
            self._waiter = asyncio.get_running_loop().create_future()

    def resumeProducing(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    stopProducing = resumeProducing


def flow_of(send: Any) -> Flow | None:
    """For a websocket's `send`, as Daphne gives it; None in a server whose own waits."""
    protocol: Any = next(iter(getattr(send, "args", ())), None)
    if not hasattr(protocol, "registerProducer"):
        return None
    flow = Flow()
    protocol.unregisterProducer()  # that of HTTP, which has done its part
    protocol.registerProducer(flow, True)
    return flow
