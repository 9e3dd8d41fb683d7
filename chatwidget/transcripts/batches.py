"""Work that follows `Conversation.revision`, as the search index and the numbers do."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import QuerySet

from chatwidget.models import Conversation


def catch_up(behind: QuerySet[Conversation], work: Callable[[], int], size: int, most: int) -> int:
    """Work on what is behind, in batches of a size, each a transaction; how many were done.

    A batch that is smaller is the last: others hold what is left, or there is nothing.
    """
    done = 0
    while done < most and behind.exists():
        batch = work()
        done += batch
        if batch < size:
            break
    return done
