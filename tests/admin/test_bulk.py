"""Many conversations at once, from the list: held to permissions and to widgets."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.test import Client

from chatwidget.admin import bulk
from chatwidget.models import Conversation, Tag, WidgetAccess
from tests.stored import a_conversation, a_widget

pytestmark = pytest.mark.django_db

LIST = "/admin/chatwidget/conversation/"


@pytest.fixture
def client(client: Client) -> Client:
    """An agent's, who sees the widget `shop` alone."""
    agent = User.objects.create_user("ann", is_staff=True)
    agent.groups.add(Group.objects.get(name="Chat agent"))
    WidgetAccess.objects.create(user=agent).widgets.add(a_widget("shop"))
    client.force_login(agent)
    return client


def act(client: Client, action: str, *chosen: Conversation, query: str = "", **form: str) -> str:
    ids = [str(each.pk) for each in chosen] or ["x"]
    posted: dict[str, Any] = {"action": action, "_selected_action": ids, **form}
    if not chosen:
        posted["select_across"] = "1"
    answer = client.post(f"{LIST}{query}", posted, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def rows(slug: str = "shop", count: int = 3) -> list[Conversation]:
    widget = a_widget(slug) if slug != "shop" else WidgetAccess.objects.get().widgets.get()
    return [a_conversation(widget, f"{slug} {number}", "yes") for number in range(count)]


def done() -> int:
    return sum(row.is_done for row in Conversation.objects.all())


def test_done_and_open_again(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 2)  # so that there are several
    theirs, others = rows(), rows("bank")
    assert "Done. 2 conversations." in act(client, "mark_done", *theirs[:2], *others)
    assert done() == 2
    assert LogEntry.objects.count() == 2
    assert "Done. 1 conversation." in act(client, "mark_done")  # of all, the one that is left
    assert done() == 3
    assert "Open again. 3 conversations." in act(client, "reopen", query="?state=done")
    assert done() == 0


def test_tags(client: Client) -> None:
    theirs, others = rows(), rows("bank")
    Tag.objects.create(widget=others[0].widget, name="urgent").conversations.add(others[0])
    assert "Type the tag" in act(client, "add_tag", *theirs)
    page = act(client, "add_tag", theirs[0], others[1], tag="Urgent, refund")
    assert "+ “Urgent”: 1 conversation." in page and "+ “refund”: 1 conversation." in page
    act(client, "add_tag", tag="URGENT")  # as it is written already
    assert [list(row.tags.values_list("name", flat=True)) for row in theirs] == [
        ["Urgent", "refund"],
        ["Urgent"],
        ["Urgent"],
    ]
    act(client, "remove_tag", query="?tag=Urgent", tag="urgent")
    assert not theirs[1].tags.exists()
    assert {(tag.widget.slug, tag.name) for tag in Tag.objects.all()} == {
        ("shop", "refund"),
        ("bank", "urgent"),
    }


def test_no_more_tags_than_a_conversation_may_have(client: Client) -> None:
    [full] = rows(count=1)
    for number in range(20):
        Tag.objects.create(widget=full.widget, name=f"t{number}").conversations.add(full)
    act(client, "add_tag", full, tag="one more")
    assert full.tags.count() == 20


def test_what_takes_long_is_gone_on_with(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "SECONDS", -1.0)
    rows()
    assert "some are left" in act(client, "mark_done")
    assert done() == 0


def test_who_may_only_read_is_offered_none(client: Client) -> None:
    chosen = rows()
    agent = User.objects.get()
    agent.groups.set([Group.objects.get(name="Chat reader")])
    page = act(client, "mark_done", *chosen)
    assert 'value="mark_done"' not in page and 'value="export_selected"' in page
    act(client, "add_tag", *chosen, tag="x")
    assert done() == 0 and not Tag.objects.exists()
