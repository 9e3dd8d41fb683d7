"""How long a platform may take: one timer for a whole answer, none for each piece of it."""

from __future__ import annotations

import asyncio
from types import TracebackType

from chatwidget.conf import Timeouts
from chatwidget.errors import PlatformTimedOut

# How soon to look again when a limit passes while nobody waits for the platform, in seconds.
_AGAIN = 0.25


class StreamTimeouts:
    """Bounds every wait for one answer: its first piece, the next one, and all of it.

    `with clock:` goes around an await on the platform, and only there may the waiting task be
    cancelled; the `with` then raises PlatformTimedOut. (asyncio.timeout() must not be open while an
    async generator yields: it would cancel its consumer in the midst of something else.)
    """

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + timeouts.total
        self._silence = max(timeouts.first, timeouts.between)
        self._task: asyncio.Task[object] | None = None  # who is waiting right now
        self._cancelling = 0  # how often that task had been cancelled before
        self._expired = ""
        self._timer: asyncio.TimerHandle | None = None
        self.restart()

    def restart(self) -> None:
        """The platform is asked (again): its first piece is due."""
        self._limit = "first"
        self._due = self._loop.time() + self._timeouts.first
        self._arm()

    def received(self, *, patient: bool = False) -> None:
        """A piece has come: the next one is due. Raises PlatformTimedOut when all took too long.

        `patient`: the platform is alive, and its agent may still take as long as for a first piece.
        """
        now = self._loop.time()
        if now > self._end:
            raise PlatformTimedOut(self._why("total"))
        if patient:
            self._limit = "silence"
            self._due = now + self._silence
            return
        self._due = now + self._timeouts.between
        if self._limit != "between":
            self._limit = "between"
            self._arm()

    def close(self) -> None:
        """Stops the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def __enter__(self) -> None:
        self._task = task = asyncio.current_task(self._loop)
        assert task is not None
        self._cancelling = task.cancelling()

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if self._expired and task is not None:
            expired, self._expired = self._expired, ""
            if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
                raise PlatformTimedOut(expired) from None
            self._arm()  # the piece came after all, or somebody else cancelled too

    def _arm(self) -> None:
        self.close()
        self._timer = self._loop.call_at(min(self._due, self._end), self._look)

    def _look(self) -> None:
        """The timer's callback. Pieces that came meanwhile have moved the limit."""
        now = self._loop.time()
        until = min(self._due, self._end)
        if now < until:
            self._timer = self._loop.call_at(until, self._look)
        elif self._task is None:
            self._timer = self._loop.call_at(now + _AGAIN, self._look)
        else:
            # By which was due first: the look may be late.
            self._expired = self._why("total" if self._end <= self._due else self._limit)
            self._task.cancel()

    def _why(self, limit: str) -> str:
        seconds = self._silence if limit == "silence" else getattr(self._timeouts, limit)
        return {
            "silence": f"the platform was silent for more than {seconds:g} s",
            "first": f"no answer within {seconds:g} s",
            "between": f"the answer paused for more than {seconds:g} s",
            "total": f"the answer was not complete within {seconds:g} s",
        }[limit]
