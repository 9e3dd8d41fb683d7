"""Entries on their way out: in a frame as much of each text as it may hold, the rest as deltas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from chatwidget import wire
from chatwidget.protocol import PART, Message, MessageState, ServerFrame
from chatwidget.replies import Outbox, Reply
from chatwidget.transcripts import Entry


def put_entries(
    outbox: Outbox,
    entries: Sequence[Entry],
    frame: Callable[[list[Message]], ServerFrame],
    *,
    live: Reply | None = None,
    after: UUID | None = None,
) -> None:
    """Send entries in one frame, and what follows of them.

    So does what is still to come of `live`, the one in flight.
    """
    messages: list[Message] = []
    following: list[Reply] = []
    for entry in entries:
        reply = live if live and live.entry.id == entry.id else None
        if reply is None and len(entry.text) > PART:
            reply = Reply(entry.id, replace(entry, status="streaming", ui=None, error_code=""))
            reply.end(entry)
        if reply is None:
            messages.append(wire.message(entry))
        else:
            messages.append(wire.message(reply.entry, reply.text[:PART]))
            following.append(reply)
    outbox.put(frame(messages), after=after)
    for reply in following:
        outbox.follow(reply, min(reply.length, PART), announced=True)


def put_entry(outbox: Outbox, entry: Entry) -> None:
    """Send an entry's new state."""
    put_entries(outbox, [entry], lambda found: MessageState(message=found[0]), after=entry.id)


def put_end(outbox: Outbox, entry: Entry) -> None:
    """Send a reply's end to who has not followed it."""
    put_entry(outbox, entry)
    if len(entry.text) <= PART:  # else its `done` comes after its last delta
        outbox.put(wire.done(entry), after=entry.id)
