"""The list of conversations: what is found is shown and linked, filters combine, views are kept."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any
from unittest.mock import Mock
from uuid import UUID

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chatwidget.admin.conversations import ConversationAdmin
from chatwidget.admin.filters import failed, lost_replies, rated
from chatwidget.admin.hits import plain
from chatwidget.models import (
    Conversation,
    Handover,
    Message,
    SavedView,
    Status,
    Visitor,
    WidgetAccess,
)
from chatwidget.transcripts import desk, marking, search, search_index, search_query
from chatwidget.transcripts.folding import tokens
from chatwidget.transcripts.marking import excerpt
from tests.admin.widget_form import CHANGE, filled
from tests.stored import NOON, a_conversation, a_widget

pytestmark = pytest.mark.django_db

LIST = "/admin/chatwidget/conversation/"
VIEWS = f"{LIST}views/"


def found(client: Client, **query: str) -> list[Conversation]:
    response = client.get(LIST, query)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def change(conversation: Conversation) -> str:
    return f"{LIST}{conversation.pk}/change/"


def test_a_search_asks_the_index_once(admin_client: Client) -> None:
    """For the list, its length and its pages; the more is stored the dearer it is."""
    lamps = a_conversation(a_widget(), "Do you have lamps?", "Yes, a lamp.")
    search_index.catch_up()
    with CaptureQueriesContext(connection) as queries:
        assert found(admin_client, q="lamp") == [lamps]
    asked = [query["sql"] for query in queries if "lamp" in query["sql"]]
    most = 2 if connection.vendor == "mysql" else 3  # it has no index to ask
    assert len(asked) == most, "the newest entries, the index, the lines that are shown"


# --- what a search shows ---


@pytest.mark.parametrize(
    ("text", "typed", "marked"),
    [
        ("I met him in a café, or in a CAFE\u0301.", "cafe", ["café", "CAFÉ"]),
        ("東京都に荷物を送れますか", "荷物を送", ["荷物を送"]),
        ("我的订单在哪里？", "订单", ["订单"]),
        ("สินค้าหมดหรือยัง", "หมด", ["หมด"]),
        ("สินค้าหมดหรือยัง", "สินค้า", ["สินค้า"]),
        ("ガラスの箱ﾃﾞｰﾀ", "ラス データ", ["ラス", "ﾃﾞｰﾀ"]),
        ("Größe東京都L", "京都", ["京都"]),
        ("Within two weeks, for two of them", '"two weeks"', ["two", "weeks"]),
        ("Order AB-12345x, please", "ab-123", ["AB", "12345x"]),
        ("Die Möbel aus der Straße", "strasse mob", ["Möbel", "Straße"]),
        ("nothing of it", "absent", []),
    ],
)
def test_a_line_has_its_words_marked(text: str, typed: str, marked: list[str]) -> None:
    pieces = excerpt(text, search_query.parse(typed))
    assert [piece for piece, is_marked in pieces if is_marked] == marked
    assert "".join(piece for piece, _ in pieces) == text.replace("E\u0301", "É")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "## Hours\n**From 9**, *not* before; `id` and _more_",
            "Hours From 9, not before; id and more",
        ),
        ("| To | Costs |\n|---|---|\n| EU | 4 |", "To Costs EU 4"),
        ("2 * 3 * 4, a*b*c, price* and snake_case_name", None),
    ],
)
def test_of_markdown_the_list_shows_the_words(text: str, shown: str | None) -> None:
    assert plain(text) == (shown or text)


def test_a_long_text_is_cut_around_them() -> None:
    text = "before " * 100 + "the needle " + "after " * 100
    pieces = excerpt(text, search_query.parse("needle"))
    line = "".join(piece for piece, _ in pieces)
    assert ("needle", True) in pieces and line[0] == line[-1] == "…" and len(line) < 200


def test_a_word_as_long_as_a_text_is_cut() -> None:
    """Of an image in base64, say."""
    pieces = excerpt("image: " + "iVBOR" * 5000, search_query.parse("ivbor"))
    assert sum(len(piece) for piece, _ in pieces) < 200 and pieces[1][1]


def test_of_a_long_text_no_more_is_read_than_is_shown(monkeypatch: Any) -> None:
    """A page has 150 lines, and a reply may have thousands of words."""
    read: list[str] = []

    def noted(text: str) -> Any:
        for token in tokens(text):
            read.append(token[0])
            yield token

    monkeypatch.setattr(marking, "tokens", noted)
    pieces = excerpt("a lamp, two lamps, " + "more " * 1000 + "lamps", search_query.parse("lamp"))
    assert [piece for piece, is_marked in pieces if is_marked] == ["lamp", "lamps"]
    assert len(read) < 60


def test_a_hit_is_shown_and_leads_to_its_message(admin_client: Client) -> None:
    texts = [f"text {n}." for n in range(1, 301)]
    texts[41] = "We sold <zeppelins> once."
    conversation = a_conversation(a_widget(), *texts)
    html = admin_client.get(LIST, {"q": "ZEPPELIN"}).content.decode()
    [(link, line)] = re.findall(
        r'<div class="cw-hit cw-from-\w+"><a href="([^"]+)">(.*?)</a>', html
    )
    assert line == "We sold &lt;<mark>zeppelins</mark>&gt; once."
    path, _, anchor = unescape(link).partition("#")
    page = admin_client.get(path).content.decode()
    assert path.startswith(change(conversation)) and f'id="{anchor}"' in page
    assert anchor == "message-42" and "&quot;zeppelin&quot;" in page  # the words to mark there


def test_of_several_words_each_has_a_line(admin_client: Client) -> None:
    """Those that are said often do not take the place of the others."""
    rated = {"rating": -1, "rating_comment": "No zebra here"}
    row = a_conversation(a_widget(), "a zeppelin", "fine", *["the lamp"] * 5)
    row.messages.filter(seq=2).update(**rated)
    html = admin_client.get(LIST, {"q": "lamp zebra zeppelin"}).content.decode()
    lines = re.findall(r'<div class="cw-hit cw-from-\w+"><a[^>]*>(.*?)</a>', html)
    assert len(lines) == 3
    assert {re.sub("</?mark>", "", line) for line in lines} == {
        *("a zeppelin", "the lamp", "No zebra here")
    }
    assert all("<mark>" in line for line in lines)


def test_what_is_found_beside_the_messages_is_shown_too(admin_client: Client) -> None:
    widget = a_widget()
    zoe = Visitor.objects.create(widget=widget, name="Zoe Quist")
    row = a_conversation(widget, "hi", visitor=zoe, page_url="https://shop.example/zeppelins")
    desk.add_note(row, User.objects.create_user("ann"), "She was happy")
    for typed, line in (
        ("quist", "Zoe <mark>Quist</mark>"),
        ("happ", "She was <mark>happy</mark>"),
        ("zeppelin", "https://shop.example/<mark>zeppelins</mark>"),
    ):
        assert line in admin_client.get(LIST, {"q": typed}).content.decode(), typed


def test_newest_first_by_operators(admin_client: Client) -> None:
    widget = a_widget()
    old = a_conversation(widget, "two weeks", "a refund")
    new = a_conversation(widget, "weeks, two", "no", at=NOON + timedelta(days=1))
    for typed, rows in (
        ("two weeks", [new, old]),
        ('"two weeks"', [old]),
        ("weeks -refund", [new]),
        ("from:visitor refund", []),
        ("from:agent refu", [old]),
    ):
        assert found(admin_client, q=typed) == rows, typed


@pytest.fixture
def lamps(monkeypatch: pytest.MonkeyPatch) -> list[Conversation]:
    """More conversations with a frequent word than a page needs, the oldest first."""
    monkeypatch.setattr(ConversationAdmin, "list_per_page", 1)
    monkeypatch.setattr(search, "ENTRIES", (1, 1))
    widget = a_widget()
    old = a_conversation(widget, "a lamp", page_title="attic")
    said_at_noon = UUID(int=int(NOON.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62)
    old.messages.update(id=said_at_noon)
    now = timezone.now()
    return [
        old,
        *(a_conversation(widget, "a lamp", at=now + timedelta(seconds=n)) for n in range(9)),
    ]


def test_of_a_frequent_word_the_pages_find_enough(
    admin_client: Client, lamps: list[Conversation]
) -> None:
    """And say that there are more."""
    for page, row in enumerate(lamps[::-1], start=1):
        response = admin_client.get(LIST, {"q": "lamp", "p": str(page)})
        assert list(response.context["cl"].result_list) == [row]
        told = f"{4 * page} and more" if 4 * page < len(lamps) else "10 conversations"
        assert told in " ".join(response.content.decode().split())


def test_older_hits_are_found_by_dates_and_by_filters(
    admin_client: Client, lamps: list[Conversation]
) -> None:
    """However many newer ones there are."""
    assert found(admin_client, q="lamp", until=f"{NOON:%Y-%m-%d}") == [lamps[0]]
    assert not found(admin_client, q="lamp", until="2026-03-01")
    assert found(admin_client, q="lamp", page="attic") == [lamps[0]]
    lamps[0].tags.create(name="dim", widget=lamps[0].widget)
    assert found(admin_client, q="lamp", tag="dim") == [lamps[0]]


def test_what_is_done_with_all_that_match_is_done_with_all(
    admin_client: Client, lamps: list[Conversation]
) -> None:
    action = {"action": "export_selected", "select_across": "1", "_selected_action": lamps[0].pk}
    response = admin_client.post(f"{LIST}?q=lamp", {**action, "format": "jsonl"})
    lines = b"".join(response).splitlines()
    assert {json.loads(line)["id"] for line in lines} == {str(row.pk) for row in lamps}


def test_to_the_next_one_goes_through_all_that_match(
    admin_client: Client, lamps: list[Conversation]
) -> None:
    here = lamps[-1]
    for there in lamps[-2::-1]:
        response = admin_client.get(f"{LIST}{here.pk}/go/next/", {"_changelist_filters": "q=lamp"})
        assert str(there.pk) in response["Location"]
        here = there


def test_where_no_word_is_typed_nothing_is_searched(
    admin_client: Client, client: Client, monkeypatch: Any
) -> None:
    """One widget's list, and that of staff who see one widget alone, has all that was said."""
    widget, searched = a_widget(), Mock(side_effect=search.find)
    rows = [a_conversation(widget, "a lamp", at=NOON + timedelta(minutes=n)) for n in range(4)]
    monkeypatch.setattr(search, "find", searched)
    assert found(admin_client, widget__id__exact=f"{widget.pk}") == rows[::-1]
    user = User.objects.create_user("limited", is_staff=True)
    user.groups.add(Group.objects.get(name="Chat reader"))
    WidgetAccess.objects.create(user=user).widgets.add(widget)
    client.force_login(user)
    assert found(client) == found(client, until="2026-12-31") == found(client, q=" ") == rows[::-1]
    assert not searched.called and found(client, q="lamp") and searched.called


