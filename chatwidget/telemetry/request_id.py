"""One id for a message's whole trip: in the visitor's frame, the log, spans, and at the platform.

It is the `id` that the visitor's client gave its `send`. It is stored with the message, so it is
the same in another process, and when the reply is tried again.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")


class AddRequestId(logging.Filter):
    """Adds the id to each line that is logged on the trip, as `request_id`."""

    def filter(self, record: logging.LogRecord) -> bool:
        if current := request_id.get():
            record.request_id = current
        return True
