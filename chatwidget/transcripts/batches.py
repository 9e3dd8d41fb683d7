"""Work that follows `Conversation.revision`, as the search index and the numbers do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from chatwidget.models import Conversation

# Conversations that are worked on in one transaction.
BATCH = 100
# Where nothing was said for so long, the next change may be far away.
SETTLED = timedelta(seconds=20)


def catch_up(
    behind: QuerySet[Conversation],
    work: Callable[[QuerySet[Conversation], int], int],
    most: int,
    size: int = BATCH,
    settled: bool = False,
) -> int:
    """Work on what is behind, in batches of a size, each a transaction; how many were done.

    A batch that is smaller is the last: others hold what is left, or there is nothing. `settled`:
    only on conversations that have paused, so that a lively one is not worked on at every turn.
    """
    # In the order of the partial index: PostgreSQL expects a third of all rows to be behind, and
    # would else read the whole table for the first of them.
    behind = behind.order_by("pk")
    if settled:
        behind = behind.filter(last_message_at__lt=timezone.now() - SETTLED)
    if not behind.values_list("pk").first():  # asked without a transaction, which locks SQLite
        return 0
    done = 0
    while done < most:
        batch = work(behind, size)
        done += batch
        if batch < size:
            break
    return done
