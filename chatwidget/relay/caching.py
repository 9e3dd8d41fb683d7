"""Django's cache, for code that must neither wait for it nor need it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache import cache

logger = logging.getLogger("chatwidget")

# One that has failed is left alone for a while: whoever chats need not wait for it again.
RETRY_SECONDS = 5.0
_unavailable_until = 0.0


async def cached(verb: str, *arguments: Any, otherwise: Any = None) -> Any:
    """Call the cache in a thread; `otherwise` is what an unavailable one says.

    `count` counts, and `delete_if` deletes what has this value in a field.
    """
    global _unavailable_until
    if time.monotonic() < _unavailable_until:
        return otherwise
    try:
        # Not to_thread: it would leave a cache of its own in this socket's context.
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, _call, verb, *arguments)
    except Exception as error:  # whatever the cache's driver raises
        logger.warning("cache: %s: %s", type(error).__name__, error)
        _unavailable_until = time.monotonic() + RETRY_SECONDS
        return otherwise


def _call(verb: str, *arguments: Any) -> Any:
    ours: dict[str, Callable[..., Any]] = {"count": _count, "delete_if": _delete_if}
    return (ours.get(verb) or getattr(cache, verb))(*arguments)


def _delete_if(key: str, field: str, value: str) -> None:
    kept = cache.get(key)
    if kept and kept[field] == value:
        cache.delete(key)


def _count(key: str, seconds: float) -> int:
    """One more: how many it are in all processes, within so many seconds of the first."""
    cache.add(key, 0, seconds)
    try:
        return cache.incr(key)
    except ValueError:  # its time has just been over
        cache.set(key, 1, seconds)
        return 1
