"""The end of a reply, its checkpoints, and the orphans of a process that died."""

from __future__ import annotations

from dataclasses import replace

from django.utils import timezone

from chatwidget import transcripts
from chatwidget.models import Message, Status, new_id
from chatwidget.transcripts import (
    Outcome,
)
from tests.transcripts.talks import Talk, a_checkpoint, expire


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
    rated = transcripts.rate(talk.conversation, job.entry.id, 1, None)
    assert rated
    changes.append(rated)
    retried = transcripts.retry(talk.conversation, job.entry.id, 1, "here", True)
    assert retried
    changes.append(retried)
    revisions = [entry.revision for change in changes for entry in change.entries]
    assert revisions == [1, 2, 3, 4, 5]
    assert [row.revision for row in talk.rows] == [1, 1, 5]
    assert transcripts.revisions([talk.conversation, new_id()]) == {talk.conversation: 5}


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
