"""Staff who are limited to some widgets see these, and of others not even that they exist."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.test import Client

from chatwidget.models import Conversation, Message, Visitor, Widget, WidgetAccess
from chatwidget.transcripts.access import visible_to, widgets_of
from tests.stored import a_conversation, a_widget

pytestmark = pytest.mark.django_db

LIST = "/admin/chatwidget/conversation/"
WIDGETS = "/admin/chatwidget/widget/"
ACCESS = "/admin/chatwidget/widgetaccess/"


@pytest.fixture
def shop() -> Widget:
    return a_widget("shop", title="The Shop")


@pytest.fixture
def bank() -> Widget:
    return a_widget("bank", title="The Bank")


@pytest.fixture
def owner(shop: Widget) -> User:
    """A chat owner who is limited to the shop."""
    user = User.objects.create_user("owner", is_staff=True)
    user.groups.add(Group.objects.get(name="Chat owner"))
    WidgetAccess.objects.create(user=user).widgets.add(shop)
    return user


@pytest.fixture
def limited(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def theirs(shop: Widget) -> Conversation:
    return a_conversation(shop, "A lamp, please", "Here you are")


@pytest.fixture
def secret(bank: Widget) -> Conversation:
    visitor = Visitor.objects.create(widget=bank, name="Zoe")
    return a_conversation(bank, "A secret, please", "Hush", visitor=visitor)


def listed(client: Client, **query: str) -> list[Any]:
    answer = client.get(LIST, query)
    assert answer.status_code == 200
    assert "The Bank" not in answer.content.decode()
    return list(answer.context["cl"].result_list)


def test_lists_searches_and_filters_hold_nothing_else(
    limited: Client, theirs: Conversation, secret: Conversation, bank: Widget
) -> None:
    assert listed(limited) == [theirs]
    assert listed(limited, q="please") == [theirs]
    for query in ("secret", "zoe", str(secret.pk), str(secret.visitor_id), "hush from:agent"):
        assert listed(limited, q=query) == [], query
    assert listed(limited, q="please -lamp") == []
    assert listed(limited, widget__id__exact=str(bank.pk)) == []
    assert listed(limited, widget__id__exact=str(bank.pk), q="secret") == []
    widgets = limited.get(WIDGETS)
    assert [widget.slug for widget in widgets.context["cl"].result_list] == ["shop"]
    assert "The Bank" not in widgets.content.decode()
    assert "The Bank" not in limited.get(LIST).content.decode()


def test_an_older_hit_of_theirs_is_not_behind_others_newer_ones(
    limited: Client, theirs: Conversation, bank: Widget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatwidget.transcripts.search.ENTRIES", (2, 2))
    for _ in range(4):
        a_conversation(bank, "A lamp, please")
    assert listed(limited, q="lamp") == [theirs]


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("page", ["change", "delete", "forget", "block", "history"])
def test_another_widgets_conversation_is_as_one_that_is_not(
    limited: Client, secret: Conversation, page: str, method: str
) -> None:
    unknown = "00000000-0000-7000-8000-000000000000"
    here, nowhere = (
        getattr(limited, method)(f"{LIST}{pk}/{page}/", {"post": "yes"})
        for pk in (secret.pk, unknown)
    )
    assert here.status_code == nowhere.status_code != 200
    assert Conversation.objects.count() == 1 and not Visitor.objects.get().blocked_at


def test_actions_reach_nothing_else(
    limited: Client, theirs: Conversation, secret: Conversation
) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [str(secret.pk), str(theirs.pk)]}
    limited.post(LIST, {**chosen, "post": "yes"})
    assert list(Conversation.objects.all()) == [secret]
    limited.post(LIST, {**chosen, "post": "yes", "select_across": "1"})
    assert list(Conversation.objects.all()) == [secret]


@pytest.mark.parametrize("page", ["change", "delete", "check", "dry-run", "history"])
def test_another_widget_is_as_one_that_is_not(limited: Client, bank: Widget, page: str) -> None:
    here, nowhere = (limited.post(f"{WIDGETS}{pk}/{page}/") for pk in (bank.pk, 4711))
    assert here.status_code == nowhere.status_code != 200
    assert Widget.objects.filter(pk=bank.pk).exists()


def test_the_form_of_their_widget_names_no_other(
    limited: Client, shop: Widget, bank: Widget
) -> None:
    page = limited.get(f"{WIDGETS}{shop.pk}/change/")
    assert page.status_code == 200
    assert "The Bank" not in page.content.decode() and ">bank<" not in page.content.decode()


def test_who_is_limited_neither_adds_a_widget_nor_lifts_the_limit(
    limited: Client, owner: User, bank: Widget
) -> None:
    access = WidgetAccess.objects.get()
    assert limited.get(f"{WIDGETS}add/").status_code == 403
    for path in (ACCESS, f"{ACCESS}add/", f"{ACCESS}{access.pk}/change/"):
        assert limited.get(path).status_code == 403
        assert limited.post(path, {"user": owner.pk, "widgets": [bank.pk]}).status_code == 403
    assert limited.post(f"{ACCESS}{access.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "widgetaccess" not in limited.get("/admin/").content.decode()
    assert widgets_of(owner) == [access.widgets.get().pk]


def test_an_owner_of_all_says_who_sees_which(admin_client: Client, bank: Widget) -> None:
    them = User.objects.create_user("them", is_staff=True)
    User.objects.create_user("visitor")
    page = admin_client.get(f"{ACCESS}add/").content.decode()
    assert ">them<" in page and ">visitor<" not in page
    admin_client.post(f"{ACCESS}add/", {"user": them.pk, "widgets": [bank.pk]})
    assert widgets_of(them) == [bank.pk]
    assert "The Bank" in admin_client.get(ACCESS).content.decode()


def test_a_limit_outlives_its_widgets(
    limited: Client, owner: User, shop: Widget, secret: Conversation
) -> None:
    shop.delete()
    assert widgets_of(owner) == []
    assert listed(limited) == []


def test_the_condition(owner: User, theirs: Conversation, secret: Conversation) -> None:
    assert list(Conversation.objects.filter(visible_to(owner))) == [theirs]
    messages = Message.objects.filter(visible_to(owner, "conversation__widget"))
    assert messages.count() == 2
    assert [each.slug for each in Widget.objects.filter(visible_to(owner, "pk"))] == ["shop"]
    everybody = User.objects.create_user("everybody", is_staff=True)
    assert Conversation.objects.filter(visible_to(everybody)).count() == 2
    owner.is_superuser = True
    assert widgets_of(owner) is None
    owner.is_active = False
    assert widgets_of(owner) == [] == widgets_of(AnonymousUser())
    assert not Conversation.objects.filter(visible_to(AnonymousUser())).exists()


@pytest.mark.parametrize(
    ("group", "may", "may_not"),
    [
        ("Chat reader", ["view_conversation"], ["change_conversation", "view_widget"]),
        ("Chat agent", ["change_conversation", "change_visitor"], ["delete_conversation"]),
        ("Chat owner", ["delete_conversation", "add_widget", "change_widgetaccess"], []),
    ],
)
def test_the_groups_that_migrations_make(group: str, may: list[str], may_not: list[str]) -> None:
    user = User.objects.create_user("them", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    assert user.has_perms([f"chatwidget.{name}" for name in may])
    assert not any(user.has_perm(f"chatwidget.{name}") for name in may_not)
