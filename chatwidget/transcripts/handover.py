"""A person in the place of the agent: takes a conversation over, answers, and hands it back.

One of them has it at a time, and everything here happens under the conversation's lock. While
somebody has it, a visitor's message is stored without a reply; what is unanswered when they leave
is the agent's to answer.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chatwidget import signals
from chatwidget.errors import BadRequest, BudgetExhausted
from chatwidget.languages import choose_language
from chatwidget.models import (
    Conversation,
    Event,
    EventKind,
    Glance,
    Handover,
    Message,
    Role,
    Status,
    Widget,
)
from chatwidget.signals import send_on_commit
from chatwidget.transcripts.admission import admit
from chatwidget.transcripts.budgets import consume_message
from chatwidget.transcripts.locking import (
    changed,
    lease,
    locked,
    make_job,
    unanswered,
    unfinished_replies,
)
from chatwidget.transcripts.notices import record
from chatwidget.transcripts.office_hours import is_open
from chatwidget.transcripts.sql import insert
from chatwidget.transcripts.standing import rows_of
from chatwidget.transcripts.types import (
    Change,
    ConversationGone,
    Entry,
    Job,
    NewMessage,
    Staff,
    StoredMessage,
    entry_of,
    entry_of_row,
)
from chatwidget.transcripts.visitor_writes import open_conversation

# What a visitor reads of an event, and the transcript keeps.
WORDS: dict[EventKind, Promise] = {
    EventKind.JOINED: _("{name} joined"),
    EventKind.LEFT: _("{name} left"),
    EventKind.ASKED: _("You asked for a person. The agent goes on helping until somebody comes."),
    EventKind.AWAY: _("Nobody is here right now. Leave your address, and we will write to you."),
}
# That somebody writes is stored no more often than this.
ACTIVE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a conversation, as of now, and whether its visitor waits for a person."""

    staff: Staff | None
    asked: bool


def holder(conversation: UUID) -> Holder:
    """Who has it."""
    row = Handover.objects.filter(pk=conversation).first() or Handover()
    return Holder(Staff(row.staff, row.name) if row.staff else None, row.asked_at is not None)


@transaction.atomic
def take_over(
    conversation: UUID, staff: Staff, known: str = ""
) -> tuple[Change | None, list[UUID]]:
    """Give a conversation to a person, and end its replies: those that run are to be stopped.

    `known`: who had it as they were shown. Raises BadRequest where that is somebody else by now,
    so that of two who press at once the second knows what they do.
    """
    row = locked(conversation)
    handover = Handover.objects.filter(pk=row.pk).first() or Handover(pk=row.pk)
    if handover.staff == staff.id:
        return None, []
    if handover.staff != known:
        raise BadRequest(f"{handover.name or 'nobody'} has the conversation by now")
    queued = unfinished_replies().filter(conversation=row)
    running = list(queued.filter(status=Status.STREAMING).values_list("pk", flat=True))
    queued.filter(status=Status.STREAMING).update(stop_requested=True)
    changes = [_end(row, reply) for reply in queued.filter(status=Status.PENDING).order_by("seq")]
    if handover.staff:
        changes.append(tell(row, EventKind.LEFT, handover.name))
    changes.append(tell(row, EventKind.JOINED, staff.name))
    handover.staff, handover.name, handover.asked_at = staff.id, staff.name, None
    handover.active_at = timezone.now()
    handover.save()
    Conversation.objects.filter(pk=row.pk).update(with_person=True)
    _send_signal(row, "person", staff.name)
    return Change(row.pk, tuple(changes)), running


def _send_signal(row: Conversation, to: str, by: str) -> None:
    ids = {"widget": row.widget.slug, "conversation": row.pk, "visitor": row.visitor_id}
    send_on_commit(signals.handover, Widget, **ids, to=to, by=by)


def _end(row: Conversation, reply: Message) -> Entry:
    reply.status, reply.completed_at, reply.revision = Status.STOPPED, timezone.now(), changed(row)
    reply.save(update_fields=["status", "completed_at", "revision"])
    return entry_of(reply)


@transaction.atomic
def ask_for_person(asked: NewMessage) -> Change | None:
    """The visitor wants a person: somebody comes, or out of hours the visitor reads that nobody
    does. Begins a conversation where there is none and the message has an opening.

    None where they have asked before, or have one. Raises BadRequest where it is not offered.
    """
    now = timezone.now()
    greeting = open_conversation(asked, asked.opening, now) if asked.opening else []
    row = locked(asked.conversation, asked.visitor)
    began = row.revision == 0  # else another tab has begun it
    admit(row.widget.active, row.visitor.blocked_at is not None)
    desk = row.widget.typed_desk
    if not desk.offer_person:
        raise BadRequest("this widget offers no person")
    if row.with_person or Handover.objects.filter(pk=row.pk).exists():
        return None
    Handover.objects.create(pk=row.pk, asked_at=now)
    entries = []
    for message in greeting if began else []:
        message["revision"] = changed(row)
        insert(Message, message)
        entries.append(entry_of_row(message))
    if is_open(desk, now):
        entries.append(tell(row, EventKind.ASKED))
    else:
        entries.append(tell(row, EventKind.AWAY, text=desk.away))
    if began:
        record(Event.CONVERSATION_STARTED, row.widget_id, conversation=row.pk)
    record(Event.PERSON_REQUESTED, row.widget_id, conversation=row.pk, message=entries[-1].id)
    return Change(row.pk, tuple(entries))


