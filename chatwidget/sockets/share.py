"""A visitor's share of the rate limits, at one address, and what a solved challenge adds to it."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from chatwidget import challenges, transcripts
from chatwidget.challenges.siteverify import verify
from chatwidget.conf import conf
from chatwidget.db import db_timeout, run_in_db_thread
from chatwidget.errors import ChallengeFailed, RateLimited
from chatwidget.sockets import rate_limits
from chatwidget.sockets.client import Client

# What a solved challenge allows is allowed for so long.
LASTS = timedelta(hours=1)
# One that is open is offered again, while there is time enough to solve it.
OFFERED_SECONDS = challenges.SECONDS / 2


class Share:
    """For the frames of one socket."""

    def __init__(self, client: Client) -> None:
        self._visitor = str(client.visitor)
        self._address = client.address
        self._who = challenges.who(client.visitor, client.address)
        self._offered: dict[str, Any] | None = None
        self._offered_until = 0.0

    async def consume(self, what: str) -> None:
        """Take one off. Raises RateLimited: where it is the address's, by a challenge it can go on.

        What a challenge allowed counts once the address has nothing left, and is this visitor's
        alone: others at their address solve their own.
        """
        await rate_limits.consume(f"{what}_per_visitor", self._visitor)
        try:
            await rate_limits.consume_address(f"{what}_per_address", self._address)
        except RateLimited as error:
            if not conf().challenge:
                raise
            if not await run_in_db_thread(transcripts.use_allowance, self._who):
                error.challenge = self._offer()
                raise

    async def solve(self, solution: str) -> None:
        """Raises ChallengeFailed, and RateLimited for an address that brings too many."""
        limits, kind = conf().limits, conf().challenge
        if limits is None or not kind:
            raise ChallengeFailed("there are no challenges here")
        await rate_limits.consume_address("challenges_per_address", self._address)
        if kind in challenges.SERVICES:
            await verify(solution)
            name = challenges.name_of(solution)
        else:
            name = challenges.check(solution, self._who)
        async with db_timeout():
            given = await run_in_db_thread(
                transcripts.give_allowance, name, self._who, limits.messages_per_challenge, LASTS
            )
        if not given:
            raise ChallengeFailed("it has been used before")
        self._offered = None

    def _offer(self) -> dict[str, Any] | None:
        now = time.monotonic()
        if self._offered is None or now > self._offered_until:
            self._offered = challenges.make(self._who)
            self._offered_until = now + OFFERED_SECONDS
        return self._offered
