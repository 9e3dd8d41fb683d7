"""How often visitors and addresses may connect, write and send frames."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from functools import lru_cache

from limits import RateLimitItem, parse_many
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.storage import storage_from_string

from chatwidget.conf import Limits, conf
from chatwidget.errors import CloseCode, CloseConnection, RateLimited

logger = logging.getLogger("chatwidget")


class _OpenSockets:
    """How many sockets each visitor and address has open in this process."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def add(self, who: str, limit: int | None) -> None:
        """Count a socket. Raises CloseConnection when `who` has `limit` already."""
        if limit is not None and self._open[who] >= limit:
            raise CloseConnection(CloseCode.TOO_MANY, f"{who} has {limit} sockets open")
        self._open[who] += 1

    def remove(self, who: str) -> None:
        """A counted socket is closed."""
        self._open[who] -= 1
        if not self._open[who]:
            del self._open[who]


open_sockets = _OpenSockets()


# A limiter that takes longer is left alone for a while.
LIMITER_SECONDS = 1.0
LIMITER_RETRY_SECONDS = 5.0
_limiter_unavailable_until = 0.0


@lru_cache(maxsize=1)
def _limiter(uri: str) -> SlidingWindowCounterRateLimiter:
    options = {"implementation": "redispy"} if "redis" in uri else {}
    return SlidingWindowCounterRateLimiter(storage_from_string(f"async+{uri}", **options))


@lru_cache(maxsize=32)
def _rates(notation: str) -> list[RateLimitItem]:
    return parse_many(notation)


async def consume(rule: str, who: str) -> None:
    """Use up one of `who`'s share of a rule of Limits.

    Raises RateLimited, with the seconds until there is more. A limiter that cannot be reached
    limits nobody: to chat matters more.
    """
    global _limiter_unavailable_until
    limits = conf().limits
    if limits is None or time.monotonic() < _limiter_unavailable_until:
        return
    limiter = _limiter(conf().LIMITS_STORAGE)
    for rate in _rates(getattr(limits, rule)):
        try:
            async with asyncio.timeout(LIMITER_SECONDS):
                if await limiter.hit(rate, rule, who):
                    continue
                stats = await limiter.get_window_stats(rate, rule, who)
        except Exception as error:  # whatever the storage's driver raises
            logger.warning("limits: %s: %s", type(error).__name__, error)
            _limiter_unavailable_until = time.monotonic() + LIMITER_RETRY_SECONDS
            return
        wait = max(1.0, round(stats.reset_time - time.time(), 1))
        raise RateLimited(f"{rule}: {rate}", retry_after=wait)


class Bucket:
    """Frames of one socket: so many a second, and a burst."""

    __slots__ = ("_at", "_level", "_limits")

    def __init__(self, limits: Limits | None) -> None:
        self._limits = limits
        self._level = float(limits.frames_burst if limits else 0)
        self._at = time.monotonic()

    def take(self, weight: int = 1) -> None:
        """Count a frame. Raises CloseConnection when there are too many."""
        if self._limits is None:
            return
        now = time.monotonic()
        refill = (now - self._at) * self._limits.frames_per_second
        self._level = min(float(self._limits.frames_burst), self._level + refill) - weight
        self._at = now
        if self._level < 0:
            raise CloseConnection(CloseCode.TOO_MANY, "too many frames")
