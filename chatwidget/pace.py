"""How often a reply in flight is read: at once while that is cheap, on a common beat when not.

Chunks that come closer than QUICK_SECONDS, or any while more than a FEW replies run, are not read
one by one: their replies rest until the next beat, and then take all that came meanwhile in one
piece. One beat serves all replies, so that a busy loop wakes seldom and sends in bursts, which is
what makes a delta cheap (the bench has the figures). A reply's first chunk is never delayed, and
with few and slow streams nothing is.
"""

from __future__ import annotations

import asyncio
import time

QUICK_SECONDS = 0.022
FEW = 10
# Twenty times a second: to a reader's eye the text still flows.
BEAT_SECONDS = 0.050


class Pace:
    """One process's beat. It ticks only while somebody rests."""

    def __init__(self) -> None:
        self._next: asyncio.Event | None = None

    async def rest(self, read_at: float, running: int) -> float:
        """Called after a chunk was passed on: when is the next one read?

        `read_at` is what this returned for the reply's chunk before (0 for its first), `running`
        how many replies run. Returns the present time, by the monotonic clock.
        """
        now = time.monotonic()
        if now - read_at >= QUICK_SECONDS and (running <= FEW or not read_at):
            return now
        if self._next is None:
            self._next = asyncio.Event()
            asyncio.get_running_loop().call_later(BEAT_SECONDS, self._tick)
        await self._next.wait()
        return time.monotonic()

    def _tick(self) -> None:
        assert self._next is not None
        self._next.set()
        self._next = None
