"""The clock: what it cuts off, and what it leaves alone."""

from __future__ import annotations

import asyncio

import pytest

from chatwidget.conf import Timeouts
from chatwidget.errors import PlatformTimedOut
from chatwidget.providers.timeouts import StreamTimeouts


async def test_a_first_piece_that_does_not_come() -> None:
    clock = StreamTimeouts(Timeouts(1, 0.05, 10, 10))
    with pytest.raises(PlatformTimedOut, match="no answer within"), clock:
        await asyncio.Event().wait()
    assert not _current().cancelling()


async def test_a_next_piece_that_does_not_come() -> None:
    clock = StreamTimeouts(Timeouts(1, 10, 0.05, 10))
    with clock:
        pass
    clock.received()
    with pytest.raises(PlatformTimedOut, match="paused for more than"), clock:
        await asyncio.Event().wait()


async def test_pieces_that_never_end() -> None:
    clock = StreamTimeouts(Timeouts(1, 10, 10, 0.1))
    with pytest.raises(PlatformTimedOut, match="not complete within"):
        while True:
            with clock:
                await asyncio.sleep(0)
            clock.received()


async def test_every_piece_moves_the_limit() -> None:
    clock = StreamTimeouts(Timeouts(1, 4, 4, 60))
    for _ in range(15):
        with clock:
            await asyncio.sleep(0.3)
        clock.received()
    clock.close()


async def test_asking_again_moves_the_limit() -> None:
    clock = StreamTimeouts(Timeouts(1, 4, 4, 60))
    for _ in range(15):
        clock.restart()
        with clock:
            await asyncio.sleep(0.3)
    clock.close()


async def test_outside_of_a_wait_nobody_is_cancelled() -> None:
    clock = StreamTimeouts(Timeouts(1, 0.02, 0.02, 10))
    await asyncio.sleep(0.1)
    with clock:
        pass  # what came meanwhile is there at once
    clock.close()


async def test_somebody_elses_cancellation_stays_one() -> None:
    clock = StreamTimeouts(Timeouts(1, 0.05, 10, 10))
    waiting = asyncio.Event()

    async def wait() -> None:
        with clock:
            waiting.set()
            await asyncio.Event().wait()

    for also_late in (False, True):
        waiting.clear()
        clock.restart()
        task = asyncio.create_task(wait())
        await waiting.wait()
        if also_late:
            clock._due = 0.0
            clock._look()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    clock.close()


async def test_a_piece_in_the_last_moment_counts() -> None:
    clock = StreamTimeouts(Timeouts(1, 10, 10, 10))

    async def late() -> str:
        with clock:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return "there all the same"
        return ""

    task = asyncio.create_task(late())
    await asyncio.sleep(0)
    clock._due = 0.0
    clock._look()
    assert await task == "there all the same"
    assert not task.cancelling()
    clock.close()


def _current() -> asyncio.Task[object]:
    task = asyncio.current_task()
    assert task is not None
    return task
