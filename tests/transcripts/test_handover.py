"""A person takes a conversation over from the agent, and hands it back."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from chatwidget import signals, transcripts
from chatwidget.conf import Desk
from chatwidget.errors import BadRequest
from chatwidget.models import Conversation, Glance, Handover, Message, Status, Widget, new_id
from chatwidget.transcripts import ConversationGone, Staff, csv_table, export
from chatwidget.transcripts.chats import read_chats
from chatwidget.transcripts.erasure import erase_widget
from chatwidget.transcripts.office_hours import is_open
from tests.transcripts.talks import Talk

ANA = Staff("1", "Ana Rojas")
BEN = Staff("2", "Ben")


def answer(talk: Talk, text: str = "Hello!", staff: Staff = ANA) -> transcripts.StoredMessage:
    return transcripts.store_answer(talk.conversation, staff, new_id(), text)


def revisions(change: transcripts.Change | None) -> list[int]:
    assert change
    return [entry.revision for entry in change.entries]


@pytest.fixture
def taken(talk: Talk) -> Talk:
    """A conversation whose first question is answered, and which Ana has."""
    talk.finish(talk.begun("hi"), text="Yes.")
    transcripts.take_over(talk.conversation, ANA)
    return talk


def test_the_agent_is_not_asked_while_a_person_has_it(taken: Talk) -> None:
    sent = taken.send("Are you a person?")
    assert sent.change and sent.change.job is None
    stored = answer(taken, "I am.")
    assert taken.told()[3:] == [
        (4, "event", "Ana Rojas joined", "complete"),
        (5, "user", "Are you a person?", "complete"),
        (6, "operator", "I am.", "complete"),
    ]
    assert (taken.rows[3].event, taken.rows[3].author) == ("joined", "Ana Rojas")
    assert (stored.entry.author, stored.entry.role) == ("Ana Rojas", "operator")
    # No revision and no number is left out: who follows the conversation misses nothing.
    assert [row.seq for row in taken.rows] == list(range(1, 7))
    assert taken.row.last_seq == 6
    assert revisions(sent.change) == [taken.row.revision - 1]
    assert revisions(stored.change) == [taken.row.revision]


def test_what_waits_and_what_runs_ends_when_a_person_comes(talk: Talk) -> None:
    talk.send("one")
    talk.send("two")
    change, running = transcripts.take_over(talk.conversation, ANA)
    assert [row.status for row in talk.rows if row.role == "assistant"] == [
        "complete",
        "streaming",
        "stopped",
    ]
    assert running == [talk.rows[2].pk]
    assert talk.rows[2].stop_requested
    assert [entry.status for entry in change.entries] == ["stopped", "complete"] if change else 0
    assert revisions(change) == [talk.row.revision - 1, talk.row.revision]


def test_of_two_who_press_at_once_the_second_is_told(talk: Talk) -> None:
    talk.send()
    transcripts.take_over(talk.conversation, ANA)
    assert transcripts.take_over(talk.conversation, ANA) == (None, [])
    with pytest.raises(BadRequest, match="Ana Rojas has"):
        transcripts.take_over(talk.conversation, BEN)
    with pytest.raises(BadRequest):
        answer(talk, staff=BEN)
    change, _ = transcripts.take_over(talk.conversation, BEN, known=ANA.id)
    assert change and [entry.text for entry in change.entries] == ["Ana Rojas left", "Ben joined"]
    with pytest.raises(BadRequest):
        answer(talk, staff=ANA)
    assert transcripts.hand_back(talk.conversation, ANA, "here") is None
    assert transcripts.holder(talk.conversation).staff == BEN


def test_an_answer_that_is_sent_again_is_stored_once(taken: Talk) -> None:
    name = new_id()
    first = transcripts.store_answer(taken.conversation, ANA, name, "Hello!")
    again = transcripts.store_answer(taken.conversation, ANA, name, "Hello!")
    assert (again.entry, again.change) == (first.entry, None)
    assert len(taken.rows) == 5


def test_what_nobody_has_answered_is_the_agents(taken: Talk) -> None:
    taken.send("one")
    answer(taken, "One moment.")
    taken.send("two")
    taken.send("three")
    change = transcripts.hand_back(taken.conversation, ANA, "here")
    assert change and change.job
    assert change.job.text == "two\n\nthree"
    assert (change.job.entry.seq, change.job.asked_seq) == (10, 7)
    assert taken.rows[-1].status == Status.STREAMING
    assert taken.told()[-2][1:3] == ("event", "Ana Rojas left")
    said = transcripts.history(taken.conversation, change.job.asked_seq)
    assert [(role, text) for role, text, _ in said][1:] == [
        ("user", "hi"),
        ("assistant", "Yes."),
        ("user", "one"),
        ("assistant", "One moment."),
    ]
    # Where its process dies before it has asked, another one asks the same.
    Message.objects.filter(pk=change.job.entry.id).update(status=Status.PENDING, owner="")
    [again] = transcripts.reap("there", [])
    assert again.job and (again.job.text, again.job.asked_seq) == ("two\n\nthree", 7)


def test_what_is_answered_stays_so(taken: Talk) -> None:
    taken.send("one")
    answer(taken)
    change = transcripts.hand_back(taken.conversation, ANA, "here")
    assert change and change.job is None
    assert taken.told()[-1][1] == "event"
    sent = taken.send("two")
    assert sent.change and sent.change.job and sent.change.job.text == "two"


def test_a_question_whose_answer_was_ended_by_who_came_is_still_one(talk: Talk) -> None:
    talk.finish(talk.begun("hi"), text="Yes.")
    talk.send("one")
    talk.send("two")
    transcripts.take_over(talk.conversation, ANA)
    running = talk.rows[4]
    assert running.status == Status.STREAMING
    change = transcripts.hand_back(talk.conversation, ANA, "here")
    # Not before the reply that runs has ended.
    assert change and change.job is None
    assert talk.rows[-1].status == Status.PENDING


def test_the_agent_has_it_again_after_the_widgets_minutes(taken: Talk) -> None:
    taken.send("Hello?")
    assert transcripts.resume_forsaken("here") == []
    long_ago = timezone.now() - timedelta(minutes=10, seconds=1)
    Handover.objects.update(active_at=long_ago)
    assert transcripts.keep_active(taken.conversation, ANA)  # they are writing
    assert transcripts.resume_forsaken("here") == []
    Handover.objects.update(active_at=long_ago)
    [change] = transcripts.resume_forsaken("here")
    assert change.job and change.job.text == "Hello?"
    assert transcripts.resume_forsaken("there") == []
    assert not taken.row.with_person
    assert not transcripts.keep_active(taken.conversation, ANA)
    taken.widget.desk = {"resume_minutes": 30}
    taken.widget.save()
    transcripts.take_over(taken.conversation, ANA)
    Handover.objects.update(active_at=long_ago)
    assert transcripts.resume_forsaken("here") == []


def test_a_visitor_asks_for_a_person(talk: Talk) -> None:
    Widget.objects.filter(pk=talk.widget.pk).update(desk={"offer_person": True})
    change = transcripts.ask_for_person(talk.message())
    assert change and [entry.event for entry in change.entries] == ["", "asked"]
    assert revisions(change) == [1, 2]
    assert transcripts.ask_for_person(talk.message()) is None
    assert transcripts.holder(talk.conversation) == transcripts.Holder(None, asked=True)
    sent = talk.send("hi")  # the agent goes on meanwhile
    assert sent.change and sent.change.job and sent.change.job.text == "hi"
    transcripts.take_over(talk.conversation, ANA)
    assert transcripts.holder(talk.conversation) == transcripts.Holder(ANA, asked=False)


def test_out_of_hours_the_visitor_reads_that_nobody_is_there(talk: Talk) -> None:
    now = datetime.now(UTC)
    tomorrow = (now + timedelta(days=1)).strftime("%a")
    desk = {"offer_person": True, "hours": [f"{tomorrow} 12:00-12:01"], "away": "We are asleep."}
    Widget.objects.filter(pk=talk.widget.pk).update(desk=desk)
    change = transcripts.ask_for_person(talk.message())
    assert change
    assert (change.entries[-1].event, change.entries[-1].text) == ("away", "We are asleep.")


def test_a_widget_that_offers_no_person_has_none(talk: Talk) -> None:
    with pytest.raises(BadRequest):
        transcripts.ask_for_person(talk.message())
    assert not talk.rows


@pytest.mark.parametrize(
    ("line", "open_at", "closed_at"),
    [
        ("Mon-Fri 09:00-17:30", "2026-03-16T17:29", "2026-03-16T17:30"),
        ("Mon-Fri 09:00-17:30", "2026-03-20T09:00", "2026-03-21T09:00"),
        ("fri-mon 20:00-02:00", "2026-03-17T01:59", "2026-03-17T20:00"),  # over the weekend
        ("sat 00:00-24:00", "2026-03-21T23:59", "2026-03-22T00:00"),
    ],
)
def test_office_hours(line: str, open_at: str, closed_at: str) -> None:
    desk = Desk(hours=[line])
    assert is_open(desk, datetime.fromisoformat(open_at + "Z"))
    assert not is_open(desk, datetime.fromisoformat(closed_at + "Z"))


def test_office_hours_are_those_of_the_zone() -> None:
    desk = Desk(hours=["mon-sun 09:00-10:00"], zone="America/Santiago")
    assert is_open(desk, datetime(2026, 1, 5, 12, 30, tzinfo=UTC))  # summer there
    assert is_open(desk, datetime(2026, 7, 6, 13, 30, tzinfo=UTC))


def test_how_far_staff_have_read(taken: Talk) -> None:
    for seq in (3, 5, 4):
        transcripts.record_glance(taken.conversation, seq)
    assert Glance.objects.get().seq == 5
    transcripts.record_glance(UUID(int=1), 1)  # erased meanwhile
    assert Glance.objects.count() == 1


def test_all_of_it_is_erased_with_the_conversation(taken: Talk) -> None:
    transcripts.record_glance(taken.conversation, 3)
    erase_widget(taken.widget)
    assert not (Handover.objects.exists() or Glance.objects.exists() or Message.objects.exists())
    with pytest.raises(ConversationGone):
        answer(taken)


def test_what_is_done_stays_so_when_its_person_leaves(taken: Talk) -> None:
    taken.send("Thank you!")
    Conversation.objects.filter(pk=taken.conversation).update(done_seq=taken.row.last_seq)
    change = transcripts.hand_back(taken.conversation, ANA, "here")
    assert change and change.job is None
    assert taken.told()[-1][1] == "event"
    assert taken.row.done_seq == taken.row.last_seq


def test_it_is_in_both_exports(taken: Talk) -> None:
    answer(taken, "I am a person.")
    [row] = export.read(export.select())
    event, said = row["messages"][-2:]
    assert (event["role"], event["event"], event["author"]) == (
        "event",
        "joined",
        {"name": "Ana Rojas"},
    )
    assert (said["role"], said["author"]) == ("operator", {"name": "Ana Rojas"})
    assert "author" not in row["messages"][0]
    header, *lines = csv.reader("".join(csv_table.as_csv(read_chats(export.select()))).splitlines())
    last = dict(zip(header, lines[-1], strict=True))
    assert [last[name] for name in ("role", "author", "event", "text")] == [
        *("operator", "Ana Rojas", "", "I am a person."),
    ]


def test_code_is_told_of_it(talk: Talk, django_capture_on_commit_callbacks: Any) -> None:
    told: list[tuple[str, str]] = []

    def listen(sender: type, **values: Any) -> None:
        told.append((values["to"], values["by"]))

    signals.handover.connect(listen)
    try:
        talk.finish(talk.begun("hi"), text="Yes.")
        with django_capture_on_commit_callbacks(execute=True):
            transcripts.take_over(talk.conversation, ANA)
            transcripts.hand_back(talk.conversation, ANA, "here")
    finally:
        signals.handover.disconnect(listen)
    assert told == [("person", "Ana Rojas"), ("agent", "Ana Rojas")]
