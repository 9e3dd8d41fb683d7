"""Erasing from the list and the pages of conversations: what is asked about, and nothing else."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from chatwidget.admin import erasing
from chatwidget.models import Conversation, Message, Visitor
from chatwidget.transcripts import erasure
from tests.stored import a_conversation, a_widget, fill

pytestmark = pytest.mark.django_db

LIST = "/admin/chatwidget/conversation/"


def change(conversation: Conversation) -> str:
    return f"{LIST}{conversation.pk}/change/"


def test_one_conversation_is_erased_with_its_visitor(admin_client: Client) -> None:
    widget = a_widget()
    gone = a_conversation(widget, *["hi"] * 300)
    kept = a_conversation(widget, "hi")
    path = f"{LIST}{gone.pk}/delete/"
    asked = admin_client.get(path).content.decode()
    assert "Messages: 300" in asked
    filters = {"_changelist_filters": "q=hi&state=open"}
    erased = admin_client.post(f"{path}?{urlencode(filters)}", {"post": "yes"})
    assert (erased.status_code, erased.headers["Location"]) == (302, f"{LIST}?q=hi&state=open")
    assert list(Conversation.objects.all()) == [kept]
    assert (Visitor.objects.count(), Message.objects.count()) == (1, 1)


def test_several_are_erased_at_once(admin_client: Client) -> None:
    widget = a_widget()
    visitor = Visitor.objects.create(widget=widget)
    gone = [a_conversation(widget, "hi", visitor=visitor) for _ in range(3)]
    kept = a_conversation(widget, "hi", visitor=visitor)
    data = {"action": "delete_selected", "_selected_action": [str(row.pk) for row in gone]}
    assert "Erase these 3 conversations" in admin_client.post(LIST, data).content.decode()
    assert admin_client.post(LIST, {**data, "post": "yes"}).status_code == 302
    assert list(Conversation.objects.all()) == [kept]
    assert list(Visitor.objects.all()) == [visitor]  # who has another conversation stays


def erase(client: Client, **query: str) -> dict[str, Any]:
    """The form of the page that asks about all that the list finds."""
    rows = client.get(LIST, query).context["cl"].result_list
    chosen = {"action": "delete_selected", "select_across": "1", "index": "0"}
    page = client.post(
        f"{LIST}?{urlencode(query)}", {**chosen, "_selected_action": [row.pk for row in rows]}
    )
    assert page.status_code == 200
    return form_of(page.content.decode())


def form_of(html: str) -> dict[str, Any]:
    [form] = re.findall(r'<form method="post"(?: data-continue)?>(.*?)</form>', html, re.S)
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
    sent: dict[str, Any] = {}
    for name, value in fields:
        sent.setdefault(name, []).append(unescape(value))
    assert len(fields) < 100, "more than Django takes of one form in a large list"
    return sent


def test_all_that_the_filter_finds_is_erased_and_nothing_else(admin_client: Client) -> None:
    """More than Django takes as one form's fields; the number told is the number erased."""
    shop, blog = a_widget("shop"), a_widget("blog")
    fill(shop, 1300)
    fill(blog, 3)
    listed = f"{LIST}?widget__id__exact={shop.pk}&failed=yes"
    chosen = {"action": "delete_selected", "select_across": "1", "_selected_action": "x"}
    asked = admin_client.post(listed, chosen).content.decode()
    assert "Erase these 1300 conversations" in asked and "Messages: 2600" in asked
    fill(shop, 2)  # they came after the question
    done = admin_client.post(listed, form_of(asked), follow=True)
    assert "Erased 1300 conversations." in done.content.decode()
    assert Conversation.objects.filter(widget=shop).count() == 2
    assert Conversation.objects.filter(widget=blog).count() == 3
    assert Visitor.objects.count() == 5
    assert LogEntry.objects.count() == 1300


def test_much_is_erased_in_parts_with_its_progress(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "SECONDS", -1.0)
    monkeypatch.setattr(erasure, "BATCH", 4)
    fill(a_widget(), 10)
    sent = erase(admin_client)
    page = admin_client.post(LIST, sent).content.decode()
    for done in (4, 8):
        assert f"{done} of 10 conversations are erased" in page and "data-continue" in page
        assert re.search(rf'<progress max="10" value="{done}">', page)
        if done < 8:
            page = admin_client.post(LIST, form_of(page)).content.decode()
    last = admin_client.post(LIST, form_of(page), follow=True).content.decode()
    assert "Erased 10 conversations." in last
    assert not Conversation.objects.exists()


def test_what_is_chosen_on_a_page_is_erased_and_who_may_not_cannot(
    admin_client: Client, client: Client, django_user_model: Any
) -> None:
    widget = a_widget()
    gone, kept = a_conversation(widget, "hi"), a_conversation(widget, "hi")
    chosen = {"action": "delete_selected", "_selected_action": [str(gone.pk)], "post": "yes"}
    reader = django_user_model.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_conversation"))
    client.force_login(reader)
    client.post(LIST, chosen)
    assert Conversation.objects.count() == 2
    admin_client.post(LIST, chosen)
    assert list(Conversation.objects.all()) == [kept]


def test_a_person_is_erased_with_all_they_wrote(
    admin_client: Client, client: Client, django_user_model: Any
) -> None:
    widget = a_widget()
    zoe = Visitor.objects.create(widget=widget, name="Zoe <b>", email="zoe@example.com")
    one = a_conversation(widget, "hi", "hello", visitor=zoe)
    a_conversation(widget, "again", visitor=zoe)
    kept = a_conversation(widget, "somebody else")
    path = f"{LIST}{one.pk}/forget/"
    filters = {"_changelist_filters": "q=zoe"}
    assert path in admin_client.get(change(one)).content.decode()
    asked = admin_client.get(path).content.decode()
    assert "Zoe &lt;b&gt;" in asked and "Conversations: 2" in asked and "Messages: 3" in asked

    client.force_login(django_user_model.objects.create_user("staff", is_staff=True))
    assert client.post(path).status_code == 403
    assert Conversation.objects.count() == 3

    done = admin_client.post(f"{path}?{urlencode(filters)}", follow=True)
    assert done.redirect_chain == [(f"{LIST}?q=zoe", 302)]
    assert "Erased the visitor. Conversations: 2, messages: 3." in done.content.decode()
    assert list(Conversation.objects.all()) == [kept]
    assert list(Visitor.objects.all()) == [kept.visitor]
    assert [entry.object_repr for entry in LogEntry.objects.all()] == [str(one.pk)]
    assert admin_client.get(path).status_code == 404
