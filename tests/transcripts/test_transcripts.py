"""The transcript: what is stored together, in which order, and what happens twice only once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError
from django.utils import timezone

from chatwidget import transcripts
from chatwidget.errors import BadRequest, TooManyPending
from chatwidget.models import Conversation, Message, Role, Status, Visitor, Widget, new_id
from chatwidget.protocol import HISTORY_PAGE, PAGE_BYTES
from chatwidget.transcripts import (
    Change,
    Checkpoint,
    ConversationGone,
    Entry,
    Job,
    NewConversation,
    NewMessage,
    Outcome,
    StoredMessage,
    VisitorDetails,
)
from tests.stored import a_widget

pytestmark = pytest.mark.django_db

GREETING = Entry(new_id(), 1, Role.ASSISTANT, "Hello!", Status.COMPLETE, timezone.now())


class Talk:
    """One visitor's conversation, and the process that answers it."""

    def __init__(self, widget: Widget, owner: str = "here") -> None:
        self.widget, self.owner = widget, owner
        self.visitor, self.conversation = new_id(), new_id()

    def send(
        self,
        text: str = "hi",
        client_id: UUID | None = None,
        *,
        opening: bool = True,
        **details: Any,
    ) -> StoredMessage:
        message = NewMessage(
            self.widget,
            self.visitor,
            self.conversation,
            client_id or new_id(),
            text,
            VisitorDetails(**details),
            NewConversation(greeting=replace(GREETING, id=new_id())) if opening else None,
        )
        return transcripts.store_message(message, self.owner)

    def change(self, text: str = "hi", **options: Any) -> Change:
        """What a message changes that was not sent before."""
        change = self.send(text, **options).change
        assert change
        return change

    def begun(self, text: str = "hi") -> Job:
        job = self.change(text).job
        assert job
        return job

    def waiting(self, text: str) -> Entry:
        """The reply to a message that waits its turn."""
        change = self.change(text)
        assert change.job is None
        return change.entries[1]

    def finish(self, job: Job, status: Status = Status.COMPLETE, **outcome: Any) -> Change:
        outcome.setdefault("text", "answer")
        ended = transcripts.finish(job, self.owner, Outcome(status, **outcome), self.owner)
        assert ended
        return ended

    @property
    def rows(self) -> list[Message]:
        return list(Message.objects.filter(conversation=self.conversation).order_by("seq"))

    @property
    def row(self) -> Conversation:
        return Conversation.objects.get(pk=self.conversation)

    def told(self) -> list[tuple[int, str, str, str]]:
        return [(row.seq, row.role, row.text, row.status) for row in self.rows]


@pytest.fixture
def talk() -> Iterator[Talk]:
    yield Talk(a_widget(agent="a1"))


# --- accept -------------------------------------------------------------------------------------


def test_the_first_message_makes_the_conversation(talk: Talk) -> None:
    accepted = talk.send("hi", page_url="https://a.example/", name="Ada", consent="2")
    change = accepted.change
    assert change
    assert talk.told() == [
        (1, "assistant", "Hello!", "complete"),
        (2, "user", "hi", "complete"),
        (3, "assistant", "", "streaming"),
    ]
    assert accepted.conversation == talk.conversation
    assert [entry.revision for entry in change.entries] == [1, 2]
    assert [row.revision for row in talk.rows] == [1, 1, 2]
    assert talk.row.revision == 2
    assert accepted.entry == change.entries[0]
    assert accepted.entry.id == talk.rows[1].pk
    assert change.job and change.job.entry.id == talk.rows[2].pk
    assert (change.job.text, change.job.name) == ("hi", "Ada")
    assert talk.rows[2].owner == "here"
    assert talk.rows[2].lease_until and talk.rows[2].lease_until > timezone.now()
    visitor = Visitor.objects.get(pk=talk.visitor)
    assert (visitor.name, visitor.consent["version"]) == ("Ada", "2")
    assert talk.row.page_url == "https://a.example/"


