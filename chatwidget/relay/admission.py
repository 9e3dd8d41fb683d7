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
from chatwidget.errors import CloseConnection
from chatwidget.transcripts import Rules

ANYBODY = Rules(require_identity=False, allowed_origins=[])


class Guest(Protocol):
    """An open connection, after its `hello`."""

    @property
    def widget_id(self) -> int: ...

    @property
    def visitor(self) -> UUID: ...

    def refused_by(self, rules: Rules) -> CloseConnection | None:
        """Why its widget's rules, as they are now, keep it out, if they do."""

    def shut(self, reason: CloseConnection) -> None:
        """Close it now."""


class Admission:
    """The guests of this process."""

    def __init__(self) -> None:
        self._guests: defaultdict[UUID, list[Guest]] = defaultdict(list)

    @property
    def visitors(self) -> set[UUID]:
        """Who has a connection open here."""
        return set(self._guests)

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
        """Close those of widgets that are off or no longer let them in, and of blocked visitors."""
        if not self._guests:
            return
        widgets = {guest.widget_id for guests in self._guests.values() for guest in guests}
        doors = await run_in_db_thread(transcripts.read_doors, widgets)
        for visitor in doors.blocked & self._guests.keys():
            self.shut(visitor, transcripts.is_blocked())
        if all(doors.widgets.get(widget) == ANYBODY for widget in widgets):
            return
        for guest in [guest for guests in self._guests.values() for guest in guests]:
            rules = doors.widgets.get(guest.widget_id)
            if refusal := guest.refused_by(rules) if rules else transcripts.switched_off():
                guest.shut(refusal)
