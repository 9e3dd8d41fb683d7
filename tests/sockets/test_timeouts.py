"""Limits in time; their sockets were opened first, so that nobody waits for them."""

from __future__ import annotations

import asyncio


async def test_no_hello_in_time(no_hello: asyncio.Task[int | None]) -> None:
    assert await no_hello == 4408


async def test_a_window_that_stays_exhausted(unacknowledged: asyncio.Task[int | None]) -> None:
    assert await unacknowledged == 4410