def test_without_an_opening_there_must_be_one(talk: Talk) -> None:
    with pytest.raises(ConversationGone):
        talk.send(opening=False)
    assert not Conversation.objects.exists()
    assert not Visitor.objects.exists()


def test_somebody_elses_conversation_is_none(talk: Talk) -> None:
    talk.send()
    thief = Talk(talk.widget)
    thief.conversation = talk.conversation
    with pytest.raises(ConversationGone):
        thief.send(opening=False)
    with pytest.raises(BadRequest):
        thief.send()
    assert len(talk.rows) == 3
    assert not Visitor.objects.filter(pk=thief.visitor).exists()


def test_a_send_is_stored_once(talk: Talk) -> None:
    client_id = new_id()
    first = talk.send("once", client_id)
    again = talk.send("twice", client_id)
    assert first.change and not again.change
    assert (again.entry, again.conversation) == (first.entry, first.conversation)
    talk.conversation = new_id()  # the visitor began a new conversation meanwhile
    elsewhere = talk.send("thrice", client_id)
    assert elsewhere.conversation == first.conversation
    assert not Conversation.objects.filter(pk=talk.conversation).exists()
    assert transcripts.accepted_before(talk.visitor, client_id) == again
    assert transcripts.accepted_before(new_id(), client_id) is None
    assert Message.objects.filter(role="user").count() == 1


def test_messages_are_in_the_order_they_were_stored(talk: Talk) -> None:
    for text in "abc":
        talk.send(text)
    assert [row.seq for row in talk.rows] == [1, 2, 3, 4, 5, 6, 7]
    assert [row.text for row in talk.rows if row.role == "user"] == ["a", "b", "c"]
    assert [row.status for row in talk.rows[2::2]] == ["streaming", "pending", "pending"]
    assert talk.row.last_seq == 7
    with pytest.raises(IntegrityError):
        Message.objects.filter(seq=4).update(seq=5)


def test_at_most_five_wait(talk: Talk) -> None:
    first = new_id()
    talk.send("runs", first)
    for number in range(5):
        assert talk.waiting(str(number)).status == "pending"
    with pytest.raises(TooManyPending):
        talk.send("too many")
    assert talk.send("again", first).change is None
    assert len(talk.rows) == 13


def test_while_nobody_answers_it_waits(talk: Talk) -> None:
    """A process that drains accepts, and leaves the reply to another one."""
    talk.owner = ""
    assert talk.waiting("hi").status == "pending"


def test_a_platforms_session_belongs_to_its_configuration(talk: Talk) -> None:
    job = talk.begun()
    fingerprint = transcripts.fingerprint(talk.widget)
    talk.finish(job, session="s1", session_config=fingerprint)
    job = talk.begun()
    assert job.session == "s1"
    talk.finish(job)
    assert talk.row.provider_session == "s1"
    talk.widget.agent = "a2"
    talk.widget.save()
    assert talk.begun().session == ""


# --- its end ------------------------------------------------------------------------------------


def test_the_end_of_a_reply_begins_the_next_one(talk: Talk) -> None:
    job = talk.begun("one")
    talk.send("two")
    ended = talk.finish(job, text="1", ui={"type": "x"}, first_chunk_ms=3, total_ms=9)
    entry, following = ended.entries
    assert (entry.text, entry.status, entry.ui) == ("1", "complete", {"type": "x"})
    assert ended.job and ended.job.text == "two"
    assert ended.job.entry == following
    assert following.status == "streaming"
    row = talk.rows[2]
    assert (row.status, row.owner, row.lease_until) == ("complete", "", None)
    assert (row.first_chunk_ms, row.total_ms) == (3, 9)
    assert talk.finish(ended.job).job is None


def test_an_end_is_stored_by_its_owner_alone(talk: Talk) -> None:
    job = talk.begun()
    for owner, wrong in (
        ("there", job),
        ("here", replace(job, entry=replace(job.entry, attempt=2))),
    ):
        assert transcripts.finish(wrong, owner, Outcome(Status.COMPLETE, "x"), owner) is None
    talk.finish(job, text="mine")
    assert transcripts.finish(job, "here", Outcome(Status.FAILED, "late"), "here") is None
    assert talk.rows[2].text == "mine"