@pytest.mark.parametrize("typed", ["lamp", "-chair"])
def test_pages_of_a_search_are_those_of_the_list(
    admin_client: Client, monkeypatch: Any, typed: str
) -> None:
    monkeypatch.setattr(ConversationAdmin, "list_per_page", 2)
    widget = a_widget()
    made = [a_conversation(widget, "a lamp", at=NOON + timedelta(minutes=n)) for n in range(5)]
    pages = [found(admin_client, q=typed, p=str(page)) for page in (1, 2, 3)]
    assert [row for rows in pages for row in rows] == made[::-1]
    assert admin_client.get(LIST, {"q": typed}).context["cl"].result_count == 5
    assert admin_client.get(LIST, {"q": typed, "p": "4"}).status_code == 302
    assert not found(admin_client, q=f"{typed} sofa")


# --- filters ---


@pytest.fixture
def many() -> dict[str, Conversation]:
    """Conversations by what is particular about each."""
    widget = a_widget(no_answer=["I do not know", "  "])
    other = a_widget("other")
    lost = {"status": Status.FAILED, "error_code": "provider_timeout"}
    zoe = Visitor.objects.create(widget=widget, email="zoe@example.com")
    ann = User.objects.get_or_create(username="admin")[0]
    rows = {
        "plain": a_conversation(widget, "hi", "ok"),
        "timeout": a_conversation(widget, "hi", "", reply=lost),
        "other code": a_conversation(widget, "hi", "", reply={**lost, "error_code": "interrupted"}),
        "unknown": a_conversation(widget, "why?", "Sorry, I do **NOT**\nknow that."),
        "an empty one": a_conversation(widget, "hi", ""),
        "of another": a_conversation(other, "why?", "I do not know."),
        "by the visitor": a_conversation(widget, "I do not know", "ok"),
        "email": a_conversation(widget, "hi", visitor=zoe),
        "pt": a_conversation(widget, "oi", locale="pt-BR"),
        "page": a_conversation(widget, "hi", page_url="https://shop.example/cart/2"),
        "live": a_conversation(widget, "hi", at=timezone.now() - timedelta(minutes=2)),
        "noted": a_conversation(widget, "hi"),
        "noted by another": a_conversation(widget, "hi"),
        "tagged": a_conversation(widget, "hi"),
        "taken": a_conversation(widget, "hi"),
        "judged": a_conversation(widget, "hi", "ok"),
        "done": a_conversation(widget, "hi", "ok"),
    }
    desk.add_note(rows["noted"], ann, "x")
    desk.add_note(rows["noted by another"], User.objects.create_user("bob"), "x")
    desk.set_tags(rows["tagged"], ["refund"])
    Handover.objects.create(conversation=rows["taken"], staff=str(ann.pk))
    desk.judge(rows["judged"].messages.get(seq=2), ann, "right", "", "")
    desk.set_done([rows["done"].pk], True)
    search_index.catch_up()
    return rows


