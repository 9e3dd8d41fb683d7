"""Who may go on chatting: not with a widget that is switched off, nor a visitor who is blocked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from django.utils import timezone

from chatwidget.errors import CloseCode, CloseConnection
from chatwidget.models import Visitor, Widget
from chatwidget.transcripts.locking import ago
from chatwidget.transcripts.queries import snapshot
from chatwidget.transcripts.sql import arrival
from chatwidget.transcripts.standing import id_of, rows_of
from chatwidget.transcripts.types import Snapshot

# Of those who were blocked in this time all processes are reminded: longer than any of them stands
# still, or its clock differs.
REMINDED = timedelta(minutes=10)


def switched_off() -> CloseConnection:
    return CloseConnection(CloseCode.NO_WIDGET, "the widget was switched off")


def is_blocked() -> CloseConnection:
    return CloseConnection(CloseCode.UNAUTHORIZED, "the visitor is blocked")


class Rules(NamedTuple):
    """Who may chat with a widget that is on."""

    require_identity: bool
    allowed_origins: list[str]  # empty: any


@dataclass(frozen=True, slots=True)
class Doors:
    """What is open, as of now."""

    widgets: dict[int, Rules]  # those that are on
    blocked: frozenset[UUID]  # visitors, of late


def read_doors(widgets: Collection[int]) -> Doors:
    """Which of these widgets are on, and who was blocked of late."""
    return Doors(
        {
            widget: Rules(bool(require_identity), msgspec.json.decode(origins))
            for widget, require_identity, origins in rows_of(_open, frozenset(widgets))
        },
        frozenset(id_of(visitor) for (visitor,) in rows_of(_blocked)),
    )


def _open(widgets: frozenset[int]) -> QuerySet[Widget, Any]:
    on = Widget.objects.filter(pk__in=widgets, active=True).order_by()
    return on.values_list("pk", *Rules._fields)


def _blocked() -> QuerySet[Visitor, Any]:
    return Visitor.objects.filter(blocked_at__gte=ago(REMINDED)).values_list("pk")


def admit(active: bool, blocked: bool) -> None:
    """Raises CloseConnection; for use inside a transaction that stores something."""
    if not active:
        raise switched_off()
    if blocked:
        raise is_blocked()


def check_admission(widget: int, visitor: UUID) -> UUID | None:
    """The visitor's latest conversation. Raises CloseConnection for a widget that is off or gone,
    and for a blocked visitor."""
    active, blocked, latest = arrival(widget, visitor)
    admit(active, blocked)
    return latest


def admitted(widget: int, visitor: UUID, conversation: UUID) -> Snapshot | None:
    """A conversation, as `snapshot` reads it. Raises CloseConnection likewise."""
    check_admission(widget, visitor)
    return snapshot(conversation, visitor)


def check_known(visitor: UUID) -> None:
    """Raises CloseConnection for a visitor who was known, and was erased."""
    if not Visitor.objects.filter(pk=visitor).exists():
        raise CloseConnection(CloseCode.UNAUTHORIZED, "the visitor was erased")


def block(visitor: UUID, *, blocked: bool) -> None:
    """Block a visitor, or unblock them: their sockets close, their token opens none."""
    at = timezone.now() if blocked else None
    Visitor.objects.filter(pk=visitor).update(blocked_at=at)