def test_the_end_of_an_erased_reply_is_nobodys(talk: Talk) -> None:
    job = talk.begun()
    talk.row.delete()
    assert transcripts.finish(job, "here", Outcome(Status.COMPLETE, "x"), "here") is None
    assert not Message.objects.exists()


def test_every_change_adds_to_the_revision(talk: Talk) -> None:
    changes = [talk.change()]
    job = changes[0].job
    assert job
    changes.append(talk.finish(job))
    changes.append(transcripts.rate(talk.conversation, job.entry.id, 1, None))
    retried = transcripts.retry(talk.conversation, job.entry.id, 1, "here", True)
    assert retried
    changes.append(retried)
    revisions = [entry.revision for change in changes for entry in change.entries]
    assert revisions == [1, 2, 3, 4, 5]
    assert [row.revision for row in talk.rows] == [1, 1, 5]
    assert transcripts.revisions([talk.conversation, new_id()]) == {talk.conversation: 5}


# --- checkpoints and orphans --------------------------------------------------------------------


def a_checkpoint(job: Job, text: str, **fields: Any) -> Checkpoint:
    return Checkpoint(
        job.entry.id,
        job.conversation,
        job.entry.attempt,
        text,
        **{"session": "", "session_config": "", **fields},
    )


def test_a_checkpoint_stores_the_text_and_renews_the_lease(talk: Talk) -> None:
    job = talk.begun()
    Message.objects.filter(pk=job.entry.id).update(lease_until=timezone.now())
    alive = transcripts.checkpoint(
        "here", [job.entry.id], [a_checkpoint(job, "so far 🙂", session="s1", session_config="c")]
    )
    assert alive == {job.entry.id: (1, False)}
    row = talk.rows[2]
    assert (row.text, row.status) == ("so far 🙂", "streaming")
    assert row.lease_until and row.lease_until > timezone.now()
    assert talk.row.provider_session == "s1"
    assert transcripts.request_stop(talk.conversation, job.entry.id) == replace(
        job.entry, text="so far 🙂"
    )
    assert transcripts.checkpoint("here", [job.entry.id], []) == {job.entry.id: (1, True)}


def test_a_checkpoint_tells_what_is_ones_own_no_more(talk: Talk) -> None:
    job = talk.begun()
    assert transcripts.checkpoint("there", [job.entry.id], [a_checkpoint(job, "theirs")]) == {}
    assert talk.rows[2].text == ""
    talk.row.delete()
    assert transcripts.checkpoint("here", [job.entry.id], [a_checkpoint(job, "x")]) == {}
    assert not Message.objects.exists()


def expire(talk: Talk) -> None:
    Message.objects.filter(status=Status.STREAMING).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


def test_an_orphan_is_interrupted_and_the_next_one_begins(talk: Talk) -> None:
    job = talk.begun()
    transcripts.checkpoint("here", [job.entry.id], [a_checkpoint(job, "half of")])
    talk.send("next")
    assert transcripts.reap("there", []) == []
    expire(talk)
    ended, begun = transcripts.reap("there", [])
    [entry] = ended.entries
    assert (entry.id, entry.status, entry.text) == (job.entry.id, "interrupted", "half of")
    assert entry.error_code == "interrupted"
    assert begun.job and (begun.job.text, begun.job.entry.owner) == ("next", "there")
    assert begun.entries == (begun.job.entry,)
    assert [row.revision for row in talk.rows] == [1, 1, 5, 3, 6]
    row = talk.rows[2]
    assert "here" in row.error_cause
    assert row.completed_at
    assert transcripts.finish(job, "here", Outcome(Status.COMPLETE, "late"), "here") is None
    assert transcripts.reap("elsewhere", []) == []


def test_only_what_runs_is_renewed(talk: Talk) -> None:
    job = talk.begun()
    expire(talk)
    assert transcripts.checkpoint("here", [], []) == {}
    assert list(transcripts.expired()) == [job.entry.id]
    transcripts.checkpoint("here", [job.entry.id], [])
    assert transcripts.expired() == {}


