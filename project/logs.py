"""How a log line looks: plain for people, JSON for machines; what `extra` holds goes into both."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

OWN = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
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
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:
        line = super().formatMessage(record)
        return " ".join([line, *(f"{key}={value}" for key, value in extras(record).items())])


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (ISO 8601, UTC), level, logger, message, extras, exception."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **extras(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)
