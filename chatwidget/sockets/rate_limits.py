"""How often visitors and addresses may connect, write and send frames."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
from collections import Counter
from functools import lru_cache
from weakref import WeakValueDictionary

from limits import RateLimitItem, parse_many
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.storage import storage_from_string

from chatwidget.conf import conf
from chatwidget.errors import CloseCode, CloseConnection, RateLimited
from chatwidget.protocol import (
    AskPerson,
    Hello,
    History,
    New,
    Page,
    Profile,
    Rate,
    Retry,
    Send,
    Solve,
    Stop,
    VisitorTyping,
)

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


# A limiter that takes longer is unavailable, and is left alone for a while.
LIMITER_SECONDS = 1.0
LIMITER_RETRY_SECONDS = 5.0
_limiter_unavailable_until = 0.0
# Whoever has a whole network of IPv6 addresses has 65,536 of those that one household has. All of
# it together may do so many times what one of them may.
NETWORK_SHARE = 8
OWN_MEMORY = "memory://"


@lru_cache(maxsize=2)
def _limiter(uri: str) -> SlidingWindowCounterRateLimiter:
    options = {"implementation": "redispy"} if "redis" in uri else {}
    return SlidingWindowCounterRateLimiter(storage_from_string(f"async+{uri}", **options))


@lru_cache(maxsize=64)
def _rates(notation: str, share: int) -> list[RateLimitItem]:
    return [type(rate)(rate.amount * share, rate.multiples) for rate in parse_many(notation)]


async def consume_address(rule: str, address: str) -> None:
    """Use up one of an address's share of a rule of Limits, and one of its network's."""
    await consume(rule, address)
    if network := _network_of(address):
        await consume(rule, network, NETWORK_SHARE)


def _network_of(address: str) -> str:
    """The /48 of an IPv6 visitor's /64; empty for any other."""
    if ":" not in address or "/" not in address:
        return ""
    return str(ipaddress.IPv6Network(address).supernet(new_prefix=48))


async def consume(rule: str, who: str, share: int = 1) -> None:
    """Use up one of `who`'s share of a rule of Limits, which is `share` times what it says.

    Raises RateLimited, with the seconds until there is more. Where the shared storage is
    unavailable, each process counts by itself.
    """
    limits = conf().limits
    if limits is None:
        return
    for rate in _rates(getattr(limits, rule), share):
        wait = await _hit(rate, rule, who)
        if wait is not None:
            raise RateLimited(f"{rule}: {rate}", retry_after=max(1.0, round(wait, 1)))


async def _hit(rate: RateLimitItem, rule: str, who: str) -> float | None:
    """Count one; the seconds to wait where it was one too many."""
    global _limiter_unavailable_until
    uri = conf().LIMITS_STORAGE
    if uri != OWN_MEMORY and time.monotonic() >= _limiter_unavailable_until:
        try:
            async with asyncio.timeout(LIMITER_SECONDS):
                return await _count(_limiter(uri), rate, rule, who)
        except Exception as error:  # whatever the storage's driver raises
            logger.warning("limits: %s: %s", type(error).__name__, error)
            _limiter_unavailable_until = time.monotonic() + LIMITER_RETRY_SECONDS
    return await _count(_limiter(OWN_MEMORY), rate, rule, who)


async def _count(
    limiter: SlidingWindowCounterRateLimiter, rate: RateLimitItem, rule: str, who: str
) -> float | None:
    if await limiter.hit(rate, rule, who):
        return None
    stats = await limiter.get_window_stats(rate, rule, who)
    return stats.reset_time - time.time()


class Bucket:
    """So much a second, and `burst` at once."""

    __slots__ = ("_at", "_burst", "_level", "_rate")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst, self._level = rate, burst, burst
        self._at = time.monotonic()

    def take(self, weight: float = 1) -> None:
        """Raises CloseConnection where there is not so much left."""
        level = self.level - weight
        self._level, self._at = level, time.monotonic()
        if level < 0:
            raise CloseConnection(CloseCode.TOO_MANY, "too many frames")

    @property
    def level(self) -> float:
        return min(self._burst, self._level + (time.monotonic() - self._at) * self._rate)

    @property
    def full(self) -> bool:
        return self.level >= self._burst


def frame_bucket() -> Bucket | None:
    """For the frames of one socket, whatever they cost; None without limits."""
    limits = conf().limits
    return Bucket(limits.frames_per_second, limits.frames_burst) if limits else None


# What costs the server more than to read a frame: a visit to the database, or a page of messages.
# All else (ping, ack) weighs nothing here.
WEIGHTS: dict[type, int] = {
    **dict.fromkeys((Send, Stop, Retry, Rate, Profile, Page, VisitorTyping, AskPerson), 1),
    **dict.fromkeys((Hello, New), 5),
    **dict.fromkeys((History, Solve), 10),
}
OPENING = 5  # of a connection
BURST_SECONDS = 15
# Buckets kept before those that are full, which say nothing, are dropped.
MANY = 10_000
SWEEP_SECONDS = 1.0  # not for each newcomer while there is little to drop


class _Work:
    """What each visitor and address asks of this process, by all of their sockets together."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._swept_at = 0.0

    def take(self, rule: str, who: str, weight: int) -> None:
        """Raises CloseConnection where it is more than a rule of Limits allows."""
        limits = conf().limits
        if limits is None or not weight:
            return
        bucket = self._buckets.get((rule, who))
        if bucket is None:
            now = time.monotonic()
            if len(self._buckets) >= MANY and now - self._swept_at >= SWEEP_SECONDS:
                self._swept_at = now
                self._buckets = {key: each for key, each in self._buckets.items() if not each.full}
            rate = getattr(limits, rule)
            bucket = self._buckets[rule, who] = Bucket(rate, rate * BURST_SECONDS)
        bucket.take(weight)


work = _Work()

# What a widget's visitors may wait a moment for, when many want it at once. Not what is said.
PACED = (Rate, Profile, Page, History, Stop, New, VisitorTyping)


class Pace:
    """One widget's share of this process in visits to the database: what is more waits in line.

    So a flood of one widget leaves the others their turns. While a socket's frame waits, no other
    of its frames is read.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()  # who came first goes first; who goes away leaves no gap
        self._at = float("-inf")  # until when what was let through takes, at its rate

    async def wait(self, weight: int) -> None:
        limits = conf().limits
        if limits is None:
            return
        async with self._lock:
            now = time.monotonic()
            self._at = max(self._at, now - 1) + weight / limits.work_per_widget
            if self._at > now:
                await asyncio.sleep(self._at - now)


_paces: WeakValueDictionary[int, Pace] = WeakValueDictionary()


def pace_of(widget: int) -> Pace:
    """The one of all sockets of a widget, who keep it."""
    return _paces.get(widget) or _paces.setdefault(widget, Pace())
