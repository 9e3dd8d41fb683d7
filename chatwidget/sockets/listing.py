"""The admin's live list of conversations: read every other second, sent when it differs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from chatwidget.db import run_in_db_thread
from chatwidget.errors import DatabaseUnavailable
from chatwidget.protocol import Ready, ReadyLimits
from chatwidget.relay.relay import Relay
from chatwidget.sockets.outbox import Outbox
from chatwidget.sockets.staff import Member
from chatwidget.sockets.staff_frames import Live, LiveConversation
from chatwidget.transcripts.going_on import GoingOn, going_on

SECONDS = 2.0


class Listing:
    """The list that one page shows; `member` is who looks at it, and what they may see, by now."""

    def __init__(self, relay: Relay, member: Callable[[], Member], outbox: Outbox) -> None:
        self._relay = relay
        self._member = member
        self._outbox = outbox
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        limits = ReadyLimits(max_length=0)
        self._outbox.put(
            Ready(visitor="", conversation=None, messages=[], more=False, limits=limits)
        )
        sent: Live | None = None
        while True:
            with suppress(DatabaseUnavailable):  # what is shown stays
                found = await self._read()
                if found != sent:
                    self._outbox.put(found)
                    sent = found
            await asyncio.sleep(SECONDS)

    async def _read(self) -> Live:
        here, member = self._relay.presence.here(), self._member()
        rows = await run_in_db_thread(going_on, member.visible, here)
        mine = member.staff.id
        return Live(conversations=[_shown(row, mine, is_here=row.visitor in here) for row in rows])

    def cancel(self) -> None:
        self._task.cancel()


def _shown(row: GoingOn, mine: str, *, is_here: bool) -> LiveConversation:
    return LiveConversation(
        id=str(row.id),
        widget=row.widget,
        who=row.name or row.email,
        visitor=str(row.visitor)[-6:],
        words=row.last_words,
        at=_iso(row.last_message_at),
        page=row.page_title,
        unread=row.unread,
        staff=row.staff_name,
        mine=bool(row.staff) and row.staff == mine,
        asked_at=_iso(row.asked_at) if row.asked_at and not row.staff else "",
        here=is_here,
    )


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
