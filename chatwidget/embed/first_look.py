"""What the frame's page holds itself: its style, and the script that draws the first look.

Both are the same for everybody, so the policy allows them by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache

from django.utils.safestring import SafeString, mark_safe

from chatwidget.embed.loader_script import BUILT

FILES = ("frame.css", "first.js")


@dataclass(frozen=True, slots=True)
class FirstLook:
    """Style and script as text, and each as a policy's source (`'sha256-…'`)."""

    style: SafeString
    script: SafeString
    style_source: str
    script_source: str


def first_look() -> FirstLook:
    """Raises FileNotFoundError when the front end is not built."""
    return _read(*((BUILT / name).stat().st_mtime_ns for name in FILES))


@lru_cache(maxsize=2)
def _read(*modified_ns: int) -> FirstLook:
    style, script = ((BUILT / name).read_text(encoding="utf-8") for name in FILES)
    return FirstLook(mark_safe(style), mark_safe(script), source(style), source(script))


def source(text: str) -> str:
    """What a Content-Security-Policy calls this text."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
