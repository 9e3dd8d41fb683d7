"""A transcript's entries, and errors, as clients see them: in the language that is active."""

from __future__ import annotations

from datetime import UTC

from django.utils.translation import gettext_lazy as _
from msgspec import UNSET, UnsetType

from chatwidget.errors import (
    REPLY_ERRORS,
    ChatError,
    PlatformUnavailable,
    RateLimited,
    ReplyError,
)
from chatwidget.protocol import Activity, Author, Done, Error, ErrorInfo, Message
from chatwidget.text import is_clean
from chatwidget.transcripts import Entry

# An id is a UUID; an error repeats no longer one.
MAX_ID = 64

# The words of our own adapters; others' are shown as they are.
ACTIVITIES = {
    "searching": _("Searching…"),
    "reading": _("Reading…"),
    "calculating": _("Calculating…"),
    "drawing": _("Drawing…"),
    "working": _("Working…"),
}


def error_info(name: str, retry_after: float | None) -> ErrorInfo:
    """A reply's failure in the visitor's words; general ones for an unknown name."""
    error: type[ReplyError] = REPLY_ERRORS.get(name, PlatformUnavailable)
    return ErrorInfo(
        code=error.code if name in REPLY_ERRORS else name,
        detail=str(error.detail),
        retryable=error.retryable,
        retry_after=retry_after,
        reason=error.reason or None,
    )


def _error(entry: Entry) -> ErrorInfo | UnsetType:
    return error_info(entry.error_code, entry.retry_after) if entry.error_code else UNSET


def message(entry: Entry, text: str | None = None) -> Message:
    """An entry; `text` where more of it is known than is stored."""
    reply = entry.role == "assistant"
    return Message(
        id=str(entry.id),
        seq=entry.seq,
        role=entry.role,
        text=entry.text if text is None else text,
        status=entry.status,
        created_at=entry.created_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        attempt=entry.attempt if reply else UNSET,
        ui=entry.ui if entry.ui else UNSET,
        rating=entry.rating if entry.rating else UNSET,
        error=_error(entry),
        author=Author(entry.author) if entry.author else UNSET,
        event=entry.event or UNSET,
    )


def activity(entry: Entry, text: str) -> Activity:
    return Activity(id=str(entry.id), text=str(ACTIVITIES.get(text, text)))


def done(entry: Entry) -> Done:
    return Done(
        id=str(entry.id),
        status=entry.status,
        length=len(entry.text),
        ui=entry.ui if entry.ui else UNSET,
        error=_error(entry),
    )


def error(raised: ChatError, frame_id: str | None = None) -> Error:
    """The answer to a frame that failed; it repeats the frame's id, where that may be one."""
    if frame_id is not None and (len(frame_id) > MAX_ID or not is_clean(frame_id)):
        frame_id = None
    return Error(
        code=raised.code,
        detail=str(raised.detail),
        retryable=raised.retryable,
        retry_after=raised.retry_after,
        id=frame_id,
        challenge=raised.challenge if isinstance(raised, RateLimited) else None,
    )
