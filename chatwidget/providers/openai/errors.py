"""What goes wrong at an OpenAI-compatible server, whatever status or shape it chose for it.

Proxies and servers of one's own answer a wrong key by 400 or 500, an unknown model by 400, a full
context by 500, and errors within the stream by a word, a status, or a status in quotes.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from chatwidget.errors import (
    ConversationTooLong,
    PlatformMisconfigured,
    PlatformRateLimited,
    PlatformRejected,
    PlatformTimedOut,
    PlatformUnavailable,
    ReplyError,
)
from chatwidget.providers.decoders import excerpt, read_json

_TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size|contextwindowexceeded|maximum context"
    r"|context (length|window|size)|max(imum)?[ _]model[ _]len|maximum sequence length"
    r"|exceed\w* (the )?(maximum|max|available)( number of)?( input)? tokens"
    r"|too many (input |prompt )?tokens|(prompt|input) is too long|reduce the length",
    re.I,
)
_QUOTA = re.compile(
    r"insufficient_quota|exceeded your current quota|credit balance"
    r"|insufficient (credits?|balance|funds)|payment required",
    re.I,
)
# `no_db_connection` is what litellm without a database says to a key that it does not know.
_KEY = re.compile(
    r"(invalid|incorrect|malformed|missing|no|expired)[ _](api|authentication)[ _-]?(key|token)"
    r"|api[ _-]?key( is)?( not valid| not found| invalid| missing| required| expired)"
    r"|authentication[ _](error|fail)|auth_error|unauthori[sz]ed|no_db_connection",
    re.I,
)
_MODEL = re.compile(
    r"model_not_found|(unknown|no such|invalid) model|server is pinned to"
    r"|\bmodel\b.{0,120}\b(not found|(does|do) not exist|not a valid|is not available|not loaded)",
    re.I | re.S,
)


_LOST = re.compile(r"previous[ _]response", re.I)


class LostSession(PlatformRejected):
    """The platform does not know the answer that this one is to go on from (any more)."""


class SilentStream(PlatformRejected):
    """A stream that ended without a byte. Asked without one, the server may say why."""


def failure(error: Any, cause: str) -> ReplyError:
    """An error within an answer of status 200; its `code` may be a word or a status."""
    words = _words(error)
    if specific := _by_words(words, cause):
        return specific
    code = _code(error)
    if code == 429 or "rate_limit" in words:
        return PlatformRateLimited(cause)
    if code in (401, 403, 404):
        return PlatformMisconfigured(cause, about="agent" if code == 404 else "key")
    if code in (408, 504):
        return PlatformTimedOut(cause)
    if code is not None and 400 <= code < 500:
        return PlatformRejected(cause)
    if "invalid_request" in words:
        return PlatformRejected(cause)
    return PlatformUnavailable(cause)


def refined(refused: ReplyError, status: int, said: bytes) -> ReplyError:
    """A refusal by its status, or by what its body says where that is more to the point."""
    value: Any = None
    with suppress(PlatformRejected):
        value = read_json(said, Any)
    words = _words(value.get("error", value) if isinstance(value, dict) else value)
    words = words or excerpt(said, 2000)
    if status == 429:
        if not _QUOTA.search(words):
            return refused
        return PlatformMisconfigured(refused.cause)
    return _by_words(words, refused.cause) or refused


def _by_words(words: str, cause: str) -> ReplyError | None:
    if _TOO_LONG.search(words):
        return ConversationTooLong(cause)
    if _LOST.search(words):
        return LostSession(cause)
    if _QUOTA.search(words):
        return PlatformMisconfigured(cause)
    if _KEY.search(words):
        return PlatformMisconfigured(cause, about="key")
    if _MODEL.search(words):
        return PlatformMisconfigured(cause, about="agent")
    return None


def _words(error: Any) -> str:
    if not isinstance(error, dict):
        return error if isinstance(error, str) else ""
    named = (error.get(name) for name in ("type", "code", "message", "detail"))
    return " ".join(str(each) for each in named if isinstance(each, str | int))


def _code(error: Any) -> int | None:
    code = error.get("code", error.get("status")) if isinstance(error, dict) else None
    with suppress(TypeError, ValueError):
        return int(code)  # type: ignore[arg-type]
    return None
