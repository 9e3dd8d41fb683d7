"""Limits in time; their sockets were opened first, so that nobody waits for them."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future


async def test_no_hello_in_time(no_hello: Future[int | None]) -> None:
    assert await asyncio.wrap_future(no_hello) == 4408


async def test_a_window_that_stays_exhausted(unacknowledged: Future[int | None]) -> None:
    assert await asyncio.wrap_future(unacknowledged) == 4410
