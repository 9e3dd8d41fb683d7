"""Runs a socket's work one thing at a time: what a frame asks, or an event asks for later."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from itertools import count

from chatwidget.errors import ChatError, CloseConnection

logger = logging.getLogger("chatwidget")

# Before what the database did not give is asked for again.
RETRY_SECONDS = 1.0


class Turns:
    """A lock that everything which changes what is shown holds, and what waits for it.

    `refused` is called when work that nobody awaits finds that its visitor is no longer admitted.
    """

    def __init__(self, refused: Callable[[CloseConnection], None]) -> None:
        self.lock = asyncio.Lock()
        self.later: list[asyncio.Task[None]] = []
        self._refused = refused

    def spawn(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Run `work` under the lock. If the database is unavailable, retry every second until it
        succeeds: events missed in between are not sent again."""
        task = asyncio.create_task(self._in_turn(work))
        self.later.append(task)
        task.add_done_callback(self.later.remove)

    async def _in_turn(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        for attempt in count(1):
            try:
                async with self.lock:
                    return await work()
            except CloseConnection as reason:
                return self._refused(reason)
            except ChatError as error:
                if attempt == 1:
                    logger.warning("what an event asks for waits: %s", error)
            await asyncio.sleep(RETRY_SECONDS)

    def cancel(self) -> None:
        """The socket is closed."""
        for task in self.later:
            task.cancel()
