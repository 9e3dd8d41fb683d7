"""How a log line looks: plain for people, JSON for machines; what `extra` holds goes into both.

Anything in it may be a stranger's: an address, a header, a frame. So it is bounded, control
characters are escaped, and what goes on in another line is indented: nobody else writes a line.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from chatwidget.text import loggable

OWN = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
# Characters of a message, and of a traceback, whose ends are kept.
MESSAGE, TRACE = 4_000, 20_000
# Objects that Django adds to its records, for handlers that send mail.
OBJECTS = {"request", "server_time"}


def extras(record: logging.LogRecord) -> dict[str, Any]:
    """What the caller gave as `extra`."""
    return {
        key: value
        for key, value in record.__dict__.items()
        if key not in OWN and key not in OBJECTS
    }


class ConsoleFormatter(logging.Formatter):
    """`12:00:00 INFO chatwidget.relay reply code=… total_ms=…`"""

    def __init__(self) -> None:
        super().__init__(datefmt="%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        line = f"{self.formatTime(record, self.datefmt)} {record.levelname} {record.name}"
        parts = [line, record.getMessage(), *(f"{k}={v}" for k, v in extras(record).items())]
        text = loggable(" ".join(parts), MESSAGE)
        if record.exc_info:
            text += f"\n{loggable(self.formatException(record.exc_info), TRACE)}"
        return text.replace("\n", "\n    ")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (ISO 8601, UTC), level, logger, message, extras, exception."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": loggable(record.getMessage(), MESSAGE),
            **{key: bounded(value) for key, value in extras(record).items()},
        }
        if record.exc_info:
            line["exception"] = loggable(self.formatException(record.exc_info), TRACE)
        return json.dumps(line, ensure_ascii=False)


def bounded(value: object) -> object:
    """What JSON has a kind for stays that, unless it is a text."""
    return value if isinstance(value, int | float | None) else loggable(value, MESSAGE)
