"""Stores what a visitor asks of a reply: a rating, its stop, another attempt."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from chatwidget.errors import BadRequest
from chatwidget.models import UNFINISHED, Event, Message, Role, Status
from chatwidget.transcripts.admission import admit
from chatwidget.transcripts.budgets import consume_message
from chatwidget.transcripts.locking import changed, lease, locked, make_job
from chatwidget.transcripts.notices import record
from chatwidget.transcripts.sql import unfinished
from chatwidget.transcripts.types import Change, Entry, entry_of


@transaction.atomic
def rate(conversation: UUID, reply: UUID, value: int, comment: str | None) -> Change | None:
    """Rate a finished reply (1, -1, or 0 for none). None where it is so already; BadRequest."""
    replies = Message.objects.filter(conversation=conversation, pk=reply, role=Role.ASSISTANT)
    finished = replies.exclude(status__in=UNFINISHED)
    known = finished.values_list("rating", "rating_comment").first()
    if known and known[0] == value and comment in (None, known[1]):
        return None
    row = locked(conversation)
    rated = replies.first()
    if rated is None or rated.status in UNFINISHED:
        raise BadRequest("only a finished reply can be rated")
    rated.rating = value
    if comment is not None or value == 0:
        rated.rating_comment = comment or ""
    rated.revision = changed(row)
    rated.save(update_fields=["rating", "rating_comment", "revision"])
    record(Event.REPLY_RATED, row.widget_id, conversation=row.pk, message=rated.pk)
    return Change(row.pk, (entry_of(rated),))


@transaction.atomic
def request_stop(conversation: UUID, reply: UUID) -> Change | Entry:
    """Stop a queued reply, or ask the owner of a running one to stop it, who reads this column.

    The change where it was stopped just now, else the reply as it is. Raises BadRequest.
    """
    row = locked(conversation)
    found = Message.objects.filter(conversation=row, pk=reply, role=Role.ASSISTANT).first()
    if found is None:
        raise BadRequest("no such reply")
    if found.status == Status.PENDING:
        found.status = Status.STOPPED
        found.completed_at = timezone.now()
        found.revision = changed(row)
        found.save(update_fields=["status", "completed_at", "revision"])
        return Change(row.pk, (entry_of(found),))
    if found.status == Status.STREAMING:
        Message.objects.filter(pk=found.pk).update(stop_requested=True)
    return entry_of(found)


@transaction.atomic
def retry(
    conversation: UUID, reply: UUID, attempt: int | None, owner: str, rewind: bool
) -> Change | None:
    """Begin the conversation's last reply again, in place; None when `attempt` is stale.

    It waits its turn where an earlier reply is under way. `rewind` allows a complete one to be
    made again. Raises BadRequest.
    """
    row = locked(conversation)
    admit(row.widget.active, row.visitor.blocked_at is not None)
    last = Message.objects.filter(conversation=row).order_by("-seq").first()
    if last is None or last.pk != reply:
        if Message.objects.filter(conversation=row, pk=reply, role=Role.ASSISTANT).exists():
            raise BadRequest("a newer message follows this reply")
        raise BadRequest("no such reply")
    if attempt is not None and attempt != last.attempt:
        return None
    again = {Status.FAILED, Status.INTERRUPTED, Status.STOPPED}
    if last.status not in (again | {Status.COMPLETE} if rewind else again) or last.seq < 2:
        raise BadRequest("this reply cannot be retried")
    last.attempt += 1
    last.text = ""
    last.status = Status.PENDING
    last.created_at = timezone.now()
    last.completed_at = last.first_chunk_ms = last.total_ms = last.retry_after = last.ui = None
    last.error_code = last.error_cause = last.rating_comment = last.provider_message_id = ""
    last.rating = 0
    last.metadata = {}
    last.stop_requested = False
    claimed = bool(owner) and not unfinished(row.pk)[0]
    if claimed:
        last.status, last.owner, last.lease_until = Status.STREAMING, owner, lease()
    last.revision = changed(row, last_message_at=last.created_at, ended_at=None)
    last.save()
    job = make_job(row, last)
    consume_message(row.widget, len(job.text), runs=claimed)
    return Change(row.pk, (entry_of(last),), job if claimed else None)
