"""A site's own hook, as `CHATWIDGET["MESSAGE_HOOK"]` names it in tests."""

from __future__ import annotations

from typing import Any

from chatwidget.errors import MessageRefused
from chatwidget.transcripts.hook import IncomingMessage

UNSTORABLE: dict[str, Any] = {
    "unstorable": {"of": object()},
    "not a number": {"of": float("nan")},
    "nul": {"of": ["a\0b"]},
    "half": {"of": "\ud800"},
    "too long": {"of": "x" * 65536},
    "a list": [("of", "pairs")],
}

seen: list[IncomingMessage] = []


def hook(message: IncomingMessage) -> dict[str, Any] | None:
    seen.append(message)
    match message.text:
        case "refuse":
            raise MessageRefused(detail="Not here, please.")
        case "fail":
            raise RuntimeError("a bug")
        case "plain":
            return None
    unstorable: dict[str, Any] | None = UNSTORABLE.get(message.text)
    return unstorable or {"campaign": "spring"}
