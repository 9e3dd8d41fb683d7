"""A conversation by mail: to oneself or a receiver, by who may read it, and to nobody else."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.urls import reverse

from chatwidget.models import Notice, Webhook, WidgetAccess
from chatwidget.notices import mail
from tests.stored import a_conversation, a_widget

pytestmark = pytest.mark.django_db


def test_to_oneself_and_to_a_receiver(admin_client: Client) -> None:
    conversation = a_conversation(a_widget(title="The Shop"), *["Where is it?", "There."] * 30)
    hook = Webhook.objects.create(url="mailto:owner@example.com", language="de", events=["digest"])
    Webhook.objects.create(url="mailto:elsewhere@example.com", widget=a_widget("other"))
    page = reverse("admin:chatwidget_conversation_change", args=[conversation.pk])
    shown = admin_client.get(page).content.decode()
    assert "admin@example.com" in shown and "owner@example.com" in shown
    assert "elsewhere" not in shown
    address = reverse("admin:chatwidget_conversation_mail", args=[conversation.pk])
    for to in ("me", str(hook.pk)):
        assert admin_client.post(address, {"to": to}).status_code == 302
    own, theirs = Notice.objects.select_related("webhook", "widget").order_by("id")
    assert (own.mailbox, own.webhook) == ("admin@example.com", None)
    for notice, to, subject in (
        (own, "admin@example.com", "A conversation, sent by mail: The Shop"),
        (theirs, "owner@example.com", "Eine Unterhaltung per E-Mail: The Shop"),
    ):
        sent = mail.render(notice)
        assert isinstance(sent, EmailMultiAlternatives)
        assert (sent.to, sent.subject) == ([to], subject)
        assert str(sent.body).count("Where is it?") == 30
        assert f"http://testserver{page}" in str(sent.body)
        assert f'href="http://testserver{page}"' in str(sent.alternatives[0][0])
    for to in ("all@example.com", "999", ""):
        assert admin_client.post(address, {"to": to}).status_code == 404
    assert admin_client.get(address).status_code == 404


def test_by_who_may_read_it(client: Client) -> None:
    conversation = a_conversation(a_widget(), "Where is it?", "There.")
    hook = Webhook.objects.create(url="mailto:owner@example.com")
    staff = get_user_model().objects.create_user("ana", "ana@example.com", is_staff=True)
    client.force_login(staff)
    address = reverse("admin:chatwidget_conversation_mail", args=[conversation.pk])
    assert client.post(address, {"to": "me"}).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_conversation"))
    assert client.post(address, {"to": str(hook.pk)}).status_code == 404  # sees no receivers
    assert client.post(address, {"to": "me"}).status_code == 302
    WidgetAccess.objects.create(user=staff)
    assert client.post(address, {"to": "me"}).status_code == 404
    assert Notice.objects.count() == 1
