"""Stops, retries and ratings, and what is known of a visitor."""

from __future__ import annotations

import pytest

from chatwidget import transcripts
from chatwidget.errors import BadRequest
from chatwidget.models import Message, Status, Visitor, new_id
from chatwidget.transcripts import (
    Change,
    ConversationGone,
    VisitorDetails,
)
from tests.transcripts.talks import Talk


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
    rated = transcripts.rate(talk.conversation, job.entry.id, -1, "why")
    assert rated
    [entry] = rated.entries
    for same in ("why", None):
        assert transcripts.rate(talk.conversation, job.entry.id, -1, same) is None
    assert (entry.rating, talk.rows[2].rating_comment) == (-1, "why")
    transcripts.rate(talk.conversation, job.entry.id, 1, None)
    assert talk.rows[2].rating_comment == "why"
    transcripts.rate(talk.conversation, job.entry.id, 0, None)
    assert (talk.rows[2].rating, talk.rows[2].rating_comment) == (0, "")
    for name in (new_id(), talk.rows[1].pk):
        with pytest.raises(BadRequest):
            transcripts.rate(talk.conversation, name, 1, None)


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
