"""Stores visitors' messages, each with its pending reply, and the conversation that one begins."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from chatwidget.db import was_rolled_back
from chatwidget.errors import BadRequest, BudgetExhausted, TooManyPending
from chatwidget.models import (
    Conversation,
    Event,
    Message,
    Role,
    Status,
    Visitor,
    Widget,
    new_id,
)
from chatwidget.protocol import MAX_PENDING
from chatwidget.signals import conversation_started, message_accepted, send_on_commit
from chatwidget.transcripts import search_index
from chatwidget.transcripts.admission import admit
from chatwidget.transcripts.budgets import consume_message
from chatwidget.transcripts.hook import ask_hook, message_hook
from chatwidget.transcripts.locking import (
    changed,
    fingerprint,
    locked,
)
from chatwidget.transcripts.notices import record
from chatwidget.transcripts.people import announce, best_email, describe
from chatwidget.transcripts.queries import accepted_before
from chatwidget.transcripts.sql import (
    Row,
    advance,
    insert,
    insert_unless_there,
    step_back,
    unfinished,
)
from chatwidget.transcripts.types import (
    Change,
    ConversationGone,
    Job,
    NewConversation,
    NewMessage,
    StoredMessage,
    entry_of_row,
)


def store_message(message: NewMessage, owner: str) -> StoredMessage:
    """Store a visitor's message and its pending reply, or repeat what was stored for this id.

    `owner` claims the reply where it may begin at once; empty: nobody does. Raises TooManyPending,
    and ConversationGone when there is no such conversation and no opening; MessageRefused.
    """
    extra: Row = {}
    if hook := message_hook():
        if earlier := accepted_before(message.visitor, message.client_id):
            return earlier
        extra = {"metadata": ask_hook(hook, message)}
    for _ in range(3):
        try:
            with transaction.atomic():
                return _store(message, owner, extra)
        except IntegrityError:
            # The same id was sent before, or its visitor is erased at this moment.
            if earlier := accepted_before(message.visitor, message.client_id):
                return earlier
        except (TooManyPending, BudgetExhausted, ConversationGone):
            if earlier := accepted_before(message.visitor, message.client_id):
                return earlier
            raise
        except OperationalError as error:
            if not was_rolled_back(error):
                raise
    raise BadRequest("the message collides with others that are being stored")


def _store(message: NewMessage, owner: str, extra: Row) -> StoredMessage:
    now = timezone.now()
    conversation, visitor, details = message.conversation, message.visitor, message.details
    greeting = open_conversation(message, message.opening, now) if message.opening else []
    row = advance(conversation, visitor, now)
    began = message.opening is not None and row.revision == 2  # else another tab has begun it
    admit(row.widget_active, row.blocked)
    others, waiting = (0, 0) if began else unfinished(conversation)
    if waiting >= MAX_PENDING:
        raise TooManyPending
    claimed = bool(owner) and not others and not row.with_person
    both = {"conversation_id": conversation, "visitor_id": visitor, "created_at": now}
    sent = {
        **both,
        "id": new_id(),
        "seq": row.last_seq - 1,
        "role": Role.USER,
        "text": message.text,
        "status": Status.COMPLETE,
        "client_id": message.client_id,
        "completed_at": now,
        "revision": row.revision - 1,
        **extra,
    }
    reply = {
        **both,
        "id": new_id(),
        "seq": row.last_seq,
        "role": Role.ASSISTANT,
        "text": "",
        "status": Status.STREAMING if claimed else Status.PENDING,
        "revision": row.revision,
        **({"owner": owner} if claimed else {}),
    }
    stored = [sent] if row.with_person else [sent, reply]
    insert(Message, *(greeting if began else []), *stored)
    if row.with_person:  # who will answer it, and not at once
        step_back(conversation)
    unknown = not {details.name, details.email} <= {row.name, row.email, ""}
    if details.consent or unknown or details.email_verified > row.email_verified:
        describe(Visitor.objects.get(pk=visitor), details)
    page_url, page_title = details.page_url or row.page_url, details.page_title or row.page_title
    if (page_url, page_title) != (row.page_url, row.page_title):
        record_page(conversation, page_url, page_title)
    entries = tuple(map(entry_of_row, stored))
    asked = entries[0]
    ids = {"widget": message.widget.slug, "conversation": conversation, "visitor": visitor}
    if began:
        record(
            Event.CONVERSATION_STARTED,
            message.widget.pk,
            conversation=conversation,
            message=asked.id,
        )
        send_on_commit(conversation_started, Widget, **ids)
    send_on_commit(message_accepted, Widget, **ids, message=asked.id, text=message.text)
    widget = message.widget
    if widget.config_version != row.widget_version:
        widget = Widget.objects.get(pk=widget.pk)
    job = None
    if claimed:
        ours = row.session_config == fingerprint(widget)
        email, email_verified = best_email(details, row.email, bool(row.email_verified))
        job = Job(
            entry=entries[1],
            widget=widget,
            conversation=conversation,
            text=message.text,
            session=row.provider_session if ours else "",
            page_url=page_url,
            page_title=page_title,
            referrer=row.referrer,
            locale=row.locale,
            visitor=visitor,
            name=details.name or row.name,
            email=email,
            email_verified=email_verified,
            asked_seq=asked.seq,
            request_id=str(message.client_id),
        )
    if not row.with_person:
        consume_message(widget, len(message.text), runs=claimed)
    return StoredMessage(conversation, asked, Change(conversation, entries, job))


def open_conversation(message: NewMessage, opening: NewConversation, now: datetime) -> list[Row]:
    """Create a conversation, unless it is there; its greeting, if it has one, is still to be
    stored."""
    conversation, visitor, details = message.conversation, message.visitor, message.details
    known, greeting = details.external_id, opening.greeting
    new = known and not Visitor.objects.filter(pk=visitor).exists()
    person = {"id": visitor, "widget_id": message.widget.pk, "created_at": now}
    insert_unless_there(Visitor, {**person, "external_id": known})
    if new and not details.email:  # else with that, at once
        announce(Visitor.objects.get(pk=visitor))
    insert_unless_there(
        Conversation,
        {
            "id": conversation,
            "widget_id": message.widget.pk,
            "visitor_id": visitor,
            "provider_session": opening.session,
            "session_config": opening.session_config,
            "page_url": details.page_url,
            "page_title": details.page_title,
            "referrer": details.referrer,
            "locale": opening.locale,
            "user_agent": opening.user_agent,
            "started_at": now,
            "last_message_at": now,
            "last_seq": 1 if greeting else 0,
        },
    )
    if greeting is None:
        return []
    return [
        {
            "id": greeting.id,
            "conversation_id": conversation,
            "visitor_id": visitor,
            "seq": 1,
            "role": Role.ASSISTANT,
            "text": greeting.text,
            "status": Status.COMPLETE,
            "created_at": greeting.created_at,
            "completed_at": greeting.created_at,
            "revision": 1,
        }
    ]


def record_page(conversation: UUID, url: str, title: str) -> None:
    """The embedding page navigated."""
    # It is found and counted by its page.
    Conversation.objects.filter(pk=conversation).update(
        page_url=url, page_title=title, counted_revision=0
    )
    search_index.forget_about(conversation)


@transaction.atomic
def end_conversation(conversation: UUID, known: datetime | None = None) -> datetime | None:
    """The visitor began a new conversation instead: since when; None where nothing is stored.

    `known`: an end that the visitor has been shown, and which this one follows.
    """
    try:
        row = locked(conversation)
    except ConversationGone:
        return None
    if row.ended_at in (None, known):
        changed(row, ended_at=timezone.now())
        record(Event.CONVERSATION_ENDED, row.widget_id, conversation=row.pk)
    return row.ended_at
