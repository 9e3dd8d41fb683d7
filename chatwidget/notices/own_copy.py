"""A visitor's copy of their conversations, as a mail in their language."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from chatwidget.models import UNFINISHED, Conversation, Message, Notice, Role
from chatwidget.text import without_marks

# The newest; what the chat offers as a file is whole.
MOST_MESSAGES = 500
MOST_TEXT = 20_000  # code points of one


def content(notice: Notice) -> tuple[str, str, str]:
    """Subject, text and HTML, in the language that is active."""
    title = notice.widget.title if notice.widget else ""
    rows = Message.objects.filter(conversation__visitor=notice.visitor_id).order_by(
        "-conversation", "-seq"
    )
    found = list(rows[: MOST_MESSAGES + 1])
    talks: dict[Any, list[dict[str, Any]]] = {}
    for row in reversed(found[:MOST_MESSAGES]):
        if row.text:
            talks.setdefault(row.conversation_id, []).append(_message(row, title))
    started = dict(Conversation.objects.filter(pk__in=talks).values_list("pk", "started_at"))
    subject = _("Your conversations with {agent}").format(agent=title)
    context = {
        "subject": subject,
        "why": _(
            "This copy was asked for in the chat, to be sent to this address. If it was not you "
            "who asked, please delete this message."
        ),
        "cut": len(found) > MOST_MESSAGES
        and _("These are the latest messages. All of them are in the file that the chat offers."),
        "talks": [(started.get(pk), messages) for pk, messages in talks.items()],
    }
    return (
        subject,
        render_to_string("chatwidget/copy.txt", context),
        render_to_string("chatwidget/copy.html", context),
    )


def _message(row: Message, title: str) -> dict[str, Any]:
    who = {Role.USER: _("You"), Role.ASSISTANT: title}.get(Role(row.role), row.author)
    text = readable(row, MOST_TEXT, is_staff=False)
    return {"role": row.role, "who": who, "text": text, "at": row.created_at}


def readable(row: Message, most: int, *, is_staff: bool = True) -> str:
    """What a visitor wrote as it stands; the others write Markdown. An ellipsis ends what goes on:
    a text that is cut here, or a reply that is being written right now."""
    text = row.text_for_staff if is_staff else row.text
    goes_on = len(text) > most or row.status in UNFINISHED
    text = text[:most] if row.role == Role.USER else without_marks(text[:most])
    return f"{text.rstrip()} …" if goes_on else text
