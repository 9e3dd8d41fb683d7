"""Stores what a client says of its page and of itself: at once, and then once a second."""

from __future__ import annotations

import asyncio
import logging

from chatwidget import transcripts
from chatwidget.db import run_in_db_thread
from chatwidget.errors import ChatError
from chatwidget.sockets.client import Client
from chatwidget.sockets.subscription import Subscription
from chatwidget.transcripts import VisitorDetails

logger = logging.getLogger("chatwidget")

# A page that navigates more often, or says who the visitor is, is stored as it is then.
SECONDS = 1.0


class Details:
    """A client's details, as the transcript has them."""

    def __init__(self, client: Client, subscription: Subscription) -> None:
        self._client = client
        self._subscription = subscription
        self._stored: VisitorDetails | None = None
        self._resting: asyncio.Task[None] | None = None

    async def changed(self) -> None:
        """Store them, now or after the rest. Under the lock of its turns."""
        if self._resting is None and await self._store():
            self._resting = asyncio.create_task(self._rest())

    async def _rest(self) -> None:
        """It goes on when the socket is closed: what was said last is stored, too."""
        await asyncio.sleep(SECONDS)
        self._resting = None
        try:
            async with self._subscription.turns.lock:
                await self._store()
        except ChatError as error:
            logger.warning("a visitor's details were not stored: %s", error)

    async def _store(self) -> bool:
        """Whether there was anything to store."""
        conversation, details = self._subscription.conversation, self._client.details
        if conversation is None or details == self._stored:
            return False
        await run_in_db_thread(transcripts.update_visitor, self._client.visitor, details)
        if details.page_url:
            await run_in_db_thread(
                transcripts.record_page, conversation, details.page_url, details.page_title
            )
        self._stored = details
        return True
