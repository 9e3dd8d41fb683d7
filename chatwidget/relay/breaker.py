"""Decides whether a platform is worth asking, by what became of the last messages to it.

    closed ──3 failures in a row, or a timeout──▶ open ──30 s──▶ one message tries ──▶ either

What has failed, that a breaker is open, and who tries, stand in Django's cache: where that is
Redis, all processes share them, and else each has its own. While the cache does not answer, each
keeps to what it knows.
"""

from __future__ import annotations

import hashlib
import time
from functools import cache

from chatwidget.conf import conf
from chatwidget.errors import PlatformTimedOut, ReplyError
from chatwidget.relay.caching import cached

FAILURES = 3
LONGEST_SECONDS = 600.0  # that a platform's own Retry-After keeps it open
# After it may be tried again: for how long processes remember that it has not been.
KEPT_SECONDS = 600.0


class Breaker:
    """One platform's."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._failures = 0  # in a row, as far as is known here
        self._until = 0.0  # by the wall clock, which processes share; 0: closed

    async def allows(self) -> bool:
        """May a message go there? Once its time is over one may, and the others wait for that."""
        self._until = await cached("get", self._key, 0.0, otherwise=self._until)
        if time.time() < self._until:
            return False
        if not self._until:
            return True
        # Of those who see that this very pause is over, the first.
        tries = f"{self._key}.{self._until}"
        if not await cached("add", tries, True, KEPT_SECONDS, otherwise=True):
            return False
        await self._open(conf().FALLBACK_SECONDS)
        return True

    async def failed(self, error: ReplyError) -> None:
        """It was unavailable. Where one has waited for all of a time limit, no other should."""
        known = self._failures + 1
        self._failures = await cached("count", self._counter, KEPT_SECONDS, otherwise=known)
        if self._until or self._failures >= FAILURES or isinstance(error, PlatformTimedOut):
            pause = min(error.retry_after or 0.0, LONGEST_SECONDS)
            await self._open(max(conf().FALLBACK_SECONDS, pause))

    async def answered(self) -> None:
        self._failures, self._until = 0, 0.0
        await cached("delete_many", (self._key, self._counter))

    @property
    def _counter(self) -> str:
        return f"{self._key}.failures"

    async def _open(self, seconds: float) -> None:
        self._until = time.time() + seconds
        await cached("set", self._key, self._until, seconds + KEPT_SECONDS)


@cache
def breaker_of(platform: str) -> Breaker:
    """The breaker of the platform that this fingerprint of a configuration names."""
    digest = hashlib.sha256(platform.encode()).hexdigest()[:16]
    return Breaker(f"chatwidget.breaker.{digest}")