@pytest.mark.skipif(connection.vendor != "sqlite", reason="of SQLite's planner")
def test_failures_and_ratings_are_found_by_indexes_of_their_own() -> None:
    """Asked as it is asked: with parameters where there are some."""
    rows = Conversation.objects.all()
    for found, index in (
        (lost_replies(), "cw_message_failed"),
        (rows.filter(failed()), "cw_message_failed"),
        (rows.filter(rated()), "cw_message_rated"),
        (rows.filter(rated(rating=-1)), "COVERING INDEX cw_message_rated"),
    ):
        assert index in found.explain()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"failed": "provider_timeout"}, {"timeout"}),
        ({"unanswered": "1"}, {"timeout", "other code", "unknown", "an empty one"}),
        ({"email": "1"}, {"email"}),
        ({"language": "pt"}, {"pt"}),
        ({"page": "cart/2"}, {"page"}),
        ({"page": "cart"}, {"page"}),
        ({"page": "zoe"}, set()),
        ({"page": "/"}, {"page"}),
        ({"live": "1"}, {"live"}),
        ({"note": "1"}, {"noted", "noted by another"}),
        ({"mine": "1"}, {"noted", "taken", "judged"}),
        ({"tag": "refund"}, {"tagged"}),
        ({"tag": "nothing"}, set()),
        ({"state": "done"}, {"done"}),
        ({"note": "1", "mine": "1", "state": "open"}, {"noted"}),
        ({"note": "1", "email": "1"}, set()),
        ({"q": "hi", "tag": "refund", "state": "open"}, {"tagged"}),
    ],
)
def test_filters_combine(
    admin_client: Client, many: dict[str, Conversation], query: dict[str, str], names: set[str]
) -> None:
    rows = found(admin_client, **query)
    assert {name for name, row in many.items() if row in rows} == names


