"""When a reply in flight rests, and which rests end together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from chatwidget.relay.batching import (
    BEAT_SECONDS,
    FEW,
    SLOT_SECONDS,
    SLOWEST_SECONDS,
    Batcher,
    FlushClock,
)

MANY = 1000


class Clock:
    """It stands still unless a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("chatwidget.relay.batching.time", SimpleNamespace(monotonic=clock))
    return clock


def rests(clock: Clock, running: int, seconds: float, sizes: list[int]) -> list[bool]:
    """Is a rest due after each of these pieces, that come so many seconds apart?"""
    beat = FlushClock(lambda: running)
    beat.call = lambda over: None  # type: ignore[method-assign]
    pace = Batcher(beat)
    found = []
    for size in sizes:
        pace.came(size)
        found.append(pace.rest_until(lambda: None))
        clock.now += seconds
    return found


def test_few_and_slow_streams_never_rest(clock: Clock) -> None:
    assert not any(rests(clock, FEW, 0.033, [16] * 30))


def test_a_quick_stream_rests_after_its_first_piece(clock: Clock) -> None:
    assert rests(clock, 1, 0.010, [16, 16, 96, 96]) == [False, True, True, True]


def test_a_rest_that_brought_nothing_more_is_the_last(clock: Clock) -> None:
    """One hiccup does not slow a slow stream down for good."""
    assert rests(clock, 1, 0.010, [16, 16, 16]) == [False, True, False]


def test_all_rest_while_more_than_a_few_run(clock: Clock) -> None:
    assert rests(clock, FEW + 1, 0.033, [16] * 4) == [False, True, True, True]


def test_after_a_large_piece_there_is_no_rest(clock: Clock) -> None:
    assert rests(clock, MANY, 0.001, [16, 16_384, 16]) == [False, False, True]


def test_a_large_event_is_read_to_its_end_without_rests(clock: Clock) -> None:
    assert not any(rests(clock, MANY, 0.001, [16, *[0] * 64, 1_000_000]))


async def slots(monkeypatch: pytest.MonkeyPatch, running: int, offsets: list[float]) -> list[int]:
    """In which slot the rests end that begin at these seconds."""
    loop = asyncio.get_running_loop()
    ends: list[float] = []

    def call_at(when: float, tick: Callable[[int], None], slot: int) -> None:
        ends.append(when)
        tick(slot)

    monkeypatch.setattr(loop, "call_at", call_at)
    beat = FlushClock(lambda: running)
    found = []
    for offset in offsets:
        monkeypatch.setattr(loop, "time", lambda offset=offset: 3000.0 + offset)
        beat.call(lambda: None)
        found.append(round(ends[-1] / SLOT_SECONDS))
    monkeypatch.undo()
    return found


async def test_rests_that_begin_at_about_one_time_end_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, same, later = await slots(
        monkeypatch, FEW + 1, [0.001, SLOT_SECONDS - 0.001, SLOT_SECONDS + 0.001]
    )
    assert first == same
    assert later == first + 1
    assert first * SLOT_SECONDS == pytest.approx(3000 + BEAT_SECONDS)


async def test_the_more_replies_the_longer_the_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    few = await slots(monkeypatch, FEW + 1, [0.001])
    many = await slots(monkeypatch, MANY, [0.001])
    assert (many[0] - few[0]) * SLOT_SECONDS == pytest.approx(SLOWEST_SECONDS - BEAT_SECONDS)


async def test_all_rests_end() -> None:
    beat = FlushClock(lambda: MANY)
    over = [asyncio.Event() for _ in range(MANY)]
    for each in over:
        beat.call(each.set)
    async with asyncio.timeout(60):
        await asyncio.gather(*(each.wait() for each in over))