def test_a_claim_that_was_never_begun_is_claimed_afresh(talk: Talk) -> None:
    """Its process has stored it and then, in that moment, lost the socket or the database."""
    job = talk.begun()
    expire(talk)
    assert transcripts.reap("here", [job.entry.id]) == [], "it runs, and is only late"
    [change] = transcripts.reap("here", [])
    assert change.job == job
    assert transcripts.reap("there", []) == [], "its lease is renewed"


def test_only_suspects_are_given_up(talk: Talk) -> None:
    job = talk.begun()
    expire(talk)
    assert transcripts.reap("there", [], []) == []
    [ended] = transcripts.reap("there", [], [job.entry.id])
    assert ended.entries[0].status == "interrupted"


def test_what_nobody_began_is_begun(talk: Talk) -> None:
    talk.owner = ""
    talk.send("first")
    talk.send("second")
    [change] = transcripts.reap("there", [])
    job = change.job
    assert job and (job.text, job.entry.owner) == ("first", "there")
    assert transcripts.reap("elsewhere", []) == []


# --- stop, retry, rate --------------------------------------------------------------------------


def test_stop(talk: Talk) -> None:
    job = talk.begun()
    waiting = talk.waiting("two")
    stopped = transcripts.request_stop(talk.conversation, waiting.id)
    assert isinstance(stopped, Change)
    [entry] = stopped.entries
    assert (entry.status, entry.revision) == ("stopped", talk.row.revision)
    assert transcripts.request_stop(talk.conversation, waiting.id) == entry
    assert transcripts.request_stop(talk.conversation, job.entry.id) == job.entry
    assert Message.objects.get(pk=job.entry.id).stop_requested
    assert talk.finish(job).job is None  # the stopped one is not begun
    for name in (new_id(), talk.rows[1].pk):
        with pytest.raises(BadRequest):
            transcripts.request_stop(talk.conversation, name)
    with pytest.raises(ConversationGone):
        transcripts.request_stop(new_id(), waiting.id)


@pytest.mark.parametrize(
    ("status", "rewind", "again"),
    [
        (Status.FAILED, False, True),
        (Status.INTERRUPTED, False, True),
        (Status.STOPPED, False, True),
        (Status.COMPLETE, False, False),
        (Status.COMPLETE, True, True),
    ],
)
def test_what_may_be_retried(talk: Talk, status: Status, rewind: bool, again: bool) -> None:
    job = talk.begun("said")
    talk.finish(
        job,
        status,
        error_code="x",
        error_cause="y",
        retry_after=3.0,
        ui={"a": 1},
        metadata={"b": 2},
    )
    transcripts.rate(talk.conversation, job.entry.id, -1, "bad")
    if not again:
        with pytest.raises(BadRequest):
            transcripts.retry(talk.conversation, job.entry.id, None, "here", rewind)
        assert talk.rows[2].text == "answer"
        return
    result = transcripts.retry(talk.conversation, job.entry.id, 1, "here", rewind)
    assert result
    [entry] = result.entries
    assert result.job and (result.job.text, result.job.entry) == ("said", entry)
    assert (entry.id, entry.seq, entry.attempt, entry.text) == (job.entry.id, 3, 2, "")
    row = talk.rows[2]
    assert (row.status, row.owner, row.error_code, row.error_cause) == ("streaming", "here", "", "")
    assert (row.ui, row.metadata, row.rating, row.rating_comment) == (None, {}, 0, "")
    assert (row.retry_after, row.first_chunk_ms, row.completed_at) == (None, None, None)


def test_a_stale_attempt_is_ignored(talk: Talk) -> None:
    job = talk.begun()
    talk.finish(job, Status.FAILED)
    assert transcripts.retry(talk.conversation, job.entry.id, 2, "here", False) is None
    assert transcripts.retry(talk.conversation, job.entry.id, 1, "here", False)
    assert transcripts.retry(talk.conversation, job.entry.id, 1, "here", False) is None
    with pytest.raises(BadRequest):
        transcripts.retry(talk.conversation, job.entry.id, None, "here", True)  # it runs


