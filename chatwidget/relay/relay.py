"""Runs replies to their end, whoever is watching.

A reply's task belongs to the process, not to a socket. It asks the platform, appends what comes to
a `Reply`, and stores the end before any client sees it. `housekeeping` checkpoints what it runs.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar
from uuid import UUID

from chatwidget import transcripts
from chatwidget.conf import conf
from chatwidget.db import run_in_db_thread
from chatwidget.errors import ChatError, Interrupted, PlatformUnavailable, ReplyError
from chatwidget.models import Status, Widget
from chatwidget.providers.base import rest_until
from chatwidget.providers.scrubbing import described, scrubber_of
from chatwidget.relay.admission import Admission
from chatwidget.relay.asking import ask
from chatwidget.relay.batching import Batcher, FlushClock
from chatwidget.relay.drafts import Greetings
from chatwidget.relay.events import ConversationClosed, MessagesChanged
from chatwidget.relay.hub import Hub
from chatwidget.relay.presence import Presence
from chatwidget.relay.running import ActiveReply, State
from chatwidget.telemetry import meters, traces
from chatwidget.telemetry.request_id import request_id
from chatwidget.text import storable
from chatwidget.transcripts import Change, Job, Outcome, fingerprint

logger = logging.getLogger("chatwidget")
replies_log = logging.getLogger("chatwidget.replies")

P = ParamSpec("P")
T = TypeVar("T")

# A reply whose end cannot be stored is tried again for as long as the process lives.
STORE_RETRY_SECONDS = 0.5
CAUSE_LENGTH = 2000
# After DRAIN_SECONDS: to store what there is, and to send the last frames.
LAST_SECONDS = 3.0


class Relay:
    """All replies that this process runs, and its rooms. One a process; made in its event loop."""

    def __init__(self) -> None:
        # In the leases that other processes see, and in an orphan's cause.
        self.worker = f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(4)}"
        self.hub = Hub(self.worker, self.stop)
        self.greetings = Greetings()
        self.admission = Admission()
        self.presence = Presence(self.hub, self.admission)
        self.running: dict[UUID, ActiveReply] = {}
        self.draining = False
        self._beat = FlushClock(lambda: len(self.running))
        self.database_lost_at = -1e9  # when it was last seen to be unavailable

    @property
    def claimant(self) -> str:
        """Who claims new replies: this process, or nobody while it drains."""
        return "" if self.draining else self.worker

    # --- one reply ----------------------------------------------------------------------------

    def announce(self, change: Change) -> None:
        """Show a stored change to every tab, and start the reply that it has claimed."""
        self.hub.publish(change.conversation, MessagesChanged(change.entries))
        if change.job:
            self._start(change.job)

    def _start(self, job: Job) -> None:
        if job.entry.id in self.running:
            return  # claimed again by `reap`, which had looked before it was begun
        running = ActiveReply(job, self.hub.own(job.conversation, job.entry))
        self.running[job.entry.id] = running
        running.task = asyncio.create_task(self._run(running), name=f"reply-{job.entry.id}")

    def stop_everywhere(self, conversation: UUID, replies: list[UUID]) -> None:
        """End replies that run here or in another process."""
        for reply in replies:
            if not self.stop(reply):
                self.hub.request_stop(conversation, reply)

    def stop(self, reply_id: UUID, status: Status = Status.STOPPED) -> bool:
        """End a reply of ours now, keeping what came; False when it is not ours (any more)."""
        running = self.running.get(reply_id)
        if running:
            running.stop(status)
        return running is not None

    async def _run(self, running: ActiveReply) -> None:
        job = running.job
        request_id.set(job.request_id)
        within = traces.carried(job.entry.id)
        with traces.span("queue", within=within, since=job.entry.created_at):
            pass  # it is over
        with traces.span("reply", within=within):
            outcome = await self._read(running)
            if outcome is None:
                del self.running[job.entry.id]
                await self._lost(job)
            else:
                await self._finish(job, outcome, running.pieces)

    async def _read(self, running: ActiveReply) -> Outcome | None:
        """Ask the platform, and read its answer to the end; None where it is ours no more."""
        job = running.job
        began = time.monotonic()
        error: ReplyError | None = None
        status = Status.COMPLETE
        try:
            running.begin()
            pace = Batcher(self._beat)
            # Timers keep this context until they are due: the reply itself must not be in it.
            rest_until.set(pace.rest_until)

            def append(text: str) -> None:
                if not running.pieces:
                    traces.event("first words")
                running.pieces += 1
                running.reply.append(text)
                pace.came(len(text))

            await ask(running, append)
        except asyncio.CancelledError:
            status = running.end_as
            if status == Status.INTERRUPTED:
                error = Interrupted("the server was restarted")
        except ReplyError as failure:
            # Without its traceback, which holds this frame, and with it the text, in a cycle.
            status, error = Status.FAILED, failure.with_traceback(None)
        except Exception as failure:  # an adapter's bug must not leave its visitor waiting
            # As text: its frames hold what the adapter does, and its words may, too.
            trace = described(failure, running.asked.known_key)
            logger.error("reply %s of %s\n%s", job.entry.id, job.widget.slug, trace)
            status, error = (
                Status.FAILED,
                PlatformUnavailable(f"{type(failure).__name__}: {failure}"),
            )
        if running.state is State.LOST:
            return None
        running.state = State.STORING
        finished, first = running.reading.finished, running.reading.first
        return Outcome(
            status=status,
            text=running.reply.text[running.reading.superseded :],
            session=running.session,
            session_config=fingerprint(job.widget) if running.session else "",
            fallback=running.asked if running.because else None,
            fallback_session=running.reading.session if running.because else "",
            ui=finished.ui if finished else None,
            provider_message_id=finished.message_id if finished else "",
            metadata=running.metadata,
            error_code=error.name if error else "",
            error_cause=_cause(error, running.asked) if error else "",
            retry_after=error.retry_after if error else None,
            first_chunk_ms=round((first - began) * 1000) if first else None,
            total_ms=round((time.monotonic() - began) * 1000),
        )

    async def _finish(self, job: Job, outcome: Outcome, pieces: int) -> None:
        """Store the end, publish it, and go on with the conversation's next reply."""
        change = await self._persistently(
            transcripts.finish, job, self.worker, outcome, self.claimant
        )
        del self.running[job.entry.id]
        if change is None:
            await self._lost(job)
        else:
            self.announce(change)
            _log(job, outcome)
            _count(job, outcome, pieces)

    async def _lost(self, job: Job) -> None:
        """Publish what became of a reply that is ours no more: its conversation was erased, or this
        process was given up for dead."""
        entry = await self._persistently(transcripts.entry, job.conversation, job.entry.id)
        event = MessagesChanged((entry,)) if entry else ConversationClosed()
        self.hub.publish(job.conversation, event)

    async def _persistently(
        self, operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run an operation of the database, again until it succeeds."""
        while True:
            try:
                return await run_in_db_thread(operation, *args, **kwargs)
            except ChatError as error:
                self.database_lost(error)
                await asyncio.sleep(STORE_RETRY_SECONDS)

    def database_lost(self, error: ChatError) -> None:
        """Log that the database is unavailable, but not for every reply."""
        now = time.monotonic()
        if now - self.database_lost_at > 10:
            logger.error("database: %s", error.cause)
        self.database_lost_at = now

    async def drain(self) -> None:
        """Let the replies in flight finish, for DRAIN_SECONDS; then store what there is of them.

        Sockets are closed with 4503 as soon as what they follow has ended.
        """
        self.draining = True
        logger.info("draining: %d replies in flight", len(self.running))
        for room in list(self.hub.by_id.values()):
            for member in list(room.members):
                member.leave()
        await self._until_idle(conf().DRAIN_SECONDS)
        for reply_id in list(self.running):
            self.stop(reply_id, Status.INTERRUPTED)
        await self._until_idle(LAST_SECONDS)
        logger.info("drained: %d replies left", len(self.running))

    async def _until_idle(self, seconds: float) -> None:
        """Wait until no reply runs and no socket is open, or the time is over."""
        deadline = time.monotonic() + seconds
        while self.running or any(room.members for room in self.hub.by_id.values()):
            left = deadline - time.monotonic()
            tasks = [running.task for running in self.running.values() if running.task]
            if tasks:
                await asyncio.wait(tasks, timeout=max(left, 0.05))
            else:
                await asyncio.sleep(0.05)
            if left <= 0:  # and what had become ready while this process stood still is done
                return


def _cause(error: ReplyError, asked: Widget) -> str:
    said = scrubber_of(asked.known_key).clean(error.cause or str(error))
    return storable(said)[:CAUSE_LENGTH]


def _count(job: Job, outcome: Outcome, pieces: int) -> None:
    """The same for `/metrics`."""
    provider = job.widget.provider
    meters.replies.labels(provider, outcome.error_code or outcome.status).inc()
    meters.chunks.labels(provider).inc(pieces)
    meters.reply_seconds.labels(provider).observe((outcome.total_ms or 0) / 1000)
    if outcome.first_chunk_ms is not None:
        meters.first_words.labels(provider).observe(outcome.first_chunk_ms / 1000)


def _log(job: Job, outcome: Outcome) -> None:
    """One line for each reply, and the same in its span: never its text, never a key."""
    fields = {
        "widget": job.widget.slug,
        "provider": job.widget.provider,
        "conversation": str(job.conversation),
        "reply": str(job.entry.id),
        "attempt": job.entry.attempt,
        "status": outcome.status,
        "code": outcome.error_code,
        "first_chunk_ms": outcome.first_chunk_ms,
        "total_ms": outcome.total_ms,
        "length": len(outcome.text),
    }
    known = {name: value for name, value in fields.items() if value not in ("", None)}
    replies_log.info("reply", extra=known)
    traces.note(**known)
    if outcome.error_code:
        traces.failed(outcome.error_code)
