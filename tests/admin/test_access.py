"""Access as a table: every page of the app in the admin, for everybody who may not see it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import URLPattern, reverse

from chatwidget.conf import Secret
from chatwidget.models import Conversation, Notice, Webhook, Widget, WidgetAccess
from tests.stored import a_conversation, a_widget

pytestmark = pytest.mark.django_db

# name → how many ids its address holds; a page that comes is in the table by itself.
PAGES = {
    pattern.name: len(pattern.pattern.converters)
    for model in (Widget, Conversation, WidgetAccess, Webhook, Notice)
    for pattern in site.get_model_admin(model).get_urls()
    if isinstance(pattern, URLPattern) and pattern.name
}
# They take a POST alone, or another platform; nobody adds a conversation.
REFUSING = (
    *(
        "_check",
        "_dry_run",
        "_dry_run_of_new",
        "_block",
        "_secret",
        "_test",
        "_desk",
        "_views",
        "_step",
        "_preview",
    ),
    *("_duplicate", "_switch", "_profile", "_mail"),
    *("conversation_add", "notice_add"),
)
WORDS = ("my account number", "sk-0123")


@pytest.fixture
def stored() -> tuple[Widget, Conversation]:
    widget = a_widget(key=Secret("sk-0123456789"))
    WidgetAccess.objects.create(user=User.objects.create_user("limited", is_staff=True))
    hook = Webhook(url="https://hooks.example/")
    hook.make_secret()
    hook.save()
    Notice.objects.create(event="webhook.test", webhook=hook, body='{"text": "my account number"}')
    return widget, a_conversation(widget, "my account number is 4711", "hello")


def address(name: str, ids: list[Any]) -> str:
    return reverse(f"admin:{name}", args=ids[: PAGES[name]])


def found(name: str, stored: tuple[Widget, Conversation]) -> Any:
    """Pages of a visitor are found by their conversation."""
    widget, conversation = stored
    if "widgetaccess" in name:
        return WidgetAccess.objects.get().pk
    for model in (Webhook, Notice):
        if f"_{model._meta.model_name}_" in name:
            return model._default_manager.get().pk
    return widget.pk if "widget_" in name.removeprefix("chatwidget_") else conversation.pk


def everything() -> tuple[int, int]:
    return Widget.objects.filter(active=True).count(), Conversation.objects.count()


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("who", ["nobody", "visitor", "staff", "other staff"])
def test_who_has_no_permission_sees_and_does_nothing(
    client: Client, stored: tuple[Widget, Conversation], who: str, name: str, method: str
) -> None:
    if who != "nobody":
        user = User.objects.create_user("them", is_staff="staff" in who)
        if who == "other staff":
            others = Permission.objects.exclude(content_type__app_label="chatwidget")
            assert others.exists()
            user.user_permissions.set(others)
        client.force_login(user)
    known = found(name, stored)
    unknown = 4_711 if isinstance(known, int) else uuid.uuid4()
    before = everything()
    here = getattr(client, method)(address(name, [known, known]), {"post": "yes"})
    assert here.status_code in (302, 403), here.status_code
    if here.status_code == 302:
        assert here.headers["Location"].startswith(("/admin/login/", "../", "/admin/chatwidget/"))
    assert not any(word in here.content.decode() for word in WORDS)
    assert everything() == before
    if PAGES[name] and not name.endswith("_history"):  # Django looks for the object first
        nowhere = getattr(client, method)(address(name, [unknown, unknown]), {"post": "yes"})
        assert nowhere.status_code == here.status_code, "the same for unknown and forbidden"


@pytest.mark.parametrize("name", PAGES)
def test_one_permission_alone_shows_only_what_it_is_for(
    client: Client, stored: tuple[Widget, Conversation], name: str
) -> None:
    """A conversation's words to those who may view it, keys to nobody, and nothing changes."""
    known, before = found(name, stored), everything()
    user = User.objects.create_user("them", is_staff=True)
    client.force_login(user)
    permissions = Permission.objects.filter(content_type__app_label="chatwidget")
    alone = [
        f"{verb}_{model}" for verb in ("view", "delete") for model in ("widget", "conversation")
    ]
    others = permissions.exclude(codename__regex="_(widget|conversation)$")
    for who in (*alone, "all others"):
        user.user_permissions.set(permissions.filter(codename=who) if who in alone else others)
        answer = client.get(address(name, [known, known]))
        shown = text_of(answer)
        assert answer.status_code in (200, 302, 403, 405) or name.endswith(REFUSING), who
        if who != "view_conversation" and "_notice_" not in name:
            assert "my account number" not in shown, who
        assert "sk-0123" not in shown, who
        assert everything() == before, who


def text_of(answer: Any) -> str:
    content = b"".join(answer) if answer.streaming else answer.content
    return str(content.decode())


def test_the_table_has_all_pages() -> None:
    assert {"chatwidget_widget_change", "chatwidget_conversation_changelist"} <= set(PAGES)
    assert len(PAGES) > 10


@pytest.mark.parametrize(
    "question",
    [
        *("widget/?encrypted_key__startswith=", "widget/?encrypted_identity_secret__gt="),
        "webhook/?encrypted_secret__startswith=",
        "conversation/?widget__encrypted_key__startswith=",
        "notice/?webhook__encrypted_secret__startswith=",
    ],
)
def test_no_list_can_be_asked_what_a_stored_secret_is(
    admin_client: Client, stored: tuple[Widget, Conversation], question: str
) -> None:
    """By trying how it begins, a character at a time."""
    for begins in ("g", "x"):
        assert admin_client.get(f"/admin/chatwidget/{question}{begins}").status_code == 400


@pytest.mark.parametrize("name", PAGES)
def test_who_may_do_all_is_refused_nothing(
    admin_client: Client, stored: tuple[Widget, Conversation], name: str
) -> None:
    """So that the table above says something."""
    known = found(name, stored)
    answer = admin_client.get(address(name, [known, known]))
    assert answer.status_code in (200, 302) or name.endswith(REFUSING)
