"""What is stored for whom, in the transaction of what it is about."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import transaction

from chatwidget import transcripts
from chatwidget.models import Event, Message, Notice, Status, Visitor, Webhook
from chatwidget.transcripts import VisitorDetails, budgets, erasure
from chatwidget.transcripts.notices import record
from chatwidget.widgets.validation import store_budgets
from tests.stored import a_widget
from tests.transcripts.talks import Talk, expire

pytestmark = pytest.mark.django_db


def a_hook(**fields: Any) -> Webhook:
    hook = Webhook(url="https://hooks.example/chat", **fields)
    hook.make_secret()
    hook.save()
    return hook


def told() -> list[dict[str, Any]]:
    return [json.loads(notice.body) for notice in Notice.objects.order_by("id")]


def events() -> list[str]:
    return [each["type"] for each in told()]


@pytest.fixture
def talk(db: None) -> Talk:
    return Talk(a_widget())


def test_nobody_is_told_of_nothing(talk: Talk) -> None:
    talk.finish(talk.begun(), Status.FAILED, error_code="provider_rejected")
    assert not Notice.objects.exists()


def test_a_conversation_begins_once(talk: Talk) -> None:
    a_hook()
    job = talk.begun("Where is my parcel?")
    talk.finish(job)
    talk.begun("And when?")
    [first] = told()
    assert first["type"] == "conversation.started"
    data = first["data"]
    assert data["widget"] == "shop"
    assert data["conversation"]["id"] == str(talk.conversation)
    assert data["visitor"]["id"] == str(talk.visitor)
    assert (data["message"]["text"], data["message"]["role"]) == ("Where is my parcel?", "user")
    notice = Notice.objects.get()
    assert notice.due_at is not None and notice.delivered_at is None


def test_what_happens_to_a_reply(talk: Talk) -> None:
    a_hook(events=["reply.failed", "reply.rated"])
    job = talk.begun()
    talk.finish(job, Status.FAILED, error_code="provider_rejected", error_cause="HTTP 400")
    transcripts.rate(talk.conversation, job.entry.id, -1, "No answer")
    failed, rated = told()
    assert failed["data"]["message"]["error"] == {"code": "provider_rejected", "cause": "HTTP 400"}
    assert rated["data"]["message"]["rating"] == -1
    assert rated["data"]["message"]["rating_comment"] == "No answer"


def test_a_reply_whose_process_died_has_failed(talk: Talk) -> None:
    a_hook(events=["reply.failed"])
    talk.begun()
    expire(talk)
    transcripts.reap("elsewhere", set())
    assert [each["data"]["message"]["status"] for each in told()] == ["interrupted"]


def test_an_end_and_an_address(talk: Talk) -> None:
    a_hook(events=["conversation.ended", "visitor.email_given"])
    talk.finish(talk.begun())
    transcripts.update_visitor(talk.visitor, VisitorDetails(email="ada@example.com"))
    transcripts.update_visitor(talk.visitor, VisitorDetails(email="ada@example.com"))
    ended = transcripts.end_conversation(talk.conversation)
    transcripts.end_conversation(talk.conversation)
    assert events() == ["visitor.email_given", "conversation.ended"]
    assert told()[0]["data"]["visitor"]["email"] == "ada@example.com"
    assert ended is not None


def test_a_budget(talk: Talk) -> None:
    a_hook(events=["budget.warning"])
    widget = a_widget("small", budgets=store_budgets({"daily_messages": 5}))
    for _ in range(5):
        with transaction.atomic():
            budgets.consume_message(widget, 1, runs=False)
    data = {"widget": "small", "budget": "daily_messages", "limit": 5}
    assert [each["data"] for each in told()] == [{**data, "used": 4}, {**data, "used": 5}]


def test_each_receiver_by_its_widget_and_its_events(talk: Talk) -> None:
    other = a_widget("other")
    all_of_all, all_of_shop = a_hook(), a_hook(widget=talk.widget)
    a_hook(widget=other)
    a_hook(events=["reply.rated"])
    a_hook(active=False)
    talk.begun()
    assert set(Notice.objects.values_list("webhook", flat=True)) == {all_of_all.pk, all_of_shop.pk}


def test_what_is_rolled_back_is_not_told(talk: Talk) -> None:
    a_hook()
    talk.begun()
    before = events()
    with pytest.raises(RuntimeError), transaction.atomic():
        record(Event.CONVERSATION_ENDED, talk.widget.pk, conversation=talk.conversation)
        raise RuntimeError
    assert events() == before


def test_what_is_erased_takes_its_notices_with_it(talk: Talk) -> None:
    a_hook()
    talk.finish(talk.begun())
    other = Talk(talk.widget)
    other.begun()
    transcripts.update_visitor(talk.visitor, VisitorDetails(email="ada@example.com"))
    assert Notice.objects.count() == 3
    erasure.forget(Visitor.objects.filter(pk=talk.visitor))
    assert [each["data"]["visitor"]["id"] for each in told()] == [str(other.visitor)]
    assert Message.objects.count() == 3
