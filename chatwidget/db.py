"""Database work from the event loop: one hop into a thread for one whole operation."""

from __future__ import annotations

import asyncio
import atexit
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from contextvars import ContextVar
from functools import lru_cache, partial
from importlib import import_module
from pkgutil import iter_modules
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, ParamSpec, TypeVar
from weakref import WeakValueDictionary

from django.db import (
    DatabaseError,
    InterfaceError,
    close_old_connections,
    connection,
    connections,
)
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from chatwidget.errors import DatabaseUnavailable
from chatwidget.telemetry import meters

P = ParamSpec("P")
T = TypeVar("T")

# PostgreSQL answers many at once; SQLite has one writer, and threads that queue for its lock by
# sleeping are slower than one thread that takes them in turn.
THREADS = 8
# An operation that has waited this long for a thread is not begun: what waits for a database that
# is slow does not pile up.
QUEUE_SECONDS = 5.0
# A database that hangs counts as unavailable.
ANSWER_SECONDS = 12.0

# A connection that has answered so lately is not asked whether it works, nor given back.
KEPT_SECONDS = 1.0

# How long who writes batch after batch may keep SQLite's lock, and then leaves it: for longer than
# the 0.1 s after which SQLite looks again, at most, for a lock that others have.
TURN_SECONDS = 1.0
PAUSE_SECONDS = 0.12

# Whose work this is, by the id of a widget: no widget's visitors may have more than half of the
# threads, so that a flood at one of them delays the others by one operation at most.
lane: ContextVar[int | None] = ContextVar("lane", default=None)
_lanes: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()


# A deadlock's loser, by the names of PostgreSQL (serialization_failure, deadlock_detected) and
# the numbers of MySQL and MariaDB (ER_CHECKREAD, ER_LOCK_DEADLOCK), runs so many times in all.
POSTGRES_AGAIN = ("40001", "40P01")
MYSQL_AGAIN = (1020, 1213)
TRIES = 3


@lru_cache(maxsize=1)  # to ask in the event loop makes a connection of its own for each socket
def _threads() -> int:
    return 1 if connection.vendor == "sqlite" else THREADS


class Threads:
    """Up to `most` threads, each with a connection of its own, which it keeps while it is busy.

    The standard library's executor costs twice as much for each operation, by futures made of
    futures, and its threads cannot give back what they hold once nothing comes any more.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._threads: list[Thread] = []
        self._asked = 0  # and not yet answered
        self._work: SimpleQueue[Any] = SimpleQueue()
        atexit.register(self.close)

    def run(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Run it after what came before it, unless it is cancelled until then."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._asked += 1
        if self._asked > len(self._threads) < self._most:
            self._threads.append(Thread(target=self._run, name="chatwidget-storage", daemon=True))
            self._threads[-1].start()
        self._work.put((loop, answer, work))
        return answer

    def _run(self) -> None:
        since = 0.0  # when its connection was last asked whether it works
        while True:
            try:
                work = self._work.get(timeout=KEPT_SECONDS)
            except Empty:
                _give_back()
                work = self._work.get()
            if work is None:
                connections.close_all()
                return
            if time.monotonic() - since > KEPT_SECONDS:
                _give_back()
                since = time.monotonic()
            self._do(*work)
            del work

    def _do(
        self, loop: asyncio.AbstractEventLoop, answer: asyncio.Future[T], work: Callable[[], T]
    ) -> None:
        try:
            done = partial(self._settle, answer, None if answer.cancelled() else work(), None)
        except BaseException as error:
            done = partial(self._settle, answer, None, error)
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(done)
        del answer, done, work  # this frame is in the error's traceback

    def _settle(
        self, answer: asyncio.Future[Any], result: Any, error: BaseException | None
    ) -> None:
        self._asked -= 1
        if answer.done():
            return
        if error is None:
            answer.set_result(result)
        else:
            answer.set_exception(error)

    def close(self) -> None:
        """Let them end what they have begun."""
        for _ in self._threads:
            self._work.put(None)
        while self._threads:
            self._threads.pop().join()


def _give_back() -> None:
    """Give this thread's connection back to the pool, or close it, unless CONN_MAX_AGE says not."""
    # A file's is kept: to close the last one empties SQLite's log, with an fsync.
    if connection.vendor != "sqlite":
        with suppress(DatabaseError, InterfaceError):
            close_old_connections()