def test_all_but_what_is_done_is_open(admin_client: Client, many: dict[str, Conversation]) -> None:
    assert set(found(admin_client, state="open")) == set(many.values()) - {many["done"]}


def test_filters_stay_in_every_address(admin_client: Client, many: Any) -> None:
    query = {"note": "1", "page": "cart", "since": "2026-01-01", "q": "hi"}
    html = unescape(admin_client.get(LIST, query).content.decode())
    for link in re.findall(r'<li[^>]*>\s*<a href="(\?[^"]*failed=yes[^"]*)"', html):
        assert all(f"{name}=" in link for name in query), link
    for form in re.findall(r'<form class="cw-period".*?</form>', html, re.S):
        assert all(f'name="{name}"' in form for name in query), form


def test_who_is_limited_filters_by_their_widgets_tags_alone(
    client: Client, many: dict[str, Conversation]
) -> None:
    user = User.objects.create_user("limited", is_staff=True)
    user.groups.add(Group.objects.get(name="Chat reader"))
    WidgetAccess.objects.create(user=user).widgets.add(many["of another"].widget)
    client.force_login(user)
    assert "refund" not in client.get(LIST).content.decode()
    assert found(client, tag="refund") == found(client, note="1") == []
    assert found(client, unanswered="1") == []  # that widget names no phrases


def test_phrases_that_are_named_later_count_for_what_was_said(admin_client: Client) -> None:
    widget = a_widget()
    row = a_conversation(widget, "Why?", "No idea, sorry.")
    a_conversation(a_widget("other"), "Why?", "No idea, sorry.")
    assert found(admin_client, unanswered="1") == []
    saved = admin_client.post(CHANGE.format(widget.pk), filled(widget, no_answer="No idea"))
    assert saved.status_code == 302
    assert found(admin_client, unanswered="1") == [row]


# --- views ---


