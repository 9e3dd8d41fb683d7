"""Stores replies as the relay runs them: checkpoints, ends, and the fate of orphans."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from chatwidget.errors import Interrupted
from chatwidget.models import Conversation, Event, Message, Status, Widget
from chatwidget.signals import reply_finished, send_on_commit
from chatwidget.transcripts.budgets import record_seconds
from chatwidget.transcripts.fallback import keep_fallback_session
from chatwidget.transcripts.locking import (
    DatabaseNow,
    changed,
    claim_next,
    lease,
    locked,
    make_job,
    unfinished_replies,
)
from chatwidget.transcripts.notices import record
from chatwidget.transcripts.sql import end_reply, lease_end, touch
from chatwidget.transcripts.types import (
    Change,
    Checkpoint,
    ConversationGone,
    Job,
    Outcome,
    entry_of,
)


@transaction.atomic
def finish(job: Job, owner: str, outcome: Outcome, next_owner: str) -> Change | None:
    """Store a reply's end, and claim the conversation's next for `next_owner` (empty: nobody).

    None when the reply is no longer this owner's: erased, or given up as an orphan.
    """
    now = timezone.now()
    try:
        revision = touch(job.conversation, now)
    except ConversationGone:
        return None
    waiting = end_reply(job, owner, outcome, now, revision)
    if waiting is None:
        transaction.set_rollback(True)
        return None
    record_seconds(job.widget, outcome.total_ms)
    if outcome.session and outcome.session != job.session:
        Conversation.objects.filter(pk=job.conversation).update(
            provider_session=outcome.session, session_config=outcome.session_config
        )
    if outcome.fallback and outcome.fallback_session:
        keep_fallback_session(job.conversation, outcome.fallback, outcome.fallback_session)
    _tell(
        job.widget, job.conversation, job.visitor, job.entry.id, outcome.status, outcome.error_code
    )
    entry = replace(
        job.entry,
        owner="",
        status=outcome.status,
        text=outcome.text,
        ui=outcome.ui,
        error_code=outcome.error_code,
        retry_after=outcome.retry_after,
        revision=revision,
    )
    if next_owner and waiting:
        following = claim_next(locked(job.conversation), next_owner)
        if following:
            return Change(job.conversation, (entry, following.entry), following)
    return Change(job.conversation, (entry,))


def _tell(
    widget: Widget, conversation: UUID, visitor: UUID, message: UUID, status: str, error: str
) -> None:
    """Webhooks of a reply that has failed, and Django code of any that has ended."""
    if error:
        record(Event.REPLY_FAILED, widget.pk, conversation=conversation, message=message)
    send_on_commit(
        reply_finished,
        Widget,
        widget=widget.slug,
        conversation=conversation,
        visitor=visitor,
        message=message,
        status=str(status),
        error=error,
    )


def checkpoint(
    owner: str, running: Collection[UUID], changed: Sequence[Checkpoint]
) -> dict[UUID, tuple[int, bool]]:
    """Renew the leases of what `owner` runs, and store what has changed of it.

    Gives {reply: (attempt, stop asked)}; a reply that is missing is no longer this owner's. One
    that was claimed and is not running is not renewed, so that `reap` comes to it.
    """
    mine = Message.objects.filter(pk__in=running, owner=owner, status=Status.STREAMING)
    grown = {each.reply for each in changed}
    with transaction.atomic():
        # Each row is changed once: the second time PostgreSQL would look for its conversation, and
        # leases wait for nobody's lock on that.
        if quiet := set(running) - grown:
            mine.filter(pk__in=quiet).update(lease_until=lease())
        _store_texts(owner, changed)
    for each in changed:
        if each.session:
            Conversation.objects.filter(pk=each.conversation).update(
                provider_session=each.session, session_config=each.session_config
            )
    rows = mine.values_list("pk", "attempt", "stop_requested")
    return {pk: (attempt, stop) for pk, attempt, stop in rows}


def _store_texts(owner: str, replies: Sequence[Checkpoint]) -> None:
    """All texts in one statement: with the ORM it would be a statement, and 100 µs, for each."""
    if not replies:
        return
    table = connection.ops.quote_name(Message._meta.db_table)
    pk = Message._meta.get_field("id")
    rows = [
        (each.text, pk.get_db_prep_value(each.reply, connection), owner, each.attempt)
        for each in replies
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET text = %s, lease_until = {lease_end()} "  # the names are ours
            "WHERE id = %s AND owner = %s AND attempt = %s AND status = 'streaming'",
            rows,
        )


def expired() -> dict[UUID, datetime | None]:
    """The replies whose leases have run out, and when."""
    rows = unfinished_replies().filter(status=Status.STREAMING, lease_until__lt=DatabaseNow())
    return dict(rows.values_list("pk", "lease_until"))


def reap(
    owner: str,
    running: Collection[UUID],
    among: Collection[UUID] | None = None,
    limit: int = 100,
) -> list[Change]:
    """Give up orphans, and claim for `owner` the replies that wait for nobody.

    `among`: the only replies that may be given up. One that `owner` has claimed and does not run
    was never asked of the platform (its socket, or the database, was lost in that moment), so it
    is claimed again. Any process may do this at any time: what it changes it has locked.
    """
    orphans = unfinished_replies().filter(status=Status.STREAMING, lease_until__lt=DatabaseNow())
    if among is not None:
        orphans = orphans.filter(pk__in=among)
    under_way = Message.objects.filter(
        conversation=OuterRef("conversation"), status=Status.STREAMING
    )
    forgotten = unfinished_replies().filter(status=Status.PENDING).exclude(Exists(under_way))
    changes: list[Change] = []
    for conversation in set(orphans.values_list("conversation", flat=True)[:limit]):
        changes += _orphans(conversation, owner, running)
    for conversation in set(forgotten.values_list("conversation", flat=True)[:limit]):
        with transaction.atomic():
            try:
                job = claim_next(locked(conversation), owner)
            except ConversationGone:
                continue
            if job:
                changes.append(Change(conversation, (job.entry,), job))
    return changes


@transaction.atomic
def _orphans(conversation: UUID, owner: str, running: Collection[UUID]) -> list[Change]:
    try:
        row = locked(conversation)
    except ConversationGone:
        return []
    changes: list[Change] = []
    orphans = unfinished_replies().filter(
        conversation=row, status=Status.STREAMING, lease_until__lt=DatabaseNow()
    )
    for reply in orphans:
        if reply.owner == owner:
            if reply.pk not in running:
                Message.objects.filter(pk=reply.pk).update(lease_until=lease())
                changes.append(Change(row.pk, (entry_of(reply),), make_job(row, reply)))
            continue
        reply.error_cause = f"the process that relayed it ({reply.owner}) ended"
        reply.status, reply.error_code, reply.owner = Status.INTERRUPTED, Interrupted.code, ""
        reply.completed_at, reply.lease_until = timezone.now(), None
        reply.revision = changed(row)
        reply.save()
        _tell(row.widget, row.pk, row.visitor_id, reply.pk, reply.status, reply.error_code)
        changes.append(Change(row.pk, (entry_of(reply),)))
    return changes
