"""Signals for Django code, and the hook that sees messages first; docs/signals.md runs here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.dispatch import Signal
from pytest_django import Settings

from chatwidget import signals, transcripts
from chatwidget.errors import BadRequest, FrameError, MessageRefused
from chatwidget.models import Message, Role, Status, Visitor, Widget, new_id
from chatwidget.transcripts import VisitorDetails
from chatwidget.transcripts import hook as hook_module
from chatwidget.transcripts.hook import IncomingMessage
from tests.hook import UNSTORABLE, seen
from tests.running import ROOT
from tests.stored import a_widget
from tests.transcripts.talks import Talk, expire

pytestmark = pytest.mark.django_db

Committed = Callable[..., Any]
EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs/signals.md").read_text(), re.DOTALL)


@contextmanager
def heard(*of: Signal) -> Iterator[list[dict[str, Any]]]:
    told: list[dict[str, Any]] = []

    def note(sender: Any, signal: Signal, **values: Any) -> None:
        assert sender is Widget
        told.append(values)

    for signal in of:
        signal.connect(note)
    try:
        yield told
    finally:
        for signal in of:
            signal.disconnect(note)


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Committed) -> Committed:
    return lambda: django_capture_on_commit_callbacks(execute=True)


def test_a_conversation(talk: Talk, committed: Committed) -> None:
    with heard(signals.conversation_started, signals.message_accepted) as told, committed():
        first = talk.change("Where is my parcel?").entries[0]
        again = talk.change("Hello?").entries[0]
    ids = {"widget": "shop", "conversation": talk.conversation, "visitor": talk.visitor}
    assert told == [
        ids,
        {**ids, "message": first.id, "text": "Where is my parcel?"},
        {**ids, "message": again.id, "text": "Hello?"},
    ]


def test_the_same_message_again_is_no_other(talk: Talk, committed: Committed) -> None:
    name = new_id()
    with heard(signals.message_accepted) as told, committed():
        talk.send("hi", name)
        talk.send("hi", name)
    assert len(told) == 1


def test_replies(talk: Talk, committed: Committed) -> None:
    with heard(signals.reply_finished) as told, committed():
        talk.finish(talk.begun())
        talk.finish(talk.begun(), Status.FAILED, error_code="provider_timeout")
        talk.begun()
        expire(talk)
        transcripts.reap("elsewhere", set())
    assert [(each["status"], each["error"]) for each in told] == [
        ("complete", ""),
        ("failed", "provider_timeout"),
        ("interrupted", "interrupted"),
    ]
    assert told[0]["message"] == talk.rows[2].pk


def test_who_it_is(talk: Talk, committed: Committed) -> None:
    talk.begun()
    with heard(signals.visitor_identified) as told, committed():
        transcripts.update_visitor(talk.visitor, VisitorDetails(name="Ada"))
        transcripts.update_visitor(talk.visitor, VisitorDetails(email="ada@example.com"))
        transcripts.update_visitor(talk.visitor, VisitorDetails(email="ada@example.com"))
        vouched = Talk(talk.widget)
        vouched.send("hi", external_id="4711")
        vouched.send("hi", external_id="4711")
        both = Talk(talk.widget)
        both.send("hi", external_id="4712", email="bob@example.com", email_verified=True)
    assert [(each["name"], each["email"], each["external_id"]) for each in told] == [
        ("Ada", "ada@example.com", ""),
        ("", "", "4711"),
        ("", "bob@example.com", "4712"),
    ]


def test_who_signs_in(talk: Talk, committed: Committed) -> None:
    talk.begun()
    member = new_id()
    with heard(signals.visitor_identified) as told, committed():
        transcripts.join_visitors(
            talk.widget, talk.visitor, member, VisitorDetails(external_id="4711")
        )
    assert [(each["visitor"], each["external_id"]) for each in told] == [(member, "4711")]


def test_a_receiver_that_fails_stops_nobody(
    talk: Talk, committed: Committed, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**_: Any) -> None:
        raise RuntimeError("mine")

    signals.message_accepted.connect(fail)
    try:
        with committed():
            talk.begun()
    finally:
        signals.message_accepted.disconnect(fail)
    assert len(talk.rows) == 3
    assert "mine" in caplog.text


# --- the hook -------------------------------------------------------------------------------------


@pytest.fixture
def hooked(settings: Settings) -> None:
    seen.clear()
    settings.CHATWIDGET = {"MESSAGE_HOOK": "tests.hook.hook"}


@pytest.mark.usefixtures("hooked")
def test_it_adds_metadata(talk: Talk) -> None:
    talk.send("hello", page_url="https://shop.example/", name="Ada")
    talk.send("plain", opening=False)
    said = Message.objects.filter(role=Role.USER).order_by("seq")
    assert list(said.values_list("metadata", flat=True)) == [{"campaign": "spring"}, {}]
    first, second = seen
    assert (first.widget, first.is_first, first.name) == ("shop", True, "Ada")
    assert first.page_url == "https://shop.example/"
    assert (second.conversation, second.is_first) == (talk.conversation, False)


@pytest.mark.usefixtures("hooked")
@pytest.mark.parametrize("text", ["refuse", "fail", *UNSTORABLE])
def test_what_it_refuses_is_not_stored(
    talk: Talk, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(FrameError) as refused:
        talk.send(text)
    if text == "refuse":
        assert (refused.value.code, refused.value.detail) == (
            "message_refused",
            "Not here, please.",
        )
    else:
        assert isinstance(refused.value, BadRequest)
        assert "MESSAGE_HOOK" in caplog.text
    assert not Message.objects.exists() and not Visitor.objects.exists()


@pytest.mark.usefixtures("hooked")
def test_a_slow_one_is_logged(
    talk: Talk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk.send("hello")
    assert "MESSAGE_HOOK" not in caplog.text
    monkeypatch.setattr(hook_module, "SLOW_SECONDS", -1.0)
    talk.send("and more", opening=False)
    assert "MESSAGE_HOOK'] took 0.0 s" in caplog.text


@pytest.mark.usefixtures("hooked")
def test_a_message_is_asked_about_once(talk: Talk) -> None:
    name = new_id()
    talk.send("hello", name)
    talk.send("hello", name)
    assert len(seen) == 1


@pytest.mark.parametrize("path", ["nowhere.at.all", "tests.stored.NOON", "chatwidget.conf.none"])
def test_one_that_cannot_be_used_is_found(settings: Settings, path: str) -> None:
    settings.CHATWIDGET = {"MESSAGE_HOOK": path}
    with pytest.raises(SystemCheckError, match="MESSAGE_HOOK"):
        call_command("check")


# --- the documentation ----------------------------------------------------------------------------


def test_the_examples_run(talk: Talk, committed: Committed, settings: Settings) -> None:
    example, checking = (ModuleType(name) for name in ("example", "checking"))
    before = {id(signal): list(signal.receivers) for signal in (signals.conversation_started,)}
    exec(EXAMPLES[0], vars(example))
    try:
        with committed():
            talk.finish(talk.begun(), Status.FAILED, error_code="provider_timeout")
        assert example.failures == [("shop", "provider_timeout")]
    finally:
        signals.conversation_started.disconnect(example.note_the_page)
        signals.reply_finished.disconnect(example.note_failures)
    assert list(signals.conversation_started.receivers) == before[id(signals.conversation_started)]
    exec(EXAMPLES[1], vars(checking))
    page = "https://shop.example/?utm_campaign=spring"
    fine = IncomingMessage("shop", new_id(), new_id(), True, "Hello", "", "", "", page, "")
    assert checking.check(fine) == {"campaign": "spring"}
    card = replace(fine, text="4242 4242 4242 4242")
    with pytest.raises(MessageRefused):
        checking.check(card)


@pytest.fixture
def talk(db: None) -> Talk:
    return Talk(a_widget())
