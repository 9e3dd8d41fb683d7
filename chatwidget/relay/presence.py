"""Knows which visitors have the chat open in some tab, in this process or in another.

Nobody keeps count. Who wants to know asks, and each process answers for itself; so it costs nothing
while no member of staff looks.
"""

from __future__ import annotations

import time
from uuid import UUID

from chatwidget.relay.admission import Admission
from chatwidget.relay.events import Mail, VisitorsAsked, VisitorsHere
from chatwidget.relay.hub import Hub

# Where all processes listen; no conversation has this id.
EVERYWHERE = UUID("c4a70000-0000-4000-8000-000000000001")
MOST = 1000  # visitors that a process tells of
# What a process has said counts for so long; asked for more often than that, it stays known.
SECONDS = 10.0
ASK_SECONDS = 2.0


class Presence:
    """What this process knows of who is here."""

    def __init__(self, hub: Hub, admission: Admission) -> None:
        self._hub = hub
        self._admission = admission
        self._elsewhere: dict[str, tuple[float, frozenset[UUID]]] = {}
        self._asked_at = -ASK_SECONDS
        hub.open_mailbox(EVERYWHERE, self._receive)

    def here(self) -> set[UUID]:
        """The visitors who are here, as far as is known; the other processes are asked again."""
        now = time.monotonic()
        if now - self._asked_at >= ASK_SECONDS:
            self._asked_at = now
            self._hub.pubsub.send(EVERYWHERE, VisitorsAsked())
        known = {w: each for w, each in self._elsewhere.items() if now - each[0] < SECONDS}
        self._elsewhere = known
        return self._admission.visitors.union(*(visitors for _, visitors in known.values()))

    def _receive(self, mail: Mail) -> None:
        if isinstance(mail, VisitorsAsked):
            here = tuple(self._admission.visitors)[:MOST]
            self._hub.pubsub.send(EVERYWHERE, VisitorsHere(self._hub.worker, here))
        elif isinstance(mail, VisitorsHere):
            self._elsewhere[mail.worker] = time.monotonic(), frozenset(mail.visitors)
