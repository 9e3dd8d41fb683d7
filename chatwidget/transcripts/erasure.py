"""Erasing conversations: after a time, or when somebody asks.

By batches, each a transaction of its own, so that memory does not grow with what is erased and
visitors are hardly kept waiting.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Model, Q, QuerySet

from chatwidget.db import let_others_write
from chatwidget.models import Conversation, Message, Tag, Visitor, Widget
from chatwidget.transcripts.desk import drop_unused
from chatwidget.transcripts.people import had_email

logger = logging.getLogger("chatwidget")

BATCH = 500  # conversations erased in one transaction


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was erased."""

    visitors: int = 0
    conversations: int = 0
    messages: int = 0

    def __str__(self) -> str:
        visitors, conversations, messages = (
            f"{count} {name.removesuffix('s') if count == 1 else name}"
            for name, count in asdict(self).items()
        )
        return f"{conversations} with {messages}, and {visitors}"

    def __add__(self, other: Erased) -> Erased:
        return Erased(
            self.visitors + other.visitors,
            self.conversations + other.conversations,
            self.messages + other.messages,
        )


@contextmanager
def without_trace() -> Iterator[None]:
    """What is erased in here is in no file of SQLite's afterwards: neither in freed pages of the
    database, nor in its log, nor in the index of words, where it stays until it is overwritten."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete = ON")
        if at_once := sqlite3.sqlite_version_info >= (3, 42):
            cursor.execute(f"{_INDEX}, rank) VALUES ('secure-delete', 1)")
    yield
    if connection.in_atomic_block:  # SQLite cannot before its end
        transaction.on_commit(_clean_files)
    else:
        _clean_files(index=not at_once)


_INDEX = "INSERT INTO chatwidget_search(chatwidget_search"


def _clean_files(index: bool = True) -> None:
    with connection.cursor() as cursor:
        if index:
            cursor.execute(f"{_INDEX}) VALUES ('optimize')")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if cursor.fetchone()[0]:
            logger.warning(
                "erased words stay in SQLite's log until its next checkpoint: it is busy"
            )


def purge(before: datetime, progress: Callable[[int], Any] = lambda conversations: None) -> Erased:
    """Erase conversations whose last message is older, and visitors who have none left."""
    old = Conversation.objects.filter(last_message_at__lt=before).order_by("last_message_at", "id")
    with without_trace():
        return erase_conversations(old, progress, visitors=True)


def erase_conversations(
    conversations: QuerySet[Conversation],
    progress: Callable[[int], Any] = lambda conversations: None,
    *,
    visitors: bool,
) -> Erased:
    """Erase them, batch by batch; `visitors`: and those of their visitors who have none left."""
    erased, began = Erased(), time.monotonic()
    ids = conversations.values_list("pk", "visitor_id")
    while batch := dict(ids[:BATCH]):
        with transaction.atomic():
            _lock(Conversation.objects.filter(pk__in=batch))
            batch = dict(ids.filter(pk__in=batch))  # some visitor may have come back
            tags = set(Tag.objects.filter(conversations__in=batch).values_list("pk", flat=True))
            gone = Conversation.objects.filter(pk__in=batch).delete()[1]
            drop_unused(tags)
            people: dict[str, int] = {}
            if visitors:
                _lock(Visitor.objects.filter(pk__in=batch.values()))
                alone = Visitor.objects.filter(pk__in=batch.values(), conversations=None)
                people = alone.delete()[1]
        erased += Erased(_count(people, Visitor), _count(gone, Conversation), _count(gone, Message))
        progress(len(batch))
        began = let_others_write(began)
    return erased


def find_people(person: str) -> QuerySet[Visitor]:
    """The visitor of this id, or all who gave this e-mail address, or are vouched for as this."""
    try:
        return Visitor.objects.filter(pk=UUID(person))
    except ValueError:
        if not person or "\n" in person:
            return Visitor.objects.none()
        return Visitor.objects.filter(had_email(person) | Q(external_id=person))


def forget(people: QuerySet[Visitor]) -> Erased:
    """Erase these visitors with everything they wrote and were answered."""
    erased = Erased()
    with without_trace():
        for visitor in list(people.values_list("pk", flat=True)):
            theirs = Conversation.objects.filter(visitor=visitor).order_by("id")
            erased += _erase_with(Visitor.objects.filter(pk=visitor), theirs, visitors=False)
    return erased


def erase_widget(widget: Widget) -> Erased:
    """Erase a widget with all its conversations and visitors."""
    with without_trace():
        rows, its = Widget.objects.filter(pk=widget.pk), widget.conversations.order_by("id")
        return _erase_with(rows, its, visitors=True)


def _erase_with(
    rows: QuerySet[Any], conversations: QuerySet[Conversation], *, visitors: bool
) -> Erased:
    """Erase these rows after their conversations, those included that begin meanwhile."""
    erased = erase_conversations(conversations, visitors=visitors)
    with transaction.atomic():
        _lock(rows)
        erased += erase_conversations(conversations, visitors=visitors)
        return erased + _counted(rows.delete()[1])


def _lock(rows: QuerySet[Any]) -> None:
    """From here on nothing is stored that belongs to them, which Django's deletion would miss: it
    reads what belongs to a row first, and deletes then."""
    list(rows.order_by("pk").select_for_update().values_list("pk"))


def _counted(gone: dict[str, int]) -> Erased:
    return Erased(_count(gone, Visitor), _count(gone, Conversation), _count(gone, Message))


def _count(deleted: dict[str, int], model: type[Model]) -> int:
    return deleted.get(model._meta.label, 0)
