"""Exports from the list: what is chosen or filtered, streamed, for whom may see it."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group, User
from django.test import AsyncClient, Client

from chatwidget.admin import exporting
from chatwidget.models import Conversation, WidgetAccess
from chatwidget.transcripts import csv_table, export
from chatwidget.transcripts.chats import read_chats
from tests.stored import a_conversation, a_widget

pytestmark = pytest.mark.django_db

LIST = "/admin/chatwidget/conversation/"


def ask(client: Client, *chosen: Conversation, **form: str) -> Any:
    query = form.pop("query", "")
    ids = [str(each.pk) for each in chosen]
    posted = {"action": "export_selected", "_selected_action": ids, **form}
    return client.post(f"{LIST}{query}", posted)


def test_the_page_leads_back_to_the_list_as_it_was(admin_client: Client) -> None:
    conversation = a_conversation(a_widget(), "hi")
    page = ask(admin_client, conversation, query="?state=open&q=hi").content.decode()
    crumbs = page.partition("breadcrumbs")[2].partition("data-export")[0]
    back = f'href="{LIST}?state=open&amp;q=hi"'
    assert back in crumbs and page.count(back) == 2


def text_of(answer: Any) -> str:
    assert answer.streaming
    return b"".join(answer.streaming_content).decode()


def test_it_asks_in_which_format(admin_client: Client) -> None:
    widget = a_widget()
    chosen = [a_conversation(widget, "one", "two"), a_conversation(widget, "three", "four")]
    page = ask(admin_client, *chosen).content.decode()
    assert "2 conversations, with all their messages" in page and "4 messages." in page
    assert re.findall(r'name="format" value="(\w+)"', page) == ["csv", "jsonl", "html", "dataset"]


def test_what_is_chosen(admin_client: Client) -> None:
    widget = a_widget()
    first, _, third = (a_conversation(widget, text, "yes") for text in ("one", "two", "three"))
    answer = ask(admin_client, third, first, format="jsonl")
    lines = [json.loads(line) for line in text_of(answer).splitlines()]
    assert [line["id"] for line in lines] == [str(first.pk), str(third.pk)]
    assert re.fullmatch(
        r'attachment; filename="conversations-[\d-]{10}\.jsonl"', answer["Content-Disposition"]
    )
    assert "no-store" in answer["Cache-Control"]


def test_all_that_a_filter_finds(admin_client: Client) -> None:
    """More than a page of the list has."""
    shop, bank = a_widget("shop"), a_widget("bank")
    for number in range(60):
        a_conversation(shop, f"=shop {number}", "yes")
    one = a_conversation(bank, "hush", "yes")
    query = f"?widget__id__exact={shop.pk}"
    answer = ask(admin_client, one, query=query, select_across="1", format="csv")
    text = text_of(answer)
    assert text.startswith(csv_table.BYTE_ORDER_MARK)
    rows = list(csv.DictReader(io.StringIO(text.removeprefix(csv_table.BYTE_ORDER_MARK))))
    assert len(rows) == 120
    assert {row["widget"] for row in rows} == {"shop"}
    assert rows[0]["text"] == "'=shop 0"


def test_a_page_to_print_runs_nothing(admin_client: Client) -> None:
    one = a_conversation(a_widget(), "<script>alert(1)</script>", "yes")
    answer = ask(admin_client, one, format="html")
    assert answer["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "Content-Disposition" not in answer
    assert "<script" not in text_of(answer)


def test_who_is_limited_exports_nothing_else(client: Client) -> None:
    shop, bank = a_widget("shop"), a_widget("bank")
    mine, secret = a_conversation(shop, "mine", "yes"), a_conversation(bank, "secret", "hush")
    user = User.objects.create_user("reader", is_staff=True)
    user.groups.add(Group.objects.get(name="Chat reader"))
    WidgetAccess.objects.create(user=user).widgets.add(shop)
    client.force_login(user)
    for form in ({"select_across": "1"}, {}):
        text = text_of(ask(client, mine, secret, format="jsonl", **form))
        assert "mine" in text and "secret" not in text


@pytest.mark.django_db(transaction=True)
async def test_nothing_is_read_before_it_is_sent(
    async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under ASGI, where Django would read a plain iterator to its end."""
    monkeypatch.setattr(export, "PIECE", 1)
    read: list[int] = []

    def endless(rows: Any) -> Any:
        [chat] = read_chats(rows)
        for number in range(1_000_000):
            read.append(number)
            yield chat

    def prepare() -> tuple[User, Conversation]:
        user = User.objects.create_superuser("boss", password="boss")
        return user, a_conversation(a_widget(), "hi", "hello")

    user, one = await sync_to_async(prepare)()
    await async_client.aforce_login(user)
    monkeypatch.setattr(exporting, "read_chats", endless)
    posted = {"action": "export_selected", "_selected_action": [str(one.pk)], "format": "jsonl"}
    answer = await async_client.post(LIST, posted)
    streamed: Any = answer
    pieces = aiter(streamed.streaming_content)
    assert "hello" in (await anext(pieces)).decode()
    assert "hello" in (await anext(pieces)).decode()
    assert len(read) <= 3
