"""The member of staff at a socket: Django's session names them, permissions say what they may."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.db.models import Q
from django.http import HttpRequest, parse_cookie

from chatwidget.models import Conversation
from chatwidget.sockets.origin import Scope, header
from chatwidget.transcripts import Staff
from chatwidget.transcripts.access import visible_to

VIEW = ("chatwidget.view_conversation", "chatwidget.change_conversation")
ANSWER = "chatwidget.change_conversation"


@dataclass(frozen=True, slots=True)
class Member:
    """One of the staff, and what they may do as of now."""

    staff: Staff
    may_answer: bool
    visible: Q  # which conversations they see


def member_of(scope: Scope, conversation: UUID | None = None) -> Member | None:
    """The user of the handshake's session, where they may read conversations, and this one.

    Looks the session, the user and their permissions up, whenever it is called.
    """
    request: Any = HttpRequest()
    key = parse_cookie(header(scope, b"cookie")).get(settings.SESSION_COOKIE_NAME)
    if not key:
        return None
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user: Any = get_user(request)
    if not (user.is_active and user.is_staff and any(user.has_perm(each) for each in VIEW)):
        return None
    visible = visible_to(user)
    if conversation:
        seen = Conversation.objects.filter(visible, pk=conversation)
        if not seen.exists():
            return None
    # An address is the user's own: visitors need not know it.
    name = user.get_full_name() or user.get_username().partition("@")[0]
    return Member(Staff(str(user.pk), name[:200]), user.has_perm(ANSWER), visible)
