"""`CHATWIDGET["MESSAGE_HOOK"]`: a site's own function that sees a message before it is stored.

It returns nothing, or metadata to be stored with the message; or raises MessageRefused, whose
`detail` the visitor reads.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from chatwidget.conf import conf
from chatwidget.errors import BadRequest, FrameError
from chatwidget.text import is_clean
from chatwidget.transcripts.types import NewMessage

logger = logging.getLogger("chatwidget")

SLOW_SECONDS = 1.0
LONGEST = 64 * 1024  # code points of the metadata as JSON; platforms may add as many bytes


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A visitor's message that is about to be stored."""

    widget: str  # the slug
    visitor: UUID
    conversation: UUID
    is_first: bool  # of the conversation
    text: str
    name: str
    email: str
    external_id: str
    page_url: str
    locale: str  # of a conversation that begins


Hook = Callable[[IncomingMessage], dict[str, Any] | None]


def message_hook() -> Hook | None:
    """The function that the settings name. Raises ImproperlyConfigured."""
    path = conf().MESSAGE_HOOK
    return _imported(path) if path else None


@lru_cache(maxsize=2)
def _imported(path: str) -> Hook:
    try:
        hook = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(f"CHATWIDGET['MESSAGE_HOOK']: {error}") from error
    if not callable(hook):
        raise ImproperlyConfigured(f"CHATWIDGET['MESSAGE_HOOK']: {path} is no function")
    found: Hook = hook
    return found


def _incoming(message: NewMessage) -> IncomingMessage:
    details, opening = message.details, message.opening
    return IncomingMessage(
        widget=message.widget.slug,
        visitor=message.visitor,
        conversation=message.conversation,
        is_first=opening is not None,
        text=message.text,
        name=details.name,
        email=details.email,
        external_id=details.external_id,
        page_url=details.page_url,
        locale=opening.locale if opening else "",
    )


def _storable(given: object) -> dict[str, Any]:
    """What every database takes as JSON. Raises TypeError or ValueError."""
    if not isinstance(given, dict):
        raise TypeError(f"the hook returned no dict: {type(given).__name__}")
    dumped = json.dumps(given, allow_nan=False, ensure_ascii=False)
    # An escaped backslash before "u0000" is text, not an escape.
    if not is_clean(dumped) or r"\u0000" in dumped.replace(r"\\", ""):
        raise ValueError("the hook returned a NUL, or half a surrogate pair")
    if len(dumped) > LONGEST:
        raise ValueError(f"the hook returned more than {LONGEST} code points of JSON")
    return given


def ask_hook(hook: Hook, message: NewMessage) -> dict[str, Any]:
    """What it adds. Raises MessageRefused; BadRequest where it fails, for what it would have
    refused must not pass."""
    began = time.monotonic()
    try:
        return _storable(hook(_incoming(message)) or {})
    except FrameError:
        raise
    except Exception as error:
        logger.exception("CHATWIDGET['MESSAGE_HOOK']")
        raise BadRequest("the site's hook failed") from error
    finally:
        if (seconds := time.monotonic() - began) > SLOW_SECONDS:
            logger.warning("CHATWIDGET['MESSAGE_HOOK'] took %.1f s: others wait for it", seconds)
