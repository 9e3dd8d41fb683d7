"""Limits on addresses, visitors and frames."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from pytest_django import Settings

from chatwidget.errors import CloseCode, CloseConnection, RateLimited
from chatwidget.sockets import rate_limits


@pytest.fixture
def limited(settings: Settings) -> Iterator[None]:
    settings.CHATWIDGET = {
        **settings.CHATWIDGET,
        "LIMITS": {"messages_per_visitor": "2/day;3/month", "frames_burst": 10},
    }
    rate_limits._limiter.cache_clear()
    yield
    rate_limits._limiter.cache_clear()


async def test_a_rule_is_spent(limited: None) -> None:
    for _ in range(2):
        await rate_limits.consume("messages_per_visitor", "a")
    with pytest.raises(RateLimited) as refused:
        await rate_limits.consume("messages_per_visitor", "a")
    assert refused.value.retry_after and 1 <= refused.value.retry_after <= 86_400
    await rate_limits.consume("messages_per_visitor", "b")
    await rate_limits.consume("messages_per_address", "a")


async def test_limits_may_be_off(settings: Settings) -> None:
    settings.CHATWIDGET = {**settings.CHATWIDGET, "LIMITS": False}
    for _ in range(1000):
        await rate_limits.consume("messages_per_visitor", "a")


async def test_where_the_storage_is_away_a_process_counts_by_itself(
    settings: Settings,
    limited: None,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rate_limits, "_limiter_unavailable_until", 0.0)  # and not beyond this test
    settings.CHATWIDGET = {**settings.CHATWIDGET, "LIMITS_STORAGE": "redis://127.0.0.1:1/0"}
    for _ in range(2):
        await rate_limits.consume("messages_per_visitor", "a")
    with pytest.raises(RateLimited):
        await rate_limits.consume("messages_per_visitor", "a")
    assert caplog.text.count("limits:") == 1


async def test_a_network_has_a_share_of_its_own(settings: Settings) -> None:
    """Who has a /48 has 65,536 addresses that would each be a household's."""
    settings.CHATWIDGET = {**settings.CHATWIDGET, "LIMITS": {"messages_per_address": "2/day"}}
    rate_limits._limiter.cache_clear()
    for number in range(16):
        await rate_limits.consume_address("messages_per_address", f"2001:db8:1:{number:x}::/64")
    with pytest.raises(RateLimited):
        await rate_limits.consume_address("messages_per_address", "2001:db8:1:ff::/64")
    await rate_limits.consume_address("messages_per_address", "2001:db8:2:ff::/64")
    for number in range(40):
        await rate_limits.consume_address("messages_per_address", f"192.0.2.{number}")
    rate_limits._limiter.cache_clear()


def test_open_sockets_are_counted() -> None:
    counter = rate_limits._OpenSockets()
    counter.add("a", 2)
    counter.add("a", 2)
    counter.add("b", 2)
    with pytest.raises(CloseConnection) as refused:
        counter.add("a", 2)
    assert refused.value.close_code == CloseCode.TOO_MANY
    counter.add("a", None)
    for who in "aaab":
        counter.remove(who)
    assert not counter._open


def test_a_bucket_of_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("chatwidget.sockets.rate_limits.time.monotonic", lambda: now)
    bucket = rate_limits.Bucket(2, 10)
    bucket.take(6)
    bucket.take(4)
    now += 1
    bucket.take(2)
    with pytest.raises(CloseConnection) as refused:
        bucket.take()
    assert refused.value.close_code == CloseCode.TOO_MANY
    now += 3600
    bucket.take(10)
    with pytest.raises(CloseConnection):
        bucket.take()


def test_work_is_counted_by_who_asks_for_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatwidget.sockets.rate_limits.time.monotonic", lambda: 1000.0)
    monkeypatch.setattr(rate_limits, "MANY", 3)
    work = rate_limits._Work()
    settings.CHATWIDGET = {**settings.CHATWIDGET, "LIMITS": {"work_per_visitor": 2}}
    for _ in range(3):
        work.take("work_per_visitor", "a", 10)
    work.take("work_per_visitor", "a", 0)
    for who in "bcde":
        work.take("work_per_visitor", who, 1)
    with pytest.raises(CloseConnection) as refused:
        work.take("work_per_visitor", "a", 1)
    assert refused.value.close_code == CloseCode.TOO_MANY
    monkeypatch.setattr("chatwidget.sockets.rate_limits.time.monotonic", lambda: 1016.0)
    work.take("work_per_visitor", "f", 1)
    assert {who for _, who in work._buckets} == {"f"}, "those that are full again say nothing"
    settings.CHATWIDGET = {**settings.CHATWIDGET, "LIMITS": False}
    for _ in range(1000):
        work.take("work_per_visitor", "a", 100)


async def test_what_is_too_much_of_one_widget_waits_in_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CHATWIDGET = {**settings.CHATWIDGET, "LIMITS": {"work_per_widget": 64}}
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(rate_limits, "time", SimpleNamespace(monotonic=lambda: 1000.0))
    monkeypatch.setattr(rate_limits, "asyncio", SimpleNamespace(sleep=sleep, Lock=asyncio.Lock))
    pace = rate_limits.pace_of(1)
    assert pace is rate_limits.pace_of(1) is not rate_limits.pace_of(2)
    for _ in range(10):
        await pace.wait(8)
    assert waits == [0.125, 0.25], "a second's worth goes at once"
