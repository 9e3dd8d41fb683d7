"""The numbers' page: its ranges, its limits, its tables and what is sent as CSV."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from chatwidget.models import Conversation, Status, Widget, WidgetAccess
from chatwidget.transcripts import rollups
from tests.running import ROOT
from tests.stored import NOON, a_conversation, a_widget

pytestmark = pytest.mark.django_db

PAGE = "/admin/chatwidget/tally/"
MARCH = {"from": "2026-03-01", "to": "2026-03-31"}


def numbers(client: Client, **query: str) -> Any:
    answer = client.get(PAGE, {**MARCH, **query})
    assert answer.status_code == 200
    return answer.context


def table(context: Any, name: str) -> list[list[Any]]:
    for each, _ in [*context["series"], *context["lists"]]:
        if each.name == name:
            return [[cell.value for cell in row] for row in each.rows]
    raise AssertionError(f"there is no {name}")


def sent(client: Client, name: str, **query: str) -> list[list[str]]:
    answer = client.get(PAGE, {**MARCH, **query, "csv": name})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = answer.content.decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:])))


@pytest.fixture
def shop() -> Widget:
    """With three conversations in March, one in February."""
    shop = a_widget()
    failed = {"status": Status.FAILED, "error_code": "provider_timeout"}
    good = {"first_chunk_ms": 400, "total_ms": 2000, "rating": 1}
    a_conversation(
        shop, "Where is it?", "Here", reply=good, locale="de", page_url="https://a.example/x"
    )
    a_conversation(shop, "it is where?", "", reply=failed, locale="de-AT")
    a_conversation(
        shop, "=1+1", "Two", at=NOON + timedelta(days=9), page_url="https://a.example/x?y"
    )
    a_conversation(
        shop, "Before", "Yes", at=NOON - timedelta(days=28), page_url="https://a.example/x"
    )
    return shop


def test_the_link_is_in_the_admin(admin_client: Client) -> None:
    assert f'<a href="{PAGE}">Numbers</a>' in admin_client.get("/admin/").content.decode()


def test_what_happened(admin_client: Client, shop: Widget) -> None:
    context = numbers(admin_client, by="day")
    cells = [(card.cell.text, card.before.text, card.change) for card in context["cards"]]
    assert cells[:2] == [("3", "1", "+200 %"), ("3", "1", "+200 %")]
    assert cells[3][0] == cells[4][0] == "33 %"
    days = {row[0]: row[1:] for row in table(context, "activity")}
    assert len(days) == 31
    assert days["2026-03-14"][:2] == [2, 2] and days["2026-03-23"][:2] == [1, 1]
    # The month before is beside it, day by day: the 14th of February is its 15th.
    assert [day for day, row in days.items() if row[-1]] == ["2026-03-17"]
    assert table(context, "errors") == [
        [
            "demo",
            "provider_timeout",
            "The assistant took too long to answer. Please try again.",
            1,
            0,
        ]
    ]
    assert table(context, "pages") == [["a.example/x", 2, 1], ["", 1, 0]]
    assert table(context, "languages") == [["de", 2, 0], ["", 1, 1]]
    assert table(context, "questions") == [["it is where?", 2], ["=1+1", 1]]
    assert dict(context["week"])  # the 14th was a Saturday, the 23rd a Monday
    assert context["week"][5][1][12] == (2, 5) and context["week"][0][1][12] == (1, 3)


def test_it_counts_what_has_just_happened(admin_client: Client, shop: Widget) -> None:
    numbers(admin_client)
    a_conversation(shop, "now", "yes")
    assert numbers(admin_client)["cards"][0].cell.text == "4"


@pytest.mark.parametrize(
    ("query", "steps"),
    [
        ({"from": "2026-03-14", "to": "2026-03-14"}, 24),
        ({"from": "2026-03-28", "to": "2026-03-29"}, 47),  # summer time begins
        ({}, 31),
        ({"by": "week"}, 6),
        ({"from": "2025-04-01", "by": "month"}, 12),
        ({"from": "2018-01-01", "by": "hour"}, 99),
        ({"by": "nonsense"}, 31),
    ],
)
def test_steps(admin_client: Client, settings: Settings, query: Any, steps: int) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    assert len(table(numbers(admin_client, **query), "activity")) == steps


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"from": "2026-04-01"},
        {"from": "0001-01-01"},
        {"from": "1990-01-01", "to": "2026-01-01"},
        {"to": "9999-12-31", "from": "9999-12-31"},
        {"widget": "nobodys"},
        {"csv": "nonsense"},
    ],
)
def test_what_is_no_range_is_not_found(admin_client: Client, query: dict[str, str]) -> None:
    assert admin_client.get(PAGE, {**MARCH, **query}).status_code == 404


def test_by_widget(admin_client: Client, shop: Widget) -> None:
    other = a_widget("other", title="<b>")
    a_conversation(other, "hi", "hello")
    context = numbers(admin_client)
    assert [row[:2] for row in table(context, "widgets")] == [["shop", 3], ["other", 1]]
    only = numbers(admin_client, widget="other")
    assert only["cards"][0].cell.text == "1"
    assert table(only, "questions") == [["hi", 1]]
    page = admin_client.get(PAGE, MARCH).content.decode()
    assert "&lt;b&gt; (other)" in page and "<b> (other)" not in page


def test_csv_is_what_programs_take(admin_client: Client, shop: Widget) -> None:
    rows = sent(admin_client, "activity", by="week")
    assert rows[0] == ["When", "Conversations", "Messages of visitors", "Conversations before"]
    assert ["2026-03-09", "2", "2", "1"] in rows
    assert sent(admin_client, "questions")[1:] == [["it is where?", "2"], ["'=1+1", "1"]]
    assert sent(admin_client, "first-words", by="month")[1][0] == "2026-03-01"
    for name in ("whole-replies", "without-answer", "failures", "ratings", "cost", "pages"):
        assert len(sent(admin_client, name)) > 1
    assert sent(admin_client, "languages")[0] == ["Language", "Conversations", "Before"]
    assert sent(admin_client, "errors")[1][1] == "provider_timeout"


@pytest.fixture
def staff(client: Client, django_user_model: Any) -> Any:
    user = django_user_model.objects.create_user("staff", is_staff=True)
    client.force_login(user)
    return user


def allow(user: Any, *codenames: str) -> None:
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    assert user.user_permissions.count() == len(codenames)


def test_who_may_see_them(client: Client, staff: Any, shop: Widget) -> None:
    allow(staff, "view_widget")
    assert client.get(PAGE, MARCH).status_code == 403
    assert "Numbers" not in client.get("/admin/").content.decode()
    allow(staff, "view_tally")
    page = client.get(PAGE, MARCH)
    # What visitors wrote is for who may read it.
    assert "it is where?" not in page.content.decode()
    assert client.get(PAGE, {**MARCH, "csv": "questions"}).status_code == 404
    allow(staff, "view_conversation")
    page = client.get(PAGE, MARCH)
    [row] = Conversation.objects.filter(messages__text="it is where?")
    assert f'/conversation/{row.pk}/change/">it is where?</a>' in page.content.decode()


@pytest.mark.parametrize("role", ["Chat reader", "Chat agent", "Chat owner"])
def test_every_role_may_see_them(client: Client, staff: Any, role: str) -> None:
    staff.groups.add(Group.objects.get(name=role))
    assert client.get(PAGE).status_code == 200


def test_staff_see_the_numbers_of_their_widgets_alone(
    client: Client, staff: Any, shop: Widget
) -> None:
    other = a_widget("other")
    a_conversation(other, "hi", "hello", page_url="https://other.example/")
    allow(staff, "view_conversation")
    access = WidgetAccess.objects.create(user=staff)
    assert numbers(client)["cards"][0].cell.text == "0"
    access.widgets.add(other)
    context = numbers(client)
    assert context["cards"][0].cell.text == "1"
    assert table(context, "pages") == [["other.example/", 1, 0]]
    assert table(context, "questions") == [["hi", 1]]
    assert sent(client, "languages")[1:] == [["", "1", "0"]]
    assert client.get(PAGE, {**MARCH, "widget": "shop"}).status_code == 404


def test_its_queries_do_not_grow(admin_client: Client, shop: Widget) -> None:
    numbers(admin_client)
    with CaptureQueriesContext(connection) as few:
        numbers(admin_client)
    for day in range(20):
        at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day)
        a_conversation(shop, "Where is it?", "Here", at=at)
    rollups.catch_up()
    with CaptureQueriesContext(connection) as many:
        numbers(admin_client)
    assert len(many) <= len(few) + 1


def test_nobody_changes_them(admin_client: Client) -> None:
    for path in ("add/", "1/change/", "1/delete/"):
        assert admin_client.get(PAGE + path).status_code in (302, 404)


def test_its_tables_are_not_laid_out_by_a_class_of_the_other_pages() -> None:
    """Both sheets are loaded here: what both name is meant by both."""

    def classes(folder: str) -> set[str]:
        sheets = (ROOT / "chatwidget/frontend" / folder).rglob("*.css")
        return {
            name for sheet in sheets for name in re.findall(r"\.(cw-[\w-]+)", sheet.read_text())
        }

    assert classes("admin") & classes("numbers") == {"cw-good", "cw-bad", "cw-quiet"}
