"""Delivers notices as long as the process lives, beside whatever other processes deliver.

It sleeps until the next one is due, or one is stored in this process; for what a command or another
process stores it looks every half minute. So an idle process asks the database twice a minute.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from contextlib import suppress
from typing import Any

from django.utils import timezone

from chatwidget.db import run_in_db_thread
from chatwidget.errors import ChatError
from chatwidget.models import Notice
from chatwidget.notices import mail, queue, webhooks
from chatwidget.notices.webhooks import SECONDS, Attempt
from chatwidget.transcripts import digests
from chatwidget.transcripts.notices import recorded

logger = logging.getLogger("chatwidget")

LOOK_SECONDS = 30.0
FORGET_SECONDS = 3600.0
DIGEST_SECONDS = 300.0
# What became of an attempt is stored at the first of these, from a database that is away.
SETTLE_SECONDS = 1.0


class Courier:
    """One process's: made in its event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._under_way: dict[asyncio.Task[None], int | None] = {}  # and each one's webhook
        self._draining = False
        self._forgot_at = time.monotonic()
        self._digested_at = float("-inf")

    async def run(self) -> None:
        """Deliver until cancelled, or until it drains."""
        recorded.connect(self._wake)
        while not self._draining:
            pause = LOOK_SECONDS
            self._woken.clear()
            try:
                pause = await self._look()
            except ChatError as error:
                logger.warning("notices: %s", error.cause)
            except Exception:  # a bug here must not end deliveries
                logger.exception("notices")
            with suppress(
                TimeoutError
            ):  # not `wait_for`, which loses a cancellation in Python 3.11
                async with asyncio.timeout(pause):
                    await self._woken.wait()

    async def drain(self) -> None:
        """Take no more, and store what becomes of what is under way."""
        self._draining = True
        self._woken.set()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=SECONDS + 2 * SETTLE_SECONDS)

    def _wake(self, **_: Any) -> None:
        """Called in any thread."""
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._woken.set)

    async def _look(self) -> float:
        """Begin what is due; in how many seconds to look again."""
        if time.monotonic() - self._digested_at > DIGEST_SECONDS:
            self._digested_at = time.monotonic()
            await run_in_db_thread(digests.store_due)
        taken, later = await run_in_db_thread(queue.take, Counter(self._under_way.values()))
        for notice in taken:
            task = asyncio.create_task(self._deliver(notice), name=f"notice-{notice.pk}")
            self._under_way[task] = notice.webhook_id
            task.add_done_callback(self._done)
        if time.monotonic() - self._forgot_at > FORGET_SECONDS:
            self._forgot_at = time.monotonic()
            await run_in_db_thread(queue.forget_old)
        if later is None:
            return LOOK_SECONDS
        return min(LOOK_SECONDS, max(0.1, (later - timezone.now()).total_seconds()))

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self._woken.set()  # its receiver may have others that wait

    async def _deliver(self, notice: Notice) -> None:
        try:
            way = mail if notice.is_mail else webhooks
            attempt = await way.deliver(notice)
        except Exception as error:  # a bug is tried again as rarely as a receiver that is away
            logger.exception("notice %s", notice.pk)
            attempt = Attempt(False, said=f"it could not be made: {type(error).__name__}")
        until = time.monotonic() + queue.TAKEN.total_seconds() - SECONDS
        while True:
            try:
                await run_in_db_thread(queue.settle, notice, attempt)
            except ChatError as error:
                if time.monotonic() > until:  # it is due again, and sent again, under its id
                    logger.warning("notice %s: %s", notice.pk, error.cause)
                    return
                await asyncio.sleep(SETTLE_SECONDS)
            else:
                break
        if not attempt.delivered:
            logger.warning(
                "notice %s to %s: %s %s",
                notice.pk,
                notice.webhook_id,
                attempt.status or "",
                attempt.said,
            )
