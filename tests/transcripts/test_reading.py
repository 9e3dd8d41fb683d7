"""What is read: a snapshot, what has changed since, pages of history, what platforms are told."""

from __future__ import annotations

from typing import Any

import pytest

from chatwidget import transcripts
from chatwidget.errors import BadRequest
from chatwidget.models import Status, new_id
from chatwidget.protocol import HISTORY_PAGE, PAGE_BYTES
from tests.transcripts.talks import Talk, a_checkpoint


def test_a_snapshot_is_the_visitors_own(talk: Talk) -> None:
    assert transcripts.check_admission(talk.widget.pk, talk.visitor) is None
    talk.send()
    assert transcripts.snapshot(talk.conversation, new_id()) is None
    assert transcripts.snapshot(new_id(), talk.visitor) is None
    snapshot = transcripts.snapshot(talk.conversation, talk.visitor)
    assert snapshot and [entry.seq for entry in snapshot.entries] == [1, 2, 3]
    assert (snapshot.more, snapshot.revision) == (False, 2)
    assert transcripts.check_admission(talk.widget.pk, talk.visitor) == talk.conversation


def test_a_visitor_who_comes_back_costs_one_statement_and_their_conversation_another(
    talk: Talk, django_assert_num_queries: Any
) -> None:
    talk.send()
    with django_assert_num_queries(1):
        transcripts.check_admission(talk.widget.pk, talk.visitor)
    with django_assert_num_queries(2):
        assert transcripts.admitted(talk.widget.pk, talk.visitor, talk.conversation)


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
