"""Work that follows `Conversation.revision`, as the search index and the numbers do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from chatwidget.models import Conversation
from chatwidget.transcripts.locking import ago, row_lock
from chatwidget.transcripts.standing import id_of, rows_of

Changed = Callable[[], QuerySet[Conversation]]

# Conversations that are worked on in one transaction.
BATCH = 100
# Where nothing was said for so long, the next change may be far away.
SETTLED = timedelta(seconds=20)


def _behind(changed: Changed, settled: bool) -> QuerySet[Conversation]:
    # In the order of the partial index: PostgreSQL expects a third of all rows to be behind, and
    # would else read the whole table for the first of them.
    rows = changed().order_by("pk")
    return rows.filter(last_message_at__lt=ago(SETTLED)) if settled else rows


def _first_behind(changed: Changed, settled: bool) -> QuerySet[Conversation, Any]:
    return _behind(changed, settled).values_list("pk")[:1]


def _locked(changed: Changed, settled: bool, size: int) -> QuerySet[Conversation, Any]:
    skips = connection.features.has_select_for_update_skip_locked
    return row_lock(_behind(changed, settled), skip_locked=skips).values_list("pk")[:size]


def catch_up(
    changed: Changed,
    work: Callable[[list[UUID]], None],
    most: int,
    size: int = BATCH,
    settled: bool = False,
) -> int:
    """Work on what has changed, in batches of a size, each a transaction; how many were done.

    `work` is given conversations that are locked. A batch that is smaller is the last: others hold
    what is left, or there is nothing. `settled`: only conversations that have paused, so that a
    lively one is not worked on at every turn.
    """
    if not rows_of(_first_behind, changed, settled):  # without a transaction, which locks SQLite
        return 0
    done = 0
    while done < most:
        with transaction.atomic():
            found = [id_of(pk) for (pk,) in rows_of(_locked, changed, settled, size)]
            if found:
                work(found)
        done += len(found)
        if len(found) < size:
            break
    return done
