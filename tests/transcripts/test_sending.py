"""A send: what is stored together, in which order, and what happens twice only once."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from django.utils import timezone

from chatwidget import transcripts
from chatwidget.errors import TooManyPending
from chatwidget.models import Conversation, Message, Visitor, new_id
from chatwidget.transcripts import (
    ConversationGone,
)
from tests.transcripts.talks import Talk


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
    for opening in (False, True):
        with pytest.raises(ConversationGone):
            thief.send(opening=opening)
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