@transaction.atomic
def store_answer(conversation: UUID, staff: Staff, client_id: UUID, text: str) -> StoredMessage:
    """Store what a person answers; sent again, it is what was stored. Raises BadRequest."""
    row = locked(conversation)
    if earlier := Message.objects.filter(visitor=row.visitor_id, client_id=client_id).first():
        return StoredMessage(row.pk, entry_of(earlier))
    handover = Handover.objects.filter(pk=row.pk, staff=staff.id)
    if not handover.update(active_at=timezone.now()):
        raise BadRequest("somebody else has the conversation")
    entry = _append(row, Role.OPERATOR, text, author=staff.name, client_id=client_id)
    return StoredMessage(row.pk, entry, Change(row.pk, (entry,)))


def keep_active(conversation: UUID, staff: Staff) -> bool:
    """They are writing: it is theirs for as long as they do. False where it is not."""
    now = timezone.now()
    of_theirs = Handover.objects.filter(pk=conversation, staff=staff.id)
    of_theirs.filter(active_at__lt=now - ACTIVE).update(active_at=now)
    return of_theirs.exists()


def record_glance(conversation: UUID, seq: int) -> None:
    """Somebody of the staff has read it up to here."""
    read = Glance.objects.filter(pk=conversation)
    if read.filter(seq__gte=seq).exists() or read.update(seq=seq):
        return
    if Conversation.objects.filter(pk=conversation).exists():
        with suppress(IntegrityError), transaction.atomic():  # another has, in this moment
            Glance.objects.create(pk=conversation, seq=seq)


@transaction.atomic
def hand_back(conversation: UUID, staff: Staff, owner: str) -> Change | None:
    """Give it back to the agent; None where they do not have it any more."""
    row = locked(conversation)
    handover = Handover.objects.filter(pk=row.pk, staff=staff.id).first()
    return _resume(row, handover, owner) if handover else None


def resume_forsaken(owner: str) -> list[Change]:
    """Give back what its person has said nothing in for as long as the widget waits."""
    changes: list[Change] = []
    if not rows_of(_taken_over):
        return changes
    with_person = Handover.objects.exclude(staff="").select_related("conversation__widget")
    for handover in list(with_person.only("staff", "active_at", "conversation__widget")):
        if not _is_forsaken(handover, handover.conversation.widget):
            continue
        with transaction.atomic():
            try:
                row = locked(handover.pk)
            except ConversationGone:
                continue
            found = Handover.objects.filter(pk=row.pk).exclude(staff="").first()
            if found and _is_forsaken(found, row.widget):
                changes.append(_resume(row, found, owner))
    return changes


def _taken_over() -> QuerySet[Handover, Any]:
    return Handover.objects.exclude(staff="").values_list("pk")[:1]


def _is_forsaken(handover: Handover, widget: Widget) -> bool:
    minutes = timedelta(minutes=widget.typed_desk.resume_minutes)
    return handover.active_at is None or handover.active_at < timezone.now() - minutes


def _resume(row: Conversation, handover: Handover, owner: str) -> Change:
    """The agent has it again, and answers what nobody has; `owner` claims that.

    What somebody has marked as done stays so: there is nothing left to answer.
    """
    done = row.done_seq >= row.last_seq
    entries = [tell(row, EventKind.LEFT, handover.name)]
    handover.delete()
    Conversation.objects.filter(pk=row.pk).update(with_person=False)
    _send_signal(row, "agent", handover.name)
    text, asked_seq, _ = unanswered(row, row.last_seq + 1)
    job = None
    if done:
        Conversation.objects.filter(pk=row.pk).update(done_seq=row.last_seq)
    elif asked_seq and row.widget.active and row.visitor.blocked_at is None:
        entry, job = _ask_agent(row, text, owner)
        entries.append(entry)
    return Change(row.pk, tuple(entries), job)


def _ask_agent(row: Conversation, text: str, owner: str) -> tuple[Entry, Job | None]:
    claimed = bool(owner) and not unfinished_replies().filter(conversation=row).exists()
    reply = Message(
        conversation=row,
        visitor_id=row.visitor_id,
        seq=row.last_seq + 1,
        role=Role.ASSISTANT,
        status=Status.STREAMING if claimed else Status.PENDING,
        owner=owner if claimed else "",
        created_at=timezone.now(),
    )
    reply.revision = changed(row, last_seq=reply.seq, last_message_at=reply.created_at)
    try:
        with transaction.atomic():
            consume_message(row.widget, len(text), runs=claimed)
    except BudgetExhausted:
        # Nothing more is asked of the platform today: the visitor may try again, and reads why not.
        claimed = False
        reply.status, reply.owner, reply.completed_at = Status.INTERRUPTED, "", reply.created_at
        reply.error_code, reply.error_cause = "interrupted", "the widget's budget is used up"
    reply.lease_until = lease() if claimed else None
    reply.save(force_insert=True)
    return entry_of(reply), make_job(row, reply) if claimed else None


def tell(row: Conversation, event: EventKind, name: str = "", text: str = "") -> Entry:
    """Add an event to a locked conversation, in its visitor's language or the owner's words."""
    if not text:
        with translation.override(choose_language("", row.locale, "")):
            text = str(WORDS[event]).format(name=name)
    return _append(row, Role.EVENT, text, author=name, event=event)


def _append(row: Conversation, role: Role, text: str, **values: object) -> Entry:
    """Add a complete message to a locked conversation."""
    now = timezone.now()
    message = Message(
        conversation=row,
        visitor_id=row.visitor_id,
        seq=row.last_seq + 1,
        role=role,
        text=text,
        status=Status.COMPLETE,
        created_at=now,
        completed_at=now,
        **values,
    )
    message.revision = changed(row, last_seq=message.seq, last_message_at=now)
    message.save(force_insert=True)
    return entry_of(message)
