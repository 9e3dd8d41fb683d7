"""What the suite changes around an adapter: settings, pauses, and who hears the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.test import override_settings


@contextmanager
def changed_settings(**changes: Any) -> Iterator[None]:
    given = getattr(settings, "CHATWIDGET", {})
    with override_settings(CHATWIDGET={**given, **changes}):
        yield


@contextmanager
def no_pauses() -> Iterator[None]:
    """What is tried again is tried at once."""
    with (
        patch("chatwidget.providers.http._pause", lambda attempt, after: after or 0.0),
        patch("chatwidget.providers.http._rest", _at_once),
    ):
        yield


async def _at_once(seconds: float) -> None:
    return None


@contextmanager
def captured() -> Iterator[list[logging.LogRecord]]:
    records: list[logging.LogRecord] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler = Handler()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield records
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
