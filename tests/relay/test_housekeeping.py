"""What is done once a second does not wait for what takes longer."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from chatwidget.models import new_id
from chatwidget.relay import housekeeping
from chatwidget.relay.housekeeping import Housekeeping
from chatwidget.relay.relay import Relay


async def test_leases_are_renewed_though_all_else_waits_for_the_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    comparing, renewals = asyncio.Event(), asyncio.Queue[None]()

    async def compare(_: Housekeeping) -> None:
        comparing.set()
        await asyncio.Event().wait()

    async def checkpoint(_: Housekeeping) -> None:
        await comparing.wait()
        renewals.put_nowait(None)

    monkeypatch.setattr(housekeeping, "TICK_SECONDS", 0.0)
    monkeypatch.setattr(Housekeeping, "_compare", compare)
    monkeypatch.setattr(Housekeeping, "_checkpoint", checkpoint)
    relay = Relay()
    running: Any = relay.running
    running[new_id()] = object()
    work = asyncio.create_task(Housekeeping(relay).run())
    async with asyncio.timeout(30):
        for _ in range(3):
            await renewals.get()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


async def test_between_two_batches_of_index_and_numbers_others_write_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, pauses = 0.0, list[float]()
    sizes = iter([housekeeping.FOLLOW_BATCH, housekeeping.FOLLOW_BATCH, 3, 0])

    async def batch(*_: Any, **__: Any) -> int:
        nonlocal now
        now += 0.5
        return next(sizes)

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(housekeeping, "run_in_db_thread", batch)
    monkeypatch.setattr(housekeeping, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(housekeeping, "asyncio", SimpleNamespace(sleep=pause))
    await Housekeeping(Relay()).follow(0)
    assert next(sizes, None) is None
    assert pauses == [0.5] * 4
