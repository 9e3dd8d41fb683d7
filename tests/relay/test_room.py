"""A room: what its sockets are told, in which order, and what it notices to have missed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.utils import timezone

from chatwidget.models import Role, Status, new_id
from chatwidget.relay.events import ConversationClosed, MessageChanged, ReplyFinished, ReplyStarted
from chatwidget.relay.reply import Reply
from chatwidget.relay.room import Room
from chatwidget.transcripts import Entry


@dataclass(eq=False)
class Socket:
    """A member that notes what it is told."""

    told: list[Any] = field(default_factory=list)

    def show(self, entry: Entry, revision: int) -> None:
        self.told.append(("show", entry.text, entry.status))

    def follow(self, reply: Reply, revision: int) -> None:
        self.told.append(("follow", reply.entry.attempt))

    def ended(self) -> None:
        self.told.append("ended")

    def done(self, entry: Entry, revision: int) -> None:
        self.told.append(("done", entry.status))

    def reset(self, following: UUID | None) -> None:
        self.told.append(("reset", following))

    def reload(self) -> None:
        self.told.append("reload")

    def leave(self) -> None:
        self.told.append("leave")


def a_room(*sockets: Socket) -> Room:
    room = Room(new_id())
    room.members.extend(sockets)
    return room


def an_entry(text: str = "", status: Status = Status.STREAMING, **fields: Any) -> Entry:
    return Entry(new_id(), 3, Role.ASSISTANT, text, status, timezone.now(), **fields)


def test_a_reply_that_runs_elsewhere_is_mirrored_to_its_end() -> None:
    room = a_room(socket := Socket())
    entry = an_entry()
    room.apply(ReplyStarted(entry=entry, revision=2))
    assert room.append_remote(entry.id, 1, 0, "half")
    assert room.append_remote(entry.id, 1, 2, "lf of")  # some of it known already
    assert not room.append_remote(entry.id, 1, 9, "gap")
    assert room.append_remote(entry.id, 2, 0, "another attempt's")
    replica = room.replicas[entry.id]
    assert replica.text == "half of"
    end = replace(entry, text="half of it", status=Status.COMPLETE)
    room.apply(ReplyFinished(entry=end, revision=3))
    assert (replica.text, replica.ended) == ("half of it", end)
    assert socket.told == [("follow", 1), "ended"]
    assert not room.replicas


def test_the_next_reply_may_begin_before_the_end_is_heard_of() -> None:
    room = a_room(socket := Socket())
    first, second = an_entry(), an_entry()
    room.apply(ReplyStarted(entry=first, revision=2))
    replica = room.replicas[first.id]
    room.reply = Reply(room.conversation, second)  # ours
    room.begin(room.reply)
    room.apply(ReplyFinished(entry=replace(first, status=Status.COMPLETE), revision=3))
    assert replica.ended
    assert room.reply.ended is None
    assert socket.told == [("follow", 1), ("follow", 1), "ended"]


def test_a_beginning_that_was_read_is_not_told_again() -> None:
    room = a_room(socket := Socket())
    entry = an_entry()
    room.replica(entry)
    room.apply(ReplyStarted(entry=entry, revision=2))
    assert socket.told == []


def test_what_comes_late_overtakes_nothing() -> None:
    room = a_room(socket := Socket())
    entry = an_entry("the end", Status.COMPLETE)
    room.apply(ReplyFinished(entry=entry, revision=5))
    room.apply(MessageChanged(entry=replace(entry, text="", status=Status.PENDING), revision=3))
    room.apply(MessageChanged(entry=replace(entry, rating=1), revision=6))
    assert socket.told == [("done", "complete"), ("show", "the end", "complete")]


def test_a_missing_revision_is_noticed() -> None:
    room = a_room(Socket())
    room.read(3)
    room.apply(MessageChanged(entry=an_entry(), revision=5))
    assert room.revision == 3
    room.apply(MessageChanged(entry=an_entry(), revision=6))
    room.apply(MessageChanged(entry=an_entry(), revision=4))
    assert room.revision == 6


def test_what_one_socket_reads_the_others_have_missed() -> None:
    room = a_room(Socket())
    room.read(3)
    room.members.append(Socket())
    room.read(5)
    assert room.revision == 3
    room.reload()
    room.read(5)
    assert room.revision == 5


def test_a_greeting_of_what_was_a_draft_comes_too_late() -> None:
    room = a_room(socket := Socket())
    room.read(0)
    room.apply(MessageChanged(entry=an_entry("Hello!", Status.COMPLETE)))
    room.apply(MessageChanged(entry=an_entry("first", Status.COMPLETE), revision=1))
    room.apply(MessageChanged(entry=an_entry("Hello from elsewhere!", Status.COMPLETE)))
    assert [told[1] for told in socket.told] == ["Hello!", "first"]


def test_erased() -> None:
    room = a_room(socket := Socket())
    room.replica(an_entry())
    room.apply(ConversationClosed())
    assert socket.told == [("reset", None)]
    assert not room.replicas


def test_empty() -> None:
    room = a_room()
    assert room.empty
    room.replica(an_entry())
    assert room.empty, "nobody here wants to know"
    room.reply = Reply(room.conversation, an_entry())
    assert not room.empty
