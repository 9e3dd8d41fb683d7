"""The threads that all of the database's work is done in."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from threading import Barrier, Event, current_thread
from weakref import ref

import pytest

from chatwidget import db
from chatwidget.db import Threads


@pytest.fixture
def two() -> Iterator[Threads]:
    threads = Threads(2)
    yield threads
    threads.close()


async def test_as_many_threads_as_are_needed_at_once(two: Threads) -> None:
    first = {await two.run(current_thread) for _ in range(5)}
    assert len(first) == 1
    both = Barrier(2)
    assert sorted(await asyncio.gather(*(two.run(both.wait) for _ in range(4)))) == [0, 0, 1, 1]
    assert len({await two.run(current_thread) for _ in range(9)} | first) <= 2


async def test_what_is_cancelled_before_its_turn_is_not_run() -> None:
    one, goes_on, ran = Threads(1), Event(), []
    first, second = one.run(goes_on.wait), one.run(lambda: ran.append(1))
    second.cancel()
    goes_on.set()
    assert await first
    await one.run(lambda: ran.append(2))
    assert ran == [2]
    one.close()


async def test_an_error_is_raised_where_it_is_awaited_and_holds_nothing(two: Threads) -> None:
    class Held(Exception): ...

    async def seen() -> ref[Held]:
        def fail() -> None:
            raise Held

        try:
            await two.run(fail)
        except Held as error:
            return ref(error)
        raise AssertionError

    gc.disable()
    try:
        held = await seen()
        await two.run(lambda: None)
        assert held() is None
    finally:
        gc.enable()
    assert await two.run(lambda: 1) == 1


async def test_who_has_nothing_to_do_gives_the_connection_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given, loop = asyncio.Event(), asyncio.get_running_loop()
    monkeypatch.setattr(db, "_give_back", lambda: loop.call_soon_threadsafe(given.set))
    one = Threads(1)
    await one.run(lambda: None)
    given.clear()  # it was, before that
    async with asyncio.timeout(30):
        await given.wait()
    one.close()


async def test_closing_waits_for_what_was_begun(two: Threads) -> None:
    begun, ended = Event(), []

    def work() -> None:
        begun.wait()
        ended.append(1)

    answer = two.run(work)
    begun.set()
    two.close()
    assert ended == [1]
    await answer
