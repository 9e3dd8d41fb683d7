"""How often a reply in flight is read: at once while that is cheap, on a common beat when not.

Chunks that come closer than QUICK_SECONDS, or any while more than a FEW replies run, are not read
one by one: their replies rest for a beat, and then take all that came meanwhile in one piece.
Rests end together, on a grid of time, so that a busy loop wakes seldom and sends in bursts, which
is what makes a delta cheap (the bench has the figures), but not all in one, which would keep a new
message waiting. A reply's first chunk is never delayed, nor is a LARGE one's successor, and with
few and slow streams nothing is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

QUICK_SECONDS = 0.022
FEW = 10
# Sixteen times a second: to a reader's eye the text still flows.
BEAT_SECONDS = 0.060
# The more replies run, the longer the beat, so that a full server sends fewer and larger pieces
# instead of falling behind: seconds for each reply, and at the most.
BEAT_PER_REPLY = 0.0015
SLOWEST_SECONDS = 0.105
# A burst is all whose rest ends in one slot of this grid.
SLOT_SECONDS = 0.015
# Code points. Pieces of this size are few for their text, however quickly they come.
LARGE = 4096
# A rest has paid when it brought so many times what a read without one did.
WORTHWHILE = 3


class FlushClock:
    """A clock for all who rest. It ticks only while somebody does."""

    def __init__(self, running: Callable[[], int]) -> None:
        self.running = running  # how many replies run
        # To come, by their slots: what is to be called at each.
        self._ticks: dict[int, list[Callable[[], None]]] = {}

    def call(self, over: Callable[[], None]) -> None:
        """Call `over` at the tick that ends a rest that begins now."""
        loop = asyncio.get_running_loop()
        seconds = max(BEAT_SECONDS, min(SLOWEST_SECONDS, BEAT_PER_REPLY * self.running()))
        slot = int((loop.time() + seconds) / SLOT_SECONDS)
        if slot in self._ticks:
            self._ticks[slot].append(over)
        else:
            self._ticks[slot] = [over]
            loop.call_at(slot * SLOT_SECONDS, self._tick, slot)

    def _tick(self, slot: int) -> None:
        for over in self._ticks.pop(slot):
            over()


class Batcher:
    """One reply's: whether to rest before it is read again."""

    __slots__ = ("_at", "_beat", "_first", "_last", "_piece", "_rested")

    def __init__(self, beat: FlushClock) -> None:
        self._beat = beat
        self._at = 0.0  # when it was last read, by the monotonic clock
        self._piece = 0  # what came since then, in code points
        self._first = True
        self._last = 0  # the size of the last piece that was read without a rest
        self._rested = False

    def came(self, size: int) -> None:
        """So many code points have been read."""
        self._piece += size

    def rest_until(self, over: Callable[[], None]) -> bool:
        """Before it is read again: True where a rest is due, at whose end `over` is called."""
        piece, self._piece = self._piece, 0
        if piece == 0:
            return False  # an event that is not complete yet; it may be a large one
        now = time.monotonic()
        since, self._at = now - self._at, now
        if self._rested:
            quick = piece >= WORTHWHILE * self._last
        else:
            quick, self._last = since < QUICK_SECONDS, piece
        self._rested = piece < LARGE and not self._first and (quick or self._beat.running() > FEW)
        self._first = False
        if self._rested:
            self._beat.call(over)
        return self._rested
