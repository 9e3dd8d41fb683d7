"""Asks the widget's platform for a reply, or its fallback's while that is unavailable.

The first is asked as ever. Where it fails before its first word, for a reason that is its own and
may pass, the fallback answers this message. A breaker spares further messages the wait, and
lets one of them try the first again after a while.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from chatwidget import transcripts
from chatwidget.db import run_in_db_thread
from chatwidget.errors import (
    PlatformMisconfigured,
    PlatformRateLimited,
    PlatformTimedOut,
    PlatformUnavailable,
    ReplyError,
)
from chatwidget.providers.base import HistoryMessage, PageContext, Provider, Turn, VisitorIdentity
from chatwidget.providers.registry import make_provider
from chatwidget.relay.breaker import breaker_of
from chatwidget.relay.running import ActiveReply
from chatwidget.transcripts import Job, fingerprint

logger = logging.getLogger("chatwidget")

# What the fallback answers for. A wrong key or a refused message is the owner's to mend.
UNAVAILABLE = (PlatformUnavailable, PlatformTimedOut, PlatformRateLimited)

Append = Callable[[str], None]


async def ask(running: ActiveReply, append: Append) -> None:
    """Hand the answer's text to `append` as it comes. Raises ReplyError."""
    job = running.job
    if job.widget.fallback_id is None:
        await _read(running, job.session, append)
        return
    breaker = breaker_of(fingerprint(job.widget))
    failure: ReplyError = PlatformUnavailable("it was unavailable a moment ago")
    if await breaker.allows():
        try:
            await _read(running, job.session, append)
            await breaker.answered()
            return
        except UNAVAILABLE as error:
            if running.reading.first is not None:
                raise  # it has begun to speak
            failure = error
            await breaker.failed(error)
        except ReplyError:
            await breaker.answered()
            raise
    await _ask_fallback(running, failure, append)


async def _ask_fallback(running: ActiveReply, failure: ReplyError, append: Append) -> None:
    found = await run_in_db_thread(transcripts.find_fallback, running.job)
    if found is None:  # it was removed in this moment
        raise failure
    widget, session = found
    running.fall_back(widget, str(failure))
    logger.warning("%s answers for %s: %s", widget.slug, running.job.widget.slug, failure)
    try:
        await _read(running, session, append)
    except ReplyError as error:
        # The visitor may try again whatever is wrong with the fallback: the first comes back.
        kind = PlatformUnavailable if isinstance(error, PlatformMisconfigured) else type(error)
        cause = f"{widget.slug}: {error}; it was asked because: {failure}"
        raise kind(cause, retry_after=error.retry_after) from None


async def _read(running: ActiveReply, session: str, append: Append) -> None:
    provider = make_provider(running.asked.provider_config)
    turn = await _turn(provider, running.job, session)
    await running.reading.read(provider, turn, append, running.reply.show)


async def _turn(provider: Provider, job: Job, session: str) -> Turn:
    history: list[tuple[Any, str, int]] = []
    if provider.wants_history:
        history = await run_in_db_thread(transcripts.history, job.conversation, job.asked_seq)
    return Turn(
        text=job.text,
        person=VisitorIdentity(
            str(job.visitor),
            job.name,
            job.email,
            job.locale,
            email_verified=job.email_verified,
        ),
        conversation=str(job.conversation),
        session=session,
        page=PageContext(job.page_url, job.page_title, job.referrer),
        history=tuple(HistoryMessage(*each) for each in history),
        seq=job.asked_seq,
    )
