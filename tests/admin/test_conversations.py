"""The admin of conversations: found, filtered and read, at a cost that does not grow."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from chatwidget.admin import filters
from chatwidget.admin.transcript import PAGE
from chatwidget.models import Conversation, Message, Status, Visitor
from chatwidget.transcripts import search_index
from tests.stored import NOON, a_conversation, a_widget, fill

pytestmark = pytest.mark.django_db

LIST = "/admin/chatwidget/conversation/"


def change(conversation: Conversation) -> str:
    return f"{LIST}{conversation.pk}/change/"


def found(client: Client, **query: str) -> list[Conversation]:
    response = client.get(LIST, query)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


# --- found ---


def test_search_is_in_the_words_of_messages_and_in_what_is_known_of_the_visitor(
    admin_client: Client,
) -> None:
    widget = a_widget()
    zoe = Visitor.objects.create(
        widget=widget, name="Zoe Quist", email="zoe@example.com", external_id="customer-7"
    )
    lamps = a_conversation(widget, "Do you have lamps?", "Yes: the Aurora, 100% wool_free.")
    order = a_conversation(widget, "Where is it?", visitor=zoe, provider_session="sess-9")
    for query, expected in {
        "lamps": [lamps],
        "AURORA": [lamps],
        "aurora lamps": [lamps],  # each word somewhere in the conversation
        '"the Aurora"': [lamps],
        '"lamps Aurora"': [],  # a phrase is found as it stands
        "100% wool_free": [lamps],
        "100_": [lamps],  # only words are searched for
        "1_0": [],  # no wildcards
        "ürora": [],
        "AURÓRA": [lamps],  # neither case nor accents matter
        "quist": [order],
        "zoe@example.com": [order],
        "zoe where": [order],
        "zoe lamps": [],
        "customer-7": [order],
        "sess-9": [order],
        str(order.pk): [order],
        str(zoe.pk): [order],
        "'": [],
        '"': [],
        "nowhere": [],
    }.items():
        assert found(admin_client, q=query) == expected, query


def test_what_is_found_once_is_listed_once(admin_client: Client) -> None:
    conversation = a_conversation(a_widget(), *["again and again"] * 9)
    assert found(admin_client, q="again") == [conversation]


def test_newest_first_and_by_widget(admin_client: Client) -> None:
    shop, blog = a_widget("shop"), a_widget("blog")
    old = a_conversation(shop, "hi", at=NOON)
    new = a_conversation(shop, "hi", at=NOON + timedelta(days=1))
    other = a_conversation(blog, "hi", at=NOON + timedelta(hours=1))
    assert found(admin_client) == [new, other, old]
    assert found(admin_client, widget__id__exact=str(shop.pk)) == [new, old]


def test_a_row_reads_as_text_what_was_said_in_markdown(admin_client: Client) -> None:
    table = "## Costs\n| To | Price |\n|---|:--|\n| EU | **5 €** |\n`CODE`."
    a_conversation(a_widget(), "2 * 3 * 4?", table)
    page = admin_client.get(LIST).content.decode()
    assert "Costs To Price EU 5 € CODE." in page and "2 * 3 * 4?" in page
    found = " ".join(admin_client.get(LIST, {"q": "price"}).content.decode().split())
    assert "Costs To <mark>Price</mark> EU 5 € CODE." in found


def test_filters_by_failure_and_rating(admin_client: Client) -> None:
    widget = a_widget()
    plain = a_conversation(widget, "hi", "ok", at=NOON)
    failed = a_conversation(widget, "hi", "", reply={"status": Status.FAILED})
    broken = a_conversation(widget, "hi", "o", reply={"status": Status.INTERRUPTED})
    good = a_conversation(widget, "hi", "ok", reply={"rating": 1})
    bad = a_conversation(widget, "hi", "ok", reply={"rating": -1})
    for query, expected in (
        ({"failed": "yes"}, {failed, broken}),
        ({"failed": "no"}, {plain, good, bad}),
        ({"rated": "any"}, {good, bad}),
        ({"rated": "good"}, {good}),
        ({"rated": "bad"}, {bad}),
        ({"rated": "bad", "failed": "yes"}, set()),
    ):
        assert set(found(admin_client, **query)) == expected, query
    flags = re.findall(r'cw-flag cw-(\w+)">', admin_client.get(LIST).content.decode())
    assert sorted(flags) == ["error", "error", "good", "warn"]


def test_filter_by_date(admin_client: Client) -> None:
    widget = a_widget()
    days = [a_conversation(widget, "hi", at=NOON + timedelta(days=n)) for n in range(3)]
    now = timezone.now()
    today = a_conversation(widget, "hi", at=now)
    assert found(admin_client, since="2026-03-15", until="2026-03-15") == [days[1]]
    assert found(admin_client, until="2026-03-15") == [days[1], days[0]]
    assert found(admin_client, since=str(timezone.localdate(now))) == [today]
    assert found(admin_client, since="", until="2026-03-14") == [days[0]]
    html = admin_client.get(LIST, {"q": "hi", "since": "2026-03-15", "p": "1"}).content.decode()
    assert '<input type="hidden" name="q" value="hi">' in html
    assert '<input type="date" name="since" value="2026-03-15">' in html
    for nonsense in ("yesterday", "2026-02-30", "9999-12-31", "٣"):
        answer = admin_client.get(LIST, {"until": nonsense})
        assert answer.status_code == 302 and answer["Location"].endswith("?e=1")


# --- the cost ---


@pytest.mark.parametrize("query", ["", "?q=1", "?failed=yes&rated=bad"])
def test_the_list_takes_as_many_queries_at_500_as_at_10(admin_client: Client, query: str) -> None:
    widget = a_widget()
    fill(widget, 10)
    search_index.catch_up()
    with CaptureQueriesContext(
        connection,
    ) as few:
        assert len(admin_client.get(LIST + query).context["cl"].result_list) == 10
    fill(widget, 490)
    search_index.catch_up()
    with CaptureQueriesContext(connection) as many:
        assert len(admin_client.get(LIST + query).context["cl"].result_list) == 50
    # Is the index complete, how frequent is it, how many are there, and what was found?
    most = 16 if "q=" in query else 10
    assert len(many) <= len(few) + 2 <= most, "more than a page is counted, and asked for its keys"


@pytest.mark.parametrize("rows", [0, 1])
def test_what_is_rare_is_found_without_reading_messages(admin_client: Client, rows: int) -> None:
    widget = a_widget()
    fill(widget, 60)
    for _ in range(rows):
        a_conversation(widget, "A needle in the hay.")
    with CaptureQueriesContext(connection) as queries:
        assert len(found(admin_client, q="needle")) == rows
    reading = [query["sql"] for query in queries if " LIKE " in query["sql"]]
    # In the search's own entries, of a bounded number of them or of those on the page.
    assert all("chatwidget_searchentry" in sql and "LIMIT" in sql for sql in reading)


def test_the_first_page_reads_by_indexes_and_counts_to_a_bound(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "MOST", 100)
    fill(a_widget(), 150)
    with CaptureQueriesContext(connection) as queries:
        response = admin_client.get(LIST)
    listing = response.context["cl"]
    assert (listing.result_count, listing.is_bounded) == (100, True)
    html = response.content.decode()
    assert "100 and more" in html
    assert "Select all that match" in html and "Select all 100" not in html
    assert not re.search(r"\b150\b", html)
    assert len(found(admin_client, p="2")) == 50
    assert admin_client.get(LIST, {"p": "3"}).status_code == 302  # beyond what was counted
    with connection.cursor() as cursor:
        for query in queries:
            sql = query["sql"]
            if "chatwidget_conversation" not in sql:
                continue
            assert "LIMIT" in sql
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = [row[3] for row in cursor.fetchall()]
            # Neither a table read whole, nor rows sorted before the first can be shown.
            assert not [step for step in plan if step.startswith("USE TEMP B-TREE")], plan
            assert not [
                step for step in plan if step.startswith("SCAN chatwidget") and "INDEX" not in step
            ], plan


# --- read ---


def test_a_transcript_shows_everything_there_is_to_know(admin_client: Client) -> None:
    widget = a_widget(title="The Shop", image_hosts=["cdn.example.com"])
    visitor = Visitor.objects.create(
        widget=widget, name="Zoe", email="zoe@example.com", consent={"version": "3"}
    )
    conversation = a_conversation(
        widget,
        "Hello <script>alert(1)</script>",
        "**Hi** <img src=x onerror=alert(1)>",
        "And?",
        "Well",
        visitor=visitor,
        page_url="https://shop.example/cart?<b>",
        user_agent="Mozilla/5.0 (Test)",
        locale="pt-BR",
        provider_session="sess-1",
        reply={
            "status": Status.FAILED,
            "attempt": 3,
            "error_code": "provider_rate_limited",
            "error_cause": "429: <quota> exceeded",
            "retry_after": 30.0,
            "first_chunk_ms": 812,
            "total_ms": 2345,
            "rating": -1,
            "rating_comment": "Too <slow>",
            "ui": {"type": "product-grid", "data": [{"title": "Lamp"}]},
            "metadata": {"model": "m-1"},
        },
    )
    page = admin_client.get(change(conversation)).content.decode()
    assert "<script>alert" not in page and "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page
    text = unescape(page)
    for shown in (
        *("Zoe", "zoe@example.com", "The Shop", "Mozilla/5.0 (Test)", "pt-BR", "sess-1"),
        *("https://shop.example/cart?<b>", str(conversation.pk), str(visitor.pk)),
        *("Failed", "provider_rate_limited", "429: <quota> exceeded", "a pause of 30 s"),
        *("The assistant is very busy", "tried again 2 times", "0.81 s", "2.35 s", "rated bad"),
        *("Too <slow>", "product-grid", '"title": "Lamp"', '"model": "m-1"'),
        *('data-hosts="["cdn.example.com"]"', "2026-03-14T12:03:00", "March 14, 2026"),
    ):
        assert shown in text, shown
    assert page.count("data-markdown") == 2  # the agent's; the visitor's own are as typed


@pytest.mark.parametrize("verified", [False, True])
def test_an_address_that_nobody_vouches_for_is_marked(admin_client: Client, verified: bool) -> None:
    widget = a_widget()
    email = {"email": "ada@shop.example", "email_verified": verified}
    conversation = a_conversation(
        widget, "hi", visitor=Visitor.objects.create(widget=widget, **email)
    )
    page = admin_client.get(f"/admin/chatwidget/conversation/{conversation.pk}/change/")
    assert ("ada@shop.example (not verified)" in page.content.decode()) is not verified


def test_a_transcript_says_which_fallback_answered(admin_client: Client) -> None:
    conversation = a_conversation(a_widget(), "Hi.", "Hello!")
    reply = conversation.messages.get(role="assistant")
    page = admin_client.get(change(conversation)).content.decode()
    assert "answered by" not in page
    reply.metadata = {"answered_by": "spare", "because": "HTTP 500"}
    reply.save()
    assert "answered by spare" in admin_client.get(change(conversation)).content.decode()


def test_its_breadcrumbs_are_as_those_of_this_django(admin_client: Client) -> None:
    """Whose style sheet knows no others."""
    conversation = a_conversation(a_widget(), "hi")
    theirs, ours = (
        re.findall(r'<(\w+) class="breadcrumbs">', admin_client.get(path).content.decode())
        for path in ("/admin/chatwidget/widget/add/", change(conversation))
    )
    assert theirs == ours and len(ours) == 1


def test_an_unknown_role_or_status_is_shown_as_it_is(admin_client: Client) -> None:
    conversation = a_conversation(a_widget(), "one", "two")
    Message.objects.filter(seq=2).update(role="operator", status="mystery")
    page = admin_client.get(change(conversation)).content.decode()
    assert 'aria-label="operator"' in page and "mystery" in page


def test_a_long_transcript_is_read_by_pages(
    admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    conversation = a_conversation(a_widget(), *(f"text {n}." for n in range(1, 3 * PAGE + 1)))

    def numbers(path: str) -> list[int]:
        with django_assert_max_num_queries(8):
            page = admin_client.get(path).content.decode()
        return [int(number) for number in re.findall(r"text (\d+)\.", page)]

    def links() -> list[str]:
        page = admin_client.get(change(conversation)).content.decode()
        return re.findall(r'href="(\?(?:before|after)=\d+)"', page)

    last = change(conversation)
    assert numbers(last) == list(range(2 * PAGE + 1, 3 * PAGE + 1))
    assert links() == [f"?before={2 * PAGE + 1}"]
    assert numbers(f"{last}?before={2 * PAGE + 1}") == list(range(PAGE + 1, 2 * PAGE + 1))
    assert numbers(f"{last}?after={PAGE}") == list(range(PAGE + 1, 2 * PAGE + 1))
    assert numbers(f"{last}?before=nonsense&after=-1") == numbers(last)
    assert numbers(f"{last}?before=1") == []


def test_a_link_to_a_message_opens_the_page_that_it_is_on(admin_client: Client) -> None:
    conversation = a_conversation(a_widget(), *(f"text {n}." for n in range(1, 3 * PAGE + 1)))
    first = admin_client.get(f"{change(conversation)}?after=0").content.decode()
    [link] = re.findall(r'href="([^"]*#message-5)"', first)
    page = admin_client.get(change(conversation) + link.partition("#")[0]).content.decode()
    assert 'id="message-5"' in page and 'id="message-1"' not in page


def test_times_are_in_the_owners_zone_which_stands_beside_them(
    admin_client: Client, settings: Settings
) -> None:
    settings.TIME_ZONE = "America/Sao_Paulo"
    conversation = a_conversation(a_widget(), "hi", at=NOON.replace(hour=1))
    page = admin_client.get(change(conversation)).content.decode()
    assert "22:00:00 -03" in page  # the day before
    assert "March 13, 2026" in page and "10 p.m. -03" in page
    assert "10 p.m. -03" in admin_client.get(LIST).content.decode()
    assert found(admin_client, since="2026-03-13", until="2026-03-13") == [conversation]


def test_what_was_searched_for_is_found_again_in_a_long_transcript(admin_client: Client) -> None:
    texts = [f"text {n}." for n in range(1, 3 * PAGE + 1)]
    texts[41] = "long ago " * 20 + "we sold <zeppelins> of every size, and they " + "flew " * 50
    conversation = a_conversation(a_widget(), *texts)
    listing = admin_client.get(LIST, {"q": "Zeppelins"}).content.decode()
    link = re.findall(rf'href="({change(conversation)}[^"]*)"', listing)[0]
    page = unescape(admin_client.get(unescape(link)).content.decode())
    [(address, words)] = re.findall(r'<li><a href="([^"]*)">(.*?)</a></li>', page, re.S)[-1:]
    assert words.startswith("…") and "<<mark>zeppelins</mark>>" in words and words.endswith("…")
    query, _, anchor = address.partition("#")
    there = admin_client.get(change(conversation) + query).content.decode()
    assert f'id="{anchor}"' in there and "&lt;zeppelins&gt;" in there
    assert "_changelist_filters=q%3DZeppelins" in query  # the way back to what was found
    assert "Nobody said that" in admin_client.get(f"{change(conversation)}?q=dog").content.decode()


def test_a_visitors_other_conversations_are_one_click_away(admin_client: Client) -> None:
    one = a_conversation(a_widget(), "hi")
    two = a_conversation(one.widget, "again", visitor=one.visitor)
    a_conversation(one.widget, "somebody else")
    page = admin_client.get(change(one)).content.decode()
    [query] = re.findall(rf'href="{LIST}\?q=([^"]*)"', page)
    assert set(found(admin_client, q=query)) == {one, two}


def test_nobody_edits_and_few_may_read(
    admin_client: Client, client: Client, django_user_model: Any
) -> None:
    conversation = a_conversation(a_widget(), "secret")
    assert admin_client.post(change(conversation), {"locale": "xx"}).status_code == 403
    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert admin_client.get(f"{LIST}nonsense/change/").status_code == 404
    assert client.get(change(conversation)).status_code == 302
    client.force_login(django_user_model.objects.create_user("staff", is_staff=True))
    assert client.get(change(conversation)).status_code == 403
    assert client.get(LIST).status_code == 403


def test_every_filter_is_named_in_the_readers_language(admin_client: Client) -> None:
    a_widget("shop")
    a_widget("blog")
    page = admin_client.get(LIST, headers={"Accept-Language": "de"}).content.decode()
    assert "Nach Widget" in page and "Nach widget" not in page