def test_only_the_last_reply_is_retried(talk: Talk) -> None:
    job = talk.begun()
    talk.finish(job, Status.FAILED)
    later = talk.begun("later")
    for name in (job.entry.id, talk.rows[0].pk, talk.rows[1].pk, new_id()):
        with pytest.raises(BadRequest):
            transcripts.retry(talk.conversation, name, None, "here", True)
    talk.finish(later, Status.FAILED)
    with pytest.raises(BadRequest):
        transcripts.retry(talk.conversation, job.entry.id, 1, "here", True)
    assert transcripts.retry(talk.conversation, later.entry.id, 1, "here", False)


def test_a_retry_waits_its_turn(talk: Talk) -> None:
    job = talk.begun("one")
    waiting = talk.waiting("two")
    transcripts.request_stop(talk.conversation, waiting.id)
    result = transcripts.retry(talk.conversation, waiting.id, 1, "here", False)
    assert result and result.job is None
    assert result.entries[0].status == "pending"
    following = talk.finish(job).job
    assert following and (following.text, following.entry.attempt) == ("two", 2)


def test_ratings(talk: Talk) -> None:
    job = talk.begun()
    with pytest.raises(BadRequest):
        transcripts.rate(talk.conversation, job.entry.id, 1, None)
    talk.finish(job)
    [entry] = transcripts.rate(talk.conversation, job.entry.id, -1, "why").entries
    assert (entry.rating, talk.rows[2].rating_comment) == (-1, "why")
    transcripts.rate(talk.conversation, job.entry.id, 1, None)
    assert talk.rows[2].rating_comment == "why"
    transcripts.rate(talk.conversation, job.entry.id, 0, None)
    assert (talk.rows[2].rating, talk.rows[2].rating_comment) == (0, "")
    for name in (new_id(), talk.rows[1].pk):
        with pytest.raises(BadRequest):
            transcripts.rate(talk.conversation, name, 1, None)


# --- reading ------------------------------------------------------------------------------------


def test_a_snapshot_is_the_visitors_own(talk: Talk) -> None:
    assert transcripts.latest(talk.visitor) is None
    talk.send()
    assert transcripts.snapshot(talk.conversation, new_id()) is None
    assert transcripts.snapshot(new_id(), talk.visitor) is None
    snapshot = transcripts.snapshot(talk.conversation, talk.visitor)
    assert snapshot and [entry.seq for entry in snapshot.entries] == [1, 2, 3]
    assert (snapshot.more, snapshot.revision) == (False, 2)
    assert transcripts.latest(talk.visitor) == talk.conversation


def test_what_has_changed_since_a_revision(talk: Talk) -> None:
    job = talk.begun()
    conversation, reply = talk.conversation, job.entry.id

    def since(revision: int) -> list[tuple[int, Status, int]]:
        found = transcripts.changes_since(conversation, revision)
        assert found and not found.more
        assert (found.conversation, found.revision) == (conversation, talk.row.revision)
        return [(entry.seq, entry.status, entry.revision) for entry in found.entries]

    assert since(0) == [(1, "complete", 1), (2, "complete", 1), (3, "streaming", 2)]
    assert since(1) == [(3, "streaming", 2)]
    assert since(2) == []
    transcripts.checkpoint("here", [reply], [a_checkpoint(job, "text that grows is no change")])
    assert since(2) == []
    talk.finish(job)
    transcripts.rate(conversation, reply, 1, None)
    assert since(2) == since(3) == [(3, "complete", 4)]
    ended = transcripts.end_conversation(conversation)
    found = transcripts.changes_since(conversation, 4)
    assert found and (found.revision, found.ended, found.entries) == (5, ended, [])
    talk.row.delete()
    assert transcripts.changes_since(conversation, 5) is None


