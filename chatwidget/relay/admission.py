"""Closes the connections of those who may not go on: within seconds, in every process.

What they send meanwhile is refused where it is stored. The database tells, so that a command, the
admin of another site and a process without Redis are all the same to it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Protocol
from uuid import UUID

from chatwidget import transcripts
from chatwidget.db import run_in_db_thread
from chatwidget.errors import CloseCode, CloseConnection


class Guest(Protocol):
    """An open connection, after its `hello`."""

    @property
    def widget_id(self) -> int: ...

    @property
    def visitor(self) -> UUID: ...

    @property
    def is_verified(self) -> bool:
        """Does the embedding site vouch for the visitor?"""

    def shut(self, reason: CloseConnection) -> None:
        """Close it now."""


class Admission:
    """The guests of this process."""

    def __init__(self) -> None:
        self._guests: defaultdict[UUID, list[Guest]] = defaultdict(list)

    def enter(self, guest: Guest) -> None:
        self._guests[guest.visitor].append(guest)

    def leave(self, guest: Guest) -> None:
        guests = self._guests.get(guest.visitor, [])
        if guest in guests:
            guests.remove(guest)
        if not guests:
            self._guests.pop(guest.visitor, None)

    def shut(self, visitor: UUID, reason: CloseConnection) -> None:
        """Close all that a visitor has open here."""
        for guest in list(self._guests.get(visitor, ())):
            guest.shut(reason)

    async def check(self) -> None:
        """Close those of widgets that are off, and of visitors who are blocked."""
        if not self._guests:
            return
        widgets = {guest.widget_id for guests in self._guests.values() for guest in guests}
        doors = await run_in_db_thread(transcripts.read_doors, widgets)
        for visitor in doors.blocked & self._guests.keys():
            self.shut(visitor, transcripts.is_blocked())
        if all(doors.widgets.get(widget) is False for widget in widgets):
            return
        for guest in [guest for guests in self._guests.values() for guest in guests]:
            requires = doors.widgets.get(guest.widget_id)
            if requires is None:
                guest.shut(transcripts.switched_off())
            elif requires and not guest.is_verified:
                guest.shut(CloseConnection(CloseCode.UNAUTHORIZED, "identity: now required"))
