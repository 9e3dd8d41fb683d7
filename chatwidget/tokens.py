"""Signed tokens: the frame's opens a socket, the visitor's opens their conversations."""

from __future__ import annotations

from uuid import UUID

from django.core import signing

from chatwidget.conf import conf
from chatwidget.errors import CloseCode, CloseConnection

FRAME_TOKEN_SECONDS = 3600
_FRAME = "chatwidget.frame"
_VISITOR = "chatwidget.visitor"


def frame_token(slug: str) -> str:
    """What the frame shows at `hello`: it was served by us, for this widget, less than 1 h ago."""
    return signing.dumps(slug, salt=_FRAME)


def check_frame_token(token: str, slug: str) -> None:
    """Raises CloseConnection for a token that is wrong, expired, or of another widget."""
    try:
        named = signing.loads(token, salt=_FRAME, max_age=FRAME_TOKEN_SECONDS)
    except (signing.BadSignature, ValueError) as error:
        raise CloseConnection(CloseCode.UNAUTHORIZED, f"frame token: {error}") from None
    if named != slug:
        raise CloseConnection(CloseCode.UNAUTHORIZED, "frame token of another widget")


def visitor_token(visitor: UUID, widget: int) -> str:
    """What a visitor holds: whoever has it may read and continue their conversations."""
    return signing.dumps([visitor.hex, widget], salt=_VISITOR)


def visitor_of(token: str, widget: int) -> UUID | None:
    """Whose token this is; None when it is invalid, expired, or of another widget."""
    try:
        max_age = conf().VISITOR_DAYS * 86400
        visitor, named = signing.loads(token, salt=_VISITOR, max_age=max_age)
        return UUID(visitor) if named == widget else None
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        return None