def test_many_changes_come_by_pages(talk: Talk) -> None:
    """Each leads to a revision from which the next one goes on."""
    for _ in range(40):
        talk.finish(talk.begun())
    revision, seen, pages = 0, [], 0
    while True:
        found = transcripts.changes_since(talk.conversation, revision)
        assert found and len(found.entries) <= HISTORY_PAGE
        seen += [entry.seq for entry in found.entries]
        revision, pages = found.revision, pages + 1
        if not found.more:
            break
    assert (revision, pages) == (talk.row.revision, 2)
    assert sorted(seen) == list(range(1, 82))


def test_pages_of_history(talk: Talk) -> None:
    for _ in range(40):
        talk.finish(talk.begun())
    snapshot = transcripts.snapshot(talk.conversation, talk.visitor)
    assert snapshot and snapshot.more
    assert len(snapshot.entries) == HISTORY_PAGE
    older, more = transcripts.older(talk.conversation, snapshot.entries[0].id)
    assert not more
    assert [entry.seq for entry in older + snapshot.entries] == list(range(1, 82))
    assert transcripts.older(talk.conversation, older[0].id) == ([], False)
    with pytest.raises(BadRequest):
        transcripts.older(talk.conversation, new_id())
    with pytest.raises(BadRequest):
        transcripts.older(new_id(), older[0].id)


def test_a_page_is_bounded_in_bytes(talk: Talk) -> None:
    for letter in ("x", "🙂", "\x01"):
        talk.finish(talk.begun(), text=letter * 100_000)
    talk.finish(talk.begun(), text="x", ui={"big": "x" * 300_000})
    before, pages = None, []
    while True:
        if before is None:
            snapshot = transcripts.snapshot(talk.conversation, talk.visitor)
            assert snapshot
            entries, more = snapshot.entries, snapshot.more
        else:
            entries, more = transcripts.older(talk.conversation, before)
        pages.append(entries)
        before = entries[0].id
        if not more:
            break
    assert len(pages) > 1
    assert [entry.seq for page in reversed(pages) for entry in page] == list(range(1, 10))
    for page in pages:
        size = sum(len(entry.text.encode()) + len(str(entry.ui)) for entry in page)
        assert len(page) == 1 or size < PAGE_BYTES


def test_what_was_said_before(talk: Talk) -> None:
    """Of a reply that failed the platform is told nothing; of one that was stopped, its text."""
    for status, text in (
        (Status.COMPLETE, "1"),
        (Status.FAILED, "half"),
        (Status.STOPPED, "st"),
        (Status.STOPPED, ""),
    ):
        talk.finish(talk.begun(f"to be {status.value}"), status, text=text)
    job = talk.begun("now")
    assert transcripts.history(talk.conversation, job.entry.seq - 1) == [
        ("assistant", "Hello!", 1),
        ("user", "to be complete", 2),
        ("assistant", "1", 3),
        ("user", "to be failed", 4),
        ("user", "to be stopped", 6),
        ("assistant", "st", 7),
        ("user", "to be stopped", 8),
    ]


def test_what_is_known_of_a_visitor(talk: Talk) -> None:
    transcripts.update_visitor(talk.visitor, VisitorDetails(name="Ada"))
    assert not Visitor.objects.exists()
    talk.send(name="Ada", email="a@example.com", consent="1")
    transcripts.update_visitor(talk.visitor, VisitorDetails(name="Ada L."))
    visitor = Visitor.objects.get(pk=talk.visitor)
    assert (visitor.name, visitor.email) == ("Ada L.", "a@example.com")
    at = visitor.consent["at"]
    transcripts.update_visitor(talk.visitor, VisitorDetails(consent="1"))
    assert Visitor.objects.get(pk=talk.visitor).consent["at"] == at
    transcripts.record_page(talk.conversation, "https://b.example/", "B")
    assert (talk.row.page_url, talk.row.page_title) == ("https://b.example/", "B")
    transcripts.end_conversation(talk.conversation)
    assert talk.row.ended_at
    talk.send("back again")
    assert talk.row.ended_at is None
