"""Stores replies as the relay runs them: checkpoints, ends, and the fate of orphans."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
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
from chatwidget.transcripts.standing import id_list, id_of, rows_of
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
    if not running:
        return {}
    grown = {each.reply for each in changed}
    with transaction.atomic():
        # Each row is changed once: the second time PostgreSQL would look for its conversation, and
        # leases wait for nobody's lock on that.
        if quiet := set(running) - grown:
            with connection.cursor() as cursor:
                cursor.execute(
                    f"{_RENEW} SET lease_until = {lease_end()} {_OURS} ({id_list(quiet)})", [owner]
                )
        _store_texts(owner, changed)
    for each in changed:
        if each.session:
            Conversation.objects.filter(pk=each.conversation).update(
                provider_session=each.session, session_config=each.session_config
            )
    with connection.cursor() as cursor:
        cursor.execute(f"{_ASKED} {_OURS} ({id_list(running)})", [owner])
        return {id_of(pk): (attempt, bool(stop)) for pk, attempt, stop in cursor.fetchall()}


_RENEW = f"UPDATE {Message._meta.db_table}"
_ASKED = f"SELECT id, attempt, stop_requested FROM {Message._meta.db_table}"
_OURS = "WHERE owner = %s AND status = 'streaming' AND id IN"


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


def expired() -> dict[UUID, object]:
    """The replies whose leases have run out, and when, as the driver gives it."""
    return {id_of(pk): until for pk, until in rows_of(_expired, "pk", "lease_until")}


def _expired(*columns: str) -> QuerySet[Message, Any]:
    late = unfinished_replies().filter(status=Status.STREAMING, lease_until__lt=DatabaseNow())
    return late.values_list(*columns)


def _forgotten(limit: int) -> QuerySet[Message, Any]:
    """The conversations with a reply that waits for nobody."""
    under_way = Message.objects.filter(
        conversation=OuterRef("conversation"), status=Status.STREAMING
    )
    waiting = unfinished_replies().filter(status=Status.PENDING).exclude(Exists(under_way))
    return waiting.values_list("conversation")[:limit]


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
    late = [] if among == [] else rows_of(_expired, "conversation", "pk")
    orphans = {id_of(of) for of, reply in late if among is None or id_of(reply) in among}
    changes: list[Change] = []
    for conversation in islice(orphans, limit):
        changes += _orphans(conversation, owner, running)
    for conversation in {id_of(of) for (of,) in rows_of(_forgotten, limit)}:
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
