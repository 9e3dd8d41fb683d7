"""A room: which replies are in flight, what its sockets are shown, and who has missed something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.utils import timezone

from chatwidget.models import Role, Status, new_id
from chatwidget.relay.events import ConversationClosed, MessagesChanged
from chatwidget.relay.reply import Reply
from chatwidget.relay.room import Room
from chatwidget.transcripts import Entry


@dataclass(eq=False)
class Socket:
    """A member that notes what is asked of it."""

    revision: int | None = 0
    calls: list[Any] = field(default_factory=list)

    def apply(self, entries: Sequence[Entry]) -> None:
        self.calls.append(("apply", *(entry.text for entry in entries)))

    def show_typing(self, author: str) -> None:
        self.calls.append(("typing", author))

    def catch_up(self) -> None:
        self.calls.append("catch up")

    def reload(self) -> None:
        self.calls.append("reload")

    def reset(self, following: UUID | None) -> None:
        self.calls.append(("reset", following))

    def leave(self) -> None:
        self.calls.append("leave")


def a_room(*sockets: Socket) -> Room:
    room = Room(new_id())
    room.members.extend(sockets)
    return room


def an_entry(text: str = "", status: Status = Status.STREAMING, **fields: Any) -> Entry:
    return Entry(new_id(), 3, Role.ASSISTANT, text, status, timezone.now(), **fields)


def changed(*entries: Entry) -> MessagesChanged:
    return MessagesChanged(entries)


def test_a_reply_that_runs_elsewhere_has_a_replica_to_its_end() -> None:
    room = a_room()
    entry = an_entry(revision=2)
    replica = room.in_flight(entry)
    assert room.replica(entry.id, 1) is replica
    assert replica.append_from(0, "half")
    assert replica.append_from(2, "lf of")  # some of it known already
    assert not replica.append_from(9, "gap")
    assert room.replica(entry.id, 2) is None, "another attempt's"
    assert room.in_flight(entry) is replica
    assert replica.text == "half of"
    end = replace(entry, text="half of it", status=Status.COMPLETE, revision=3)
    room.apply(changed(end))
    assert (replica.text, replica.ended) == ("half of it", end)
    assert not room.replicas


def test_the_next_reply_may_begin_before_the_end_arrives() -> None:
    room = a_room()
    first, second = an_entry(revision=2), an_entry(revision=4)
    replica = room.in_flight(first)
    room.reply = Reply(room.conversation, second)  # ours
    assert room.in_flight(second) is room.reply
    room.apply(changed(replace(first, status=Status.COMPLETE, revision=3)))
    assert replica.ended
    assert room.reply.ended is None


def test_a_later_attempt_ends_the_one_before() -> None:
    """Its own end has not come: that attempt is out of date, and keeps the text it had."""
    room = a_room()
    entry = an_entry(revision=2)
    replica = room.in_flight(entry)
    replica.append_from(0, "half")
    again = replace(entry, attempt=2, revision=4)
    later = room.in_flight(again)
    assert later is not replica and room.replicas == {entry.id: later}
    assert (replica.ended, replica.text) == (again, "half")
    room.apply(changed(replace(entry, status=Status.FAILED, revision=3)))
    assert later.ended is None, "what comes late ends nothing"


def test_what_has_not_begun_ends_nothing() -> None:
    room = a_room()
    entry = an_entry(revision=2)
    replica = room.in_flight(entry)
    room.apply(changed(entry))
    room.apply(changed(replace(entry, status=Status.PENDING)))
    assert replica.ended is None


def test_who_is_behind_catches_up() -> None:
    behind, here, loading = Socket(3), Socket(5), Socket(None)
    room = a_room(behind, here, loading)
    room.apply(changed(an_entry("fifth", revision=5)))
    assert behind.calls == [("apply", "fifth"), "catch up"]
    assert here.calls == loading.calls == [("apply", "fifth")]
    room.note(4)  # what is known already
    assert room.revision == 5
    assert here.calls == [("apply", "fifth")]
    room.note(6)
    assert here.calls[1:] == ["catch up"]
    assert loading.calls[1:] == []


def test_erased() -> None:
    room = a_room(socket := Socket())
    room.in_flight(an_entry())
    room.apply(ConversationClosed())
    assert socket.calls == [("reset", None)]
    assert not room.replicas


def test_empty() -> None:
    room = a_room()
    assert room.empty
    room.in_flight(an_entry())
    assert room.empty, "nobody here wants to know"
    room.reply = Reply(room.conversation, an_entry())
    assert not room.empty
