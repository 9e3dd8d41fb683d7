"""What staff may do with which permission, beside what Django sees to; and blocking visitors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from chatwidget.models import Conversation, Visitor, Widget
from tests.stored import a_conversation, a_widget

pytestmark = pytest.mark.django_db

LIST = "/admin/chatwidget/conversation/"


@pytest.fixture
def staff(client: Client, django_user_model: Any) -> Callable[..., Client]:
    """A client of somebody who has these permissions alone."""

    def log_in(*codenames: str) -> Client:
        user = django_user_model.objects.create_user("staff", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        assert user.user_permissions.count() == len(codenames)
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def conversation() -> Conversation:
    widget = a_widget()
    zoe = Visitor.objects.create(widget=widget, name="Zoe", email="zoe@example.com")
    return a_conversation(widget, "my secret", "hello", visitor=zoe)


def test_who_may_erase_only_reads_nothing(
    staff: Callable[..., Client], conversation: Conversation
) -> None:
    client = staff("delete_conversation")
    chosen = {"action": "delete_selected", "_selected_action": [str(conversation.pk)]}
    answers = [
        client.get(LIST),
        client.get(f"{LIST}{conversation.pk}/change/"),
        client.get(f"{LIST}{conversation.pk}/delete/"),
        client.get(f"{LIST}{conversation.pk}/forget/"),
        client.post(f"{LIST}{conversation.pk}/delete/", {"post": "yes"}),
        client.post(f"{LIST}{conversation.pk}/forget/"),
        client.post(LIST, {**chosen, "post": "yes"}),
    ]
    assert {answer.status_code for answer in answers} == {403}
    for answer in answers:
        page = answer.content.decode()
        assert not any(word in page for word in ("Zoe", "zoe@example.com", "my secret"))
    assert Conversation.objects.count() == 1


def test_who_may_read_and_erase_erases(
    staff: Callable[..., Client], conversation: Conversation
) -> None:
    client = staff("view_conversation", "delete_conversation")
    assert "Zoe" in client.get(f"{LIST}{conversation.pk}/delete/").content.decode()
    client.post(f"{LIST}{conversation.pk}/delete/", {"post": "yes"})
    assert not Conversation.objects.exists()


def test_who_may_delete_widgets_does_not_erase_conversations(
    staff: Callable[..., Client], conversation: Conversation
) -> None:
    empty = a_widget("empty")
    client = staff("view_widget", "delete_widget")
    path = "/admin/chatwidget/widget/{}/delete/"
    page = client.get(path.format(conversation.widget_id)).content.decode()
    assert "your account doesn't have permission to delete" in page.replace("&#x27;", "'")
    refused = client.post(path.format(conversation.widget_id), {"post": "yes"})
    assert refused.status_code == 403
    assert Conversation.objects.count() == 1
    assert client.post(path.format(empty.pk), {"post": "yes"}).status_code == 302
    assert list(Widget.objects.values_list("slug", flat=True)) == ["shop"]


def test_a_visitor_is_blocked_and_may_chat_again(
    staff: Callable[..., Client], conversation: Conversation
) -> None:
    client = staff("view_conversation", "change_visitor")
    page = f"{LIST}{conversation.pk}/change/"
    block = f"{LIST}{conversation.pk}/block/"
    assert "Block the visitor" in client.get(page).content.decode()
    assert client.get(block).status_code == 404
    done = client.post(block, follow=True).content.decode()
    assert "The visitor is blocked: what they have open closes within seconds." in done
    assert "Let the visitor chat again" in done
    assert Visitor.objects.get().blocked_at
    done = client.post(block, {"unblock": ""}, follow=True).content.decode()
    assert "The visitor may chat again." in done and "Block the visitor" in done
    assert Visitor.objects.get().blocked_at is None
    assert LogEntry.objects.count() == 2


@pytest.mark.parametrize(
    "permissions", [(), ("view_conversation",), ("change_visitor",), ("delete_conversation",)]
)
def test_who_may_not_block(
    staff: Callable[..., Client], conversation: Conversation, permissions: tuple[str, ...]
) -> None:
    client = staff(*permissions)
    assert client.post(f"{LIST}{conversation.pk}/block/").status_code == 403
    assert Visitor.objects.get().blocked_at is None
    if "view_conversation" in permissions:
        page = client.get(f"{LIST}{conversation.pk}/change/").content.decode()
        assert "Block the visitor" not in page
