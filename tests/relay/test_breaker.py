"""A platform that has failed is left alone for a while, then tried by one message."""

from __future__ import annotations

import asyncio
import time
from functools import partial

import pytest
from django.core.cache import cache
from pytest_django import Settings

from chatwidget.errors import PlatformRateLimited, PlatformTimedOut, PlatformUnavailable
from chatwidget.relay import caching
from chatwidget.relay.breaker import FAILURES, LONGEST_SECONDS, Breaker
from tests.services import Redis

DOWN = PlatformUnavailable("down")


@pytest.fixture(autouse=True)
def empty() -> None:
    cache.clear()


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("chatwidget.relay.breaker.time.time", clock)
    return clock


async def opened(breaker: Breaker) -> Breaker:
    for _ in range(FAILURES):
        assert await breaker.allows()
        await breaker.failed(DOWN)
    return breaker


async def test_a_failure_now_and_then_opens_nothing() -> None:
    breaker = Breaker("one")
    for _ in range(FAILURES * 2):
        await breaker.failed(DOWN)
        assert await breaker.allows()
        await breaker.answered()


async def test_one_message_tries_when_the_time_is_over(clock: Clock, settings: Settings) -> None:
    settings.CHATWIDGET = {**settings.CHATWIDGET, "FALLBACK_SECONDS": 30}
    here, there = await opened(Breaker("one")), Breaker("one")
    assert not await here.allows() and not await there.allows()
    clock.now += 31
    assert await there.allows()
    assert not await here.allows()
    await there.failed(DOWN)  # once is enough now
    assert not await here.allows() and not await there.allows()
    clock.now += 31
    assert await here.allows()
    await here.answered()
    assert await here.allows() and await there.allows()


async def test_who_tried_and_said_nothing_is_followed_by_another(
    clock: Clock, settings: Settings
) -> None:
    settings.CHATWIDGET = {**settings.CHATWIDGET, "FALLBACK_SECONDS": 30}
    breaker = await opened(Breaker("one"))
    clock.now += 31
    assert await breaker.allows()  # its visitor stops it: no outcome is reported
    clock.now += 31
    assert await breaker.allows()


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (PlatformTimedOut("slow"), 30.0),
        (PlatformRateLimited("busy", retry_after=120), 120.0),
        (PlatformRateLimited("busy", retry_after=1e9), LONGEST_SECONDS),
    ],
)
async def test_for_how_long(
    clock: Clock, settings: Settings, error: PlatformTimedOut, pause: float
) -> None:
    settings.CHATWIDGET = {**settings.CHATWIDGET, "FALLBACK_SECONDS": 30}
    breaker = Breaker("one")
    for _ in range(1 if isinstance(error, PlatformTimedOut) else FAILURES):
        await breaker.failed(error)
    clock.now += pause - 1
    assert not await breaker.allows()
    clock.now += 2
    assert await breaker.allows()


async def test_without_a_cache_each_process_knows_by_itself(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caching, "_unavailable_until", time.monotonic() + 60)
    here, there = await opened(Breaker("one")), Breaker("one")
    assert not await here.allows()
    assert await there.allows()
    await here.answered()
    assert await here.allows()


async def test_platforms_do_not_share_one() -> None:
    one, two = await opened(Breaker("one")), Breaker("two")
    assert not await one.allows()
    assert await two.allows()


async def test_with_redis_processes_count_together_and_one_of_them_tries(
    clock: Clock, settings: Settings, redis: Redis
) -> None:
    """Each of these knows but what Redis does, as a process of its own would."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": redis.database(),
        }
    }
    settings.CHATWIDGET = {**settings.CHATWIDGET, "FALLBACK_SECONDS": 30}
    another = partial(Breaker, "one")
    for _ in range(FAILURES - 1):
        await another().failed(DOWN)
    await another().answered()  # what has failed before counts no more
    for _ in range(FAILURES):
        assert await another().allows()
        await another().failed(DOWN)
    assert not await another().allows()
    for _ in range(2):
        clock.now += 31
        allowed = await asyncio.gather(*(another().allows() for _ in range(20)))
        assert allowed.count(True) == 1  # and says nothing: after a while another one may
    clock.now += 31
    here, there = another(), another()
    assert await here.allows() and not await there.allows()
    await here.answered()
    assert await here.allows() and await there.allows()