def test_a_view_is_kept_under_a_name_and_given_up(admin_client: Client, client: Client) -> None:
    desk.set_done([a_conversation(a_widget(), "hi").pk], True)
    query = "state=done&q=h%26i"
    page = admin_client.get(f"{LIST}?{query}&p=1").content.decode()
    assert "Save this view" in page
    back = admin_client.post(VIEWS, {"query": query, "name": " Of today "})
    assert back["Location"] == f"{LIST}?state=done&q=h%26i"
    page = admin_client.get(back["Location"]).content.decode()
    assert 'href="?state=done&amp;q=h%26i" aria-current="page">Of today</a>' in page
    admin_client.post(VIEWS, {"query": "state=open", "name": "Of today"})
    assert SavedView.objects.get().query == "state=open"
    assert ">Of today</a>" in admin_client.get(LIST).content.decode()

    other = Client()
    other.force_login(User.objects.create_superuser("other"))
    assert ">Of today</a>" not in other.get(LIST).content.decode()
    other.post(VIEWS, {"remove": "Of today"})
    assert SavedView.objects.count() == 1
    admin_client.post(VIEWS, {"remove": "Of today", "query": "//evil.example/"})
    assert not SavedView.objects.exists()


def test_what_is_no_view_is_not_kept(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for given in ({"name": ""}, {"name": "\0"}, {"name": "x", "query": "q=" + "x" * 4000}):
        assert admin_client.post(VIEWS, given).status_code == 302
    monkeypatch.setattr("chatwidget.admin.browsing.MOST_VIEWS", 1)
    admin_client.post(VIEWS, {"name": "one"})
    admin_client.post(VIEWS, {"name": "two"})
    assert [view.name for view in SavedView.objects.all()] == ["one"]


# --- from one to the next ---


def test_next_and_previous_go_through_what_is_listed(admin_client: Client) -> None:
    widget = a_widget()
    rows = [a_conversation(widget, "hi", at=NOON + timedelta(days=n // 2)) for n in range(5)]
    desk.set_done([rows[2].pk], True)
    rows.sort(key=lambda row: (row.last_message_at, row.pk), reverse=True)

    def walk(way: str, start: Conversation, filters: str) -> list[Conversation]:
        here = start
        passed: list[Conversation] = []
        while True:
            address = f"{LIST}{here.pk}/go/{way}/?_changelist_filters={filters}"
            there = admin_client.get(address)["Location"].partition("?")
            if there[0] == change(here):
                return passed
            assert there[2] == (f"_changelist_filters={filters}" if filters else "")
            [here] = [row for row in rows if change(row) == there[0]]
            passed.append(here)

    assert walk("next", rows[0], "") == rows[1:]
    assert walk("previous", rows[-1], "") == rows[-2::-1]
    oldest_first = sorted(rows, key=lambda row: row.last_message_at)  # by a click on the column
    assert walk("next", oldest_first[0], "o%3D4") == oldest_first[1:]
    assert walk("previous", oldest_first[-1], "o%3D4") == oldest_first[-2::-1]
    opened = [row for row in rows if not Conversation.objects.get(pk=row.pk).is_done]
    assert walk("next", opened[0], "state%3Dopen") == opened[1:]
    assert walk("next", rows[0], "until%3Dnonsense") == rows[1:]
    last = admin_client.get(f"{LIST}{rows[-1].pk}/go/next/", follow=True).content.decode()
    assert "That was the last one." in last
    assert admin_client.get(f"{LIST}{rows[0].pk}/go/sideways/").status_code == 404


@pytest.mark.parametrize(
    ("button", "given"),
    [("desk", {"done": "1"}), ("block", {}), ("block", {"unblock": ""}), ("mail", {"to": "me"})],
)
def test_a_button_leaves_the_way_through_the_list(
    admin_client: Client, button: str, given: dict[str, str]
) -> None:
    page = change(a_conversation(a_widget(), "hi"))
    back = "_changelist_filters=state%3Dopen"
    shown = admin_client.get(f"{page}?{back}").content.decode()
    form = shown[shown.index(page.replace("change/", f"{button}/")) :].partition("</form>")[0]
    assert f'name="back" value="{back}"' in form
    pressed = admin_client.post(page.replace("change/", f"{button}/"), {**given, "back": back})
    assert pressed["Location"] == f"{page}?{back}"


def test_the_page_says_why_in_plain_words(admin_client: Client) -> None:
    lost = {"status": Status.FAILED, "error_code": "provider_timeout", "provider_message_id": "m-7"}
    page = admin_client.get(change(a_conversation(a_widget(), "hi", "", reply=lost)))
    text = page.content.decode()
    assert "The platform was too slow" in text and "m-7" in text
    assert Message.objects.count() == 2
