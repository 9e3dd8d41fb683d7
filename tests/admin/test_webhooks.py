"""Webhooks in the admin and by the command: set up, tried, and their log."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks import Webhook as Verifier

from chatwidget.models import Event, Notice, Webhook, WidgetAccess
from chatwidget.notices.webhooks import sign
from chatwidget.transcripts import notices
from tests.stored import a_widget

pytestmark = pytest.mark.django_db

HOOKS, LOG = "/admin/chatwidget/webhook/", "/admin/chatwidget/notice/"
URL = "https://hooks.example/chat"
SECRET = re.compile(r"whsec_[\w+/]{43}=")


def a_hook(url: str = URL, **fields: Any) -> Webhook:
    hook = Webhook(url=url, **fields)
    hook.make_secret()
    hook.save()
    return hook


def test_its_secret_is_shown_once(admin_client: Client) -> None:
    form = {"url": URL, "events": ["reply.failed"], "active": "on"}
    made = admin_client.post(f"{HOOKS}add/", form)
    [secret] = set(SECRET.findall(made.content.decode()))
    assert "no-store" in made.headers["Cache-Control"]
    hook = Webhook.objects.get()
    assert hook.secret.reveal() == secret
    assert (hook.events, hook.active) == (["reply.failed"], True)
    assert secret not in hook.encrypted_secret
    for page in (HOOKS, f"{HOOKS}{hook.pk}/change/", f"{HOOKS}{hook.pk}/history/"):
        assert not SECRET.search(admin_client.get(page).content.decode())
    again = admin_client.post(f"{HOOKS}{hook.pk}/secret/")
    [new] = set(SECRET.findall(again.content.decode()))
    hook.refresh_from_db()
    assert new != secret and hook.secret.reveal() == new


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hooks.example/",
        "https://",
        "https://user:word@hooks.example/",
        "http://hooks.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://localhost/",
        "https://169.254.169.254/latest",
    ],
)
def test_addresses_that_are_refused(admin_client: Client, settings: Settings, url: str) -> None:
    settings.CHATWIDGET = {"ALLOW_PRIVATE_PROVIDERS": False}
    answer = admin_client.post(f"{HOOKS}add/", {"url": url})
    assert answer.status_code == 200 and b"errorlist" in answer.content
    assert not Webhook.objects.exists()
    with pytest.raises(CommandError):
        call_command("configure_webhook", url)


def test_a_test_and_the_log(admin_client: Client) -> None:
    hook = a_hook()
    admin_client.post(f"{HOOKS}{hook.pk}/test/")
    notice = Notice.objects.get()
    assert json.loads(notice.body)["type"] == "webhook.test"
    at = timezone.now().isoformat()
    Notice.objects.filter(pk=notice.pk).update(
        due_at=None,
        attempts=2,
        log=[
            {"at": at, "status": 500, "said": "<b>no</b>", "ms": 12},
            {"at": at, "status": None, "said": "no answer in 15 s", "ms": 15_000},
        ],
    )
    listed = admin_client.get(LOG, {"state": "failed"}).content.decode()
    assert "500 &lt;b&gt;no&lt;/b&gt;" in listed and "given up" in listed
    shown = admin_client.get(f"{LOG}{notice.pk}/change/").content.decode()
    assert "no answer in 15 s" in shown and "webhook.test" in shown
    assert "1 result" not in admin_client.get(LOG, {"state": "waiting"}).content.decode()

    chosen = {"action": "send_again", "_selected_action": [str(notice.pk)]}
    admin_client.post(LOG, chosen)
    notice.refresh_from_db()
    assert notice.due_at is not None
    assert "waiting" in admin_client.get(LOG).content.decode()


def test_who_is_limited_to_a_widget_sees_its_webhooks_alone(client: Client) -> None:
    shop, bank = a_widget("shop"), a_widget("bank")
    user = User.objects.create_user("owner", is_staff=True)
    user.groups.add(Group.objects.get(name="Chat owner"))
    WidgetAccess.objects.create(user=user).widgets.add(shop)
    client.force_login(user)
    mine = a_hook("https://hooks.example/mine", widget=shop)
    hooks = [mine, a_hook("https://hooks.example/bank", widget=bank), a_hook()]
    for hook in hooks:
        notices.store(Event.TEST, [hook], {}, widget=shop.pk)
    notices.store(Event.TEST, [mine], {"text": "secret"}, widget=bank.pk)
    assert list(client.get(HOOKS).context["cl"].queryset) == [mine]
    assert list(client.get(LOG).context["cl"].queryset.values_list("webhook", "widget")) == [
        (mine.pk, shop.pk)
    ]
    assert client.get(f"{HOOKS}{hooks[1].pk}/change/").status_code == 302
    assert client.post(f"{HOOKS}{hooks[1].pk}/secret/").status_code == 404
    # Nor makes one that is told of everything.
    client.post(f"{HOOKS}add/", {"url": "https://evil.example/"})
    client.post(f"{HOOKS}add/", {"url": "https://evil.example/", "widget": bank.pk})
    assert Webhook.objects.count() == 3


def test_a_reader_sees_none(client: Client) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    user.groups.add(Group.objects.get(name="Chat reader"))
    client.force_login(user)
    assert client.get(HOOKS).status_code == client.get(LOG).status_code == 403


def configure(*arguments: str) -> str:
    out = io.StringIO()
    call_command("configure_webhook", URL, *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


def test_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    a_widget("shop")
    secret = configure("--widget", "shop", "--event", "reply.failed", "--event", "reply.rated")
    hook = Webhook.objects.get()
    assert hook.secret.reveal() == secret and SECRET.fullmatch(secret)
    assert hook.widget and hook.widget.slug == "shop"
    assert hook.events == ["reply.failed", "reply.rated"]
    assert configure("--inactive") == ""
    hook.refresh_from_db()
    assert (hook.active, hook.secret.reveal(), len(hook.events)) == (False, secret, 2)
    assert configure("--new-secret", "--event", "", "--widget", "") != secret
    hook = Webhook.objects.get()
    assert (hook.widget, hook.events) == (None, [])
    monkeypatch.setenv("HOOK_SECRET", secret)
    configure("--secret-env", "HOOK_SECRET")
    hook.refresh_from_db()
    assert hook.secret.reveal() == secret
    configure("--language", "pt_BR")
    hook.refresh_from_db()
    assert hook.language == "pt-br"
    configure("--remove")
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--widget", "none"),
        ("--event", "reply.faild"),
        ("--language", "tlh"),
        ("--secret-env", "NONE"),
        ("--remove",),
    ],
)
def test_the_command_refuses(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        configure(*arguments)
    assert not Webhook.objects.exists()


def test_the_signature_is_the_library_s() -> None:
    hook = a_hook()
    secret = hook.secret
    at = timezone.now()
    ours = sign(secret, "msg_1", int(at.timestamp()), '{"a": "ü"}')
    assert ours == Verifier(secret.reveal()).sign("msg_1", at, '{"a": "ü"}')