@lru_cache(maxsize=2)
def _pool(urgent: bool) -> Threads:
    return Threads(1 if urgent else _threads())


def _turn() -> AbstractAsyncContextManager[Any]:
    """What to hold while an operation of this lane runs, or waits for a thread."""
    widget = lane.get()
    if widget is None:
        return nullcontext()
    return _lanes.get(widget) or _lanes.setdefault(widget, asyncio.Semaphore(-(-_threads() // 2)))


def was_rolled_back(error: Exception) -> bool:
    """Has the database given a transaction up for another's sake: it may just run again?"""
    cause = error.__cause__
    number = cause.args[0] if cause and cause.args else None
    return getattr(cause, "sqlstate", None) in POSTGRES_AGAIN or number in MYSQL_AGAIN


def _run(
    operation: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any], asked: float
) -> T:
    began = time.monotonic()
    meters.database_wait.observe(began - asked)
    if began - asked > QUEUE_SECONDS:
        meters.database_failures.inc()
        raise DatabaseUnavailable(f"no thread was free for {QUEUE_SECONDS:g} s")
    try:
        for more in reversed(range(TRIES)):
            try:
                return operation(*args, **kwargs)
            except (DatabaseError, InterfaceError) as error:
                # Whatever the cause, the next operation begins on a connection that is known to
                # work.
                connection.close()
                if not (more and was_rolled_back(error)):
                    meters.database_failures.inc()
                    raise DatabaseUnavailable(f"{type(error).__name__}: {error}") from error
        raise AssertionError("the last try returns or raises")
    finally:
        meters.database_seconds.observe(time.monotonic() - began)
        connection.queries_log.clear()  # where DEBUG is on, Django keeps every statement


async def run_in_db_thread(operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run one operation of `transcripts` in a thread. Raises DatabaseUnavailable."""
    asked = time.monotonic()
    async with _turn():
        return await _pool(False).run(lambda: _run(operation, args, kwargs, asked))


def let_others_write(since: float) -> float:
    """Called between two batches: on SQLite, pause once a second, so that whoever waits for the
    lock gets it, who looks for it only now and then.

    `since`: when the work or the last pause began, by `time.monotonic`; gives the new one.
    """
    on_sqlite = connection.vendor == "sqlite" and not connection.in_atomic_block
    if not on_sqlite or time.monotonic() - since < TURN_SECONDS:
        return since
    time.sleep(PAUSE_SECONDS)
    return time.monotonic()


@lru_cache(maxsize=1)
def _migrations() -> tuple[str, ...]:
    """The names of the migrations that this version of the app comes with."""
    module, _ = MigrationLoader.migrations_module("chatwidget")
    if module is None:  # a test site may have none
        return ()
    folder = import_module(module).__path__
    return tuple(sorted(each.name for each in iter_modules(folder) if each.name[0] not in "_~"))


def missing_migrations() -> list[str]:
    """The app's migrations that this database has not seen."""
    if not (known := _migrations()):
        return []
    rows = MigrationRecorder(connection).migration_qs.filter(app="chatwidget")
    applied = set(rows.values_list("name", flat=True))
    return [name for name in known if name not in applied]


@asynccontextmanager
async def db_timeout() -> AsyncIterator[None]:
    """What is read in here is given up when the database hangs. Raises DatabaseUnavailable."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            yield
    except TimeoutError:
        raise no_answer() from None


def no_answer() -> DatabaseUnavailable:
    """The database hangs."""
    return DatabaseUnavailable(f"no answer in {ANSWER_SECONDS:g} s")


async def run_urgently_in_db_thread(
    operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run one operation that must not wait behind what visitors ask for: in a thread of its own,
    where several may be at work at once."""
    asked = time.monotonic()
    threads = _pool(connection.vendor != "sqlite")
    return await threads.run(lambda: _run(operation, args, kwargs, asked))
