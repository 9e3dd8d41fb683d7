"""A notice as a mail, in its receiver's language: plain text, and the same as HTML."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from django.conf import settings
from django.core import mail as django_mail
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.text import capfirst

from chatwidget.db import run_in_db_thread
from chatwidget.models import Event, Message, Notice, Status
from chatwidget.notices import digest, own_copy
from chatwidget.notices.admin_links import in_admin
from chatwidget.notices.webhooks import SECONDS, Attempt
from chatwidget.text import on_a_line

SCHEME = "mailto:"
# Of the conversation that it is about, the newest; and where that itself was asked for.
MOST_MESSAGES = 50
MOST_OF_A_CONVERSATION = 500
MOST_TEXT = 4000  # code points of one


# What makes subject, text and HTML; else it is an event.
CONTENT = {Event.OWN_COPY: own_copy.content, Event.DIGEST: digest.content}


def render(notice: Notice) -> EmailMultiAlternatives:
    """The mail, with the conversation as it is now."""
    hook = notice.webhook
    language = notice.language or (hook and hook.language) or settings.LANGUAGE_CODE
    content = CONTENT.get(Event(notice.event), _told)
    with translation.override(language):
        subject, text, html = content(notice)
    mail = EmailMultiAlternatives(
        on_a_line(subject).replace("\r", " "),
        text,
        to=[notice.mailbox or (hook.url.removeprefix(SCHEME) if hook else "")],
        # The same in every attempt: a mailbox that has it already may know it.
        headers={"Message-ID": f"<msg_{notice.pk.hex}@chatwidget.invalid>"},
    )
    mail.attach_alternative(html, "text/html")
    return mail


def _told(notice: Notice) -> tuple[str, str, str]:
    """An event: subject, text and HTML."""
    told, widget = json.loads(notice.body)["data"], notice.widget
    what = capfirst(str(Event(notice.event).label))
    context = {
        "what": what,
        "widget": widget,
        "told": told,
        "link": told.get("link") or _link(notice),
        "at": notice.created_at,
        "messages": _messages(notice),
    }
    return (
        f"{what}: {widget.title if widget else told.get('widget', '')}".strip(": "),
        render_to_string("chatwidget/notice.txt", context),
        render_to_string("chatwidget/notice.html", context),
    )


def _link(notice: Notice) -> str:
    """To the conversation; there is none in a budget's warning."""
    about = notice.conversation_id
    return in_admin(notice, "conversation_change", about) if about else ""


def _messages(notice: Notice) -> list[dict[str, Any]]:
    if notice.conversation_id is None:
        return []
    rows = Message.objects.filter(conversation=notice.conversation_id).order_by("-seq")
    is_mailed = notice.event == Event.CONVERSATION_MAILED
    most = MOST_OF_A_CONVERSATION if is_mailed else MOST_MESSAGES
    return [
        {"role": row.role, "who": _who(row), "text": own_copy.readable(row, MOST_TEXT)}
        for row in list(rows[:most])[::-1]
        if row.text
    ]


def _who(row: Message) -> str:
    """Whose message it is; and where it is not whole, why."""
    who = str(row.author or row.get_role_display())
    return who if row.status == Status.COMPLETE else f"{who} ({row.get_status_display()})"


def mailer() -> BaseEmailBackend:
    """What the site sends its mail by: from Django 6.1 on one of its `mailers`."""
    mailers = getattr(django_mail, "mailers", None)
    found: BaseEmailBackend = mailers.default if mailers else django_mail.get_connection()
    if hasattr(found, "timeout"):
        found.timeout = SECONDS
    return found


async def deliver(notice: Notice) -> Attempt:
    """Send it once, by Django's mail, in a thread that nobody waits for."""
    began = time.monotonic()
    mail = await run_in_db_thread(render, notice)
    try:
        await asyncio.to_thread(mailer().send_messages, [mail])
    except Exception as error:  # whatever the site's backend raises
        ms = round((time.monotonic() - began) * 1000)
        return Attempt(False, said=on_a_line(f"{type(error).__name__}: {error}"), ms=ms)
    return Attempt(True, said="sent", ms=round((time.monotonic() - began) * 1000))
