"""create_owner."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client

from tests.stored import a_conversation, a_widget

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("roles")]

PASSWORD = "long enough, and odd: 7%"


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNERS_PASSWORD", PASSWORD)
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))


def create(*arguments: str) -> str:
    out = io.StringIO()
    call_command("create_owner", *arguments, stdout=out)
    assert PASSWORD not in out.getvalue()
    return out.getvalue()


def account(name: str = "olga") -> Any:
    return get_user_model().objects.get(username=name)


@pytest.mark.parametrize("how", [("--password-env", "OWNERS_PASSWORD"), ("--password-stdin",)])
def test_an_owner_runs_the_chats_and_nothing_else(client: Client, how: tuple[str, ...]) -> None:
    said = create("olga", "--email", "olga@example.com", *how)
    assert said == "Made 'olga': in the group “Chat owner”, for all widgets.\n"
    olga = account()
    assert (olga.is_staff, olga.is_superuser, olga.email) == (True, False, "olga@example.com")
    assert client.login(username="olga", password=PASSWORD)
    for page in ("conversation/", "widget/add/", "tally/"):
        assert client.get(f"/admin/chatwidget/{page}").status_code == 200
    assert client.get("/admin/auth/user/").status_code == 403


def test_an_account_that_is_there_keeps_what_it_has() -> None:
    get_user_model().objects.create_user("olga", "o@example.com", PASSWORD)
    assert create("olga").startswith("Changed 'olga'")
    olga = account()
    assert olga.check_password(PASSWORD) and olga.email == "o@example.com" and olga.is_staff
    assert [group.name for group in olga.groups.all()] == ["Chat owner"]


def test_for_one_widget(client: Client) -> None:
    shop, other = a_widget(), a_widget("other")
    seen, unseen = a_conversation(shop, "a", "b"), a_conversation(other, "c", "d")
    said = create("olga", "--widget", "shop", "--password-env", "OWNERS_PASSWORD")
    assert said.endswith("for shop.\n")
    client.force_login(account())
    path = "/admin/chatwidget/conversation/{}/change/"
    assert client.get(path.format(seen.pk)).status_code == 200
    assert client.get(path.format(unseen.pk)).status_code == 404


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["olga"], "--password-env VAR, --password-stdin"),
        (["olga", "--password-env", "NOT_SET"], "NOT_SET is not set"),
        (["olga", "--password-env", "OWNERS_PASSWORD", "--password-stdin"], "not both"),
        (["olga", "--widget", "none", "--password-stdin"], "'none'; list_widgets"),
        (["o l/ga", "--password-stdin"], "'o l/ga': Enter a valid username"),
        (["olga", "--email", "nobody", "--password-stdin"], "'olga': Enter a valid email"),
    ],
)
def test_what_is_wrong_is_named(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError) as caught:
        create(*arguments)
    assert message in str(caught.value) and PASSWORD not in str(caught.value)
    assert not get_user_model().objects.exists()


def test_a_weak_password_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNERS_PASSWORD", "password")
    with pytest.raises(CommandError, match="too common"):
        create("olga", "--password-env", "OWNERS_PASSWORD")


def test_without_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    Group.objects.all().delete()
    with pytest.raises(CommandError, match="no group “Chat owner”"):
        create("olga", "--password-stdin")
