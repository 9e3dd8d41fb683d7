"""Notices by mail: in the receiver's language, plain and as HTML, tried again as others are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from pytest_django import Settings

from chatwidget.db import run_in_db_thread
from chatwidget.models import Event, EventKind, Message, Notice, Role, Status, Visitor, Webhook
from chatwidget.notices import mail, queue
from chatwidget.transcripts.notices import record
from tests.hostile import TEXTS, same_elements
from tests.stored import a_conversation, a_widget

HTML = "<b>bold</b> & more"


class Failing(EmailBackend):
    """A mail server that does not take it."""

    def send_messages(self, *_: Any) -> int:
        raise ConnectionRefusedError("nobody\r\nthere")


def a_notice(language: str = "", url: str = "mailto:owner@example.com") -> Notice:
    widget = a_widget(title="The\nShop")
    visitor = Visitor.objects.create(widget=widget, name="Zoe\r\nBcc: all@example.com")
    failed = {"status": Status.FAILED, "error_code": "provider_timeout"}
    conversation = a_conversation(widget, HTML, "half a", visitor=visitor, reply=failed)
    Webhook.objects.create(url=url, language=language)
    message = conversation.messages.order_by("-seq")[0]
    record(Event.REPLY_FAILED, widget.pk, conversation=conversation.pk, message=message.pk)
    return Notice.objects.select_related("webhook", "widget").get()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "subject", "who"),
    [
        ("", "A reply failed: The", "visitor:"),
        ("de", "Eine Antwort ist fehlgeschlagen: The", "Besucher:"),
    ],
)
def test_what_it_says(language: str, subject: str, who: str) -> None:
    sent = mail.render(a_notice(language))
    assert sent.subject.startswith(subject)
    assert "\n" not in sent.subject and "\r" not in sent.subject
    assert sent.to == ["owner@example.com"]
    [(content, kind)] = sent.alternatives
    html = str(content)
    assert kind == "text/html"
    assert HTML in sent.body and who in sent.body and "provider_timeout" in sent.body
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; more" in html and "<b>bold" not in html
    assert set(sent.message().keys()) >= {"Message-ID", "Subject", "To"}
    assert sent.message()["Bcc"] is None


@pytest.mark.django_db
def test_of_who_is_unknown_it_names_nobody() -> None:
    notice = a_notice()
    body = json.loads(notice.body)
    for known in ({"name": "Zoe"}, {"email": "zoe@example.com"}, {}):
        notice.body = json.dumps({"data": {**body["data"], "visitor": {"id": "1", **known}}})
        sent = mail.render(notice)
        for text in (sent.body, str(sent.alternatives[0][0])):
            assert ("visitor: " in text) == bool(known)


@pytest.mark.django_db
@pytest.mark.parametrize("site", ["https://chat.example.com/admin/", ""])
def test_it_leads_to_the_conversation_where_the_admin_is_known(site: str) -> None:
    notice = a_notice()
    assert notice.webhook
    notice.webhook.site = site
    sent = mail.render(notice)
    path = f"/chatwidget/conversation/{notice.conversation_id}/change/"
    for text in (sent.body, str(sent.alternatives[0][0])):
        assert ("https://chat.example.com/admin" + path in text) == (path in text) == bool(site)


@pytest.mark.django_db
def test_what_an_agent_said_is_read_without_its_marks() -> None:
    """What a visitor wrote stands as it was written; and times say their zone."""
    notice = a_notice()
    Message.objects.filter(role=Role.ASSISTANT).update(
        text="## Shipping\n\n| To | Costs |\n|---|:-:|\n| EU | **€5** |\n\nSee [it](https://a.example/x_(y))."
    )
    Message.objects.filter(role=Role.USER).update(text="a **b** [c](d)")
    body = str(mail.render(notice).body)
    assert "Shipping\n\nTo · Costs\nEU · €5\n\nSee it (https://a.example/x_(y))." in body
    assert "a **b** [c](d)" in body and " UTC\n" in body


@pytest.mark.django_db
@pytest.mark.parametrize("status", [Status.STREAMING, Status.STOPPED])
def test_half_a_reply_is_not_taken_for_a_whole_one(status: Status) -> None:
    notice = a_notice()
    replies = Message.objects.filter(role=Role.ASSISTANT)
    replies.update(status=status, error_code="", text="Half a ")
    body = str(mail.render(notice).body)
    assert f"agent ({status.label}):\nHalf a" in body and HTML in body
    assert ("Half a …" in body) == (status == Status.STREAMING)
    replies.update(status=Status.COMPLETE, text="x" * (mail.MOST_TEXT + 1))
    body = str(mail.render(notice).body)
    assert "agent:\nxxx" in body and "xxx …" in body


@pytest.mark.django_db
def test_an_event_says_what_staff_read_of_it_not_what_the_visitor_read() -> None:
    notice = a_notice("de")
    event = {"role": Role.EVENT, "event": EventKind.ASKED, "status": Status.COMPLETE}
    Message.objects.filter(role=Role.ASSISTANT).update(text="You asked for a person.", **event)
    body = str(mail.render(notice).body)
    assert "You asked" not in body and "Ereignis:\nDer Besucher bittet um eine Person." in body


@pytest.mark.django_db
def test_what_a_hostile_model_and_visitor_write_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "MOST_TEXT", 10**6)
    notice = a_notice()
    [(harmless, _)] = mail.render(notice).alternatives
    replies = Message.objects.filter(conversation=notice.conversation_id, role=Role.ASSISTANT)
    for text in TEXTS:
        replies.update(text=text)
        sent = mail.render(notice)
        assert same_elements(str(sent.alternatives[0][0]), str(harmless))
        assert sent.message().as_bytes()  # whatever its characters


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("close_threads")
async def test_delivered_and_tried_again(settings: Settings) -> None:
    notice = await run_in_db_thread(a_notice)
    settings.EMAIL_BACKEND = "tests.notices.test_mail.Failing"
    [taken], _ = await run_in_db_thread(queue.take, {})
    failed = await mail.deliver(taken)
    assert not failed.delivered and failed.said.startswith("ConnectionRefusedError: nobody")
    await run_in_db_thread(queue.settle, taken, failed)
    waiting = await run_in_db_thread(Notice.objects.get, pk=notice.pk)
    assert waiting.due_at is not None and waiting.attempts == 1
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    again = await mail.deliver(taken)
    assert again.delivered
    [sent] = outbox.outbox
    assert sent.message()["Message-ID"] == f"<msg_{notice.pk.hex}@chatwidget.invalid>"


@pytest.mark.django_db
def test_it_is_set_up_in_the_admin_and_has_no_secret(admin_client: Client) -> None:
    form = {"url": "mailto:owner@example.com", "language": "de", "active": "on"}
    assert admin_client.post("/admin/chatwidget/webhook/add/", form).status_code == 302
    hook = Webhook.objects.get()
    assert (hook.url, hook.language, hook.encrypted_secret) == (form["url"], "de", "")
    page = admin_client.get(f"/admin/chatwidget/webhook/{hook.pk}/change/").content.decode()
    assert "Send a test" in page and "Make a new secret" not in page
    admin_client.post(f"/admin/chatwidget/webhook/{hook.pk}/test/")
    notice = Notice.objects.select_related("webhook", "widget").get()
    assert json.loads(notice.body)["data"] == {"by": "admin"}
    assert mail.render(notice).subject == "Ein Test"
    bad = {**form, "url": "mailto:owner@example.com,all@example.com"}
    assert b"errorlist" in admin_client.post("/admin/chatwidget/webhook/add/", bad).content
