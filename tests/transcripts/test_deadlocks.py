"""What a database gives up for another transaction's sake is run again; nothing else is."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from chatwidget.db import TRIES, run_in_db_thread
from chatwidget.errors import DatabaseUnavailable

pytestmark = pytest.mark.django_db(transaction=True)


class Loser(Exception):
    """As psycopg names it."""

    sqlstate = "40P01"


class Operation:
    def __init__(self, cause: Exception, failures: int) -> None:
        self.cause, self.failures, self.calls = cause, failures, 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise OperationalError("given up") from self.cause
        return "done"


LOSERS = [Exception(1213, "Deadlock found"), Exception(1020, "Record has changed"), Loser()]


@pytest.mark.usefixtures("close_threads")
@pytest.mark.parametrize("cause", LOSERS, ids=str)
async def test_the_loser_of_a_deadlock_runs_again(cause: Exception) -> None:
    operation = Operation(cause, TRIES - 1)
    assert await run_in_db_thread(operation) == "done"
    assert operation.calls == TRIES


@pytest.mark.usefixtures("close_threads")
@pytest.mark.parametrize(
    ("cause", "calls"), [(LOSERS[0], TRIES), (Exception(2006, "gone away"), 1), (Exception(), 1)]
)
async def test_not_for_ever_and_not_for_all(cause: Exception, calls: int) -> None:
    operation = Operation(cause, 100)
    with pytest.raises(DatabaseUnavailable):
        await run_in_db_thread(operation)
    assert operation.calls == calls
