"""What the admin's live pages are given: where their socket is, and the words they speak in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from chatwidget.models import Conversation

STAFF = "_staff"  # in the place of a widget's slug, which has no underscore


def socket_path() -> str:
    """Empty where the site has not included the app's urls."""
    try:
        return reverse("chatwidget:socket", args=[STAFF])
    except NoReverseMatch:
        return ""


def answering(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    """What the script of a conversation's page is given."""
    return {
        "socket": socket_path(),
        "conversation": str(conversation.pk),
        "locale": get_language(),
        "mayAnswer": request.user.has_perm("chatwidget.change_conversation"),
        "canned": conversation.widget.typed_desk.canned,
        "words": {
            "agent_has": _("The agent answers."),
            "asked": _("The visitor asks for a person."),
            "mine": _("You have this conversation; the agent waits."),
            "theirs": _("{name} has this conversation."),
            "visitor_writes": _("The visitor is writing…"),
            "writes": _("{name} is writing…"),
            "moved": _("The visitor has begun another conversation."),
            "erased": _("This conversation was erased."),
            "connecting": _("Connecting…"),
            "lost": _("Connection lost. Reconnecting…"),
            "signed_out": _("You are signed out, or may not see this any more. Load it again."),
            "refused": _("That was not possible: see who has the conversation now."),
            "visitor": _("Visitor"),
            "agent": _("Agent"),
            "waiting": _("waiting for its turn"),
            "stopped": _("stopped"),
            "failed": _("failed"),
            "interrupted": _("interrupted"),
        },
    }
