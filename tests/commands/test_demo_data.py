"""demo_data, list_widgets, and the platforms in configure_widget's help."""

from __future__ import annotations

import io
import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Max, Min

from chatwidget.management.commands.configure_widget import Command
from chatwidget.management.demo.story import Story
from chatwidget.models import Conversation, Message, Role, Status, Usage, Visitor, Widget
from chatwidget.providers.registry import providers
from chatwidget.transcripts import rollups, search, search_index, search_query
from tests.stored import a_conversation, a_widget

pytestmark = pytest.mark.django_db

LAST = "2026-10-31"


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def make(messages: int = 600, *more: str) -> str:
    return run("demo_data", "--messages", str(messages), "--last-day", LAST, *more)


def everything() -> list[Any]:
    rows = Message.objects.order_by("pk").values_list(
        "pk", "conversation", "visitor", "seq", "role", "text", "status", "created_at", "rating"
    )
    return list(rows)


def test_a_year_of_conversations() -> None:
    assert make(1501).startswith("Made 1501 messages in ")
    assert Message.objects.count() == 1501
    assert Widget.objects.count() == 3
    kinds = {status for (status,) in Message.objects.values_list("status")}
    assert {Status.COMPLETE, Status.STOPPED, Status.FAILED} <= kinds
    assert {-1, 0, 1} == {rating for (rating,) in Message.objects.values_list("rating")}
    assert len({locale for (locale,) in Conversation.objects.values_list("locale")}) > 4
    assert len({page for (page,) in Conversation.objects.values_list("page_url")}) > 9
    assert Visitor.objects.exclude(email="").exists()
    assert Visitor.objects.count() < Conversation.objects.count()  # some have come back
    whole = Message.objects.aggregate(first=Min("created_at"), last=Max("created_at"))
    # Zones reach over the ends of the days by UTC, and a late chat goes on a while.
    assert whole["first"].date() <= date(2025, 11, 6)
    assert date(2026, 10, 24) < whole["last"].date() <= date(2026, 11, 1)
    spent = Usage.objects.filter(widget__slug="demo-shop")
    sent = Message.objects.filter(role=Role.USER, conversation__widget__slug="demo-shop")
    assert sum(usage.messages for usage in spent) == sent.count()


def test_rows_are_as_the_transcript_writes_them() -> None:
    make()
    counted = Conversation.objects.annotate(count=Count("messages"), top=Max("messages__seq"))
    assert not counted.exclude(count=F("last_seq"), top=F("last_seq")).exists()
    assert not Conversation.objects.filter(last_message_at__lt=F("started_at")).exists()
    first = Conversation.objects.annotate(first=Min("messages__created_at"))
    assert not first.exclude(started_at=F("first")).exists()
    for conversation in Conversation.objects.all()[:20]:
        roles = list(conversation.messages.order_by("seq").values_list("role", flat=True))
        if roles[0] == Role.ASSISTANT:
            del roles[0]
        assert roles == [Role.USER, Role.ASSISTANT] * (len(roles) // 2)
    assert not search_index.outdated().exists()
    assert not rollups.uncounted().exists()
    assert search.find(Conversation.objects.all(), search_query.parse("order"))[0].exists()


def test_the_same_seed_tells_the_same_story() -> None:
    make()
    before = everything()
    make(600, "--replace")
    assert everything() == before
    make(600, "--replace", "--seed", "2")
    assert everything() != before


@pytest.mark.parametrize("messages", [2, 3, 4, 5, 7, 101])
def test_exactly_as_many_messages_as_are_wanted(messages: int) -> None:
    chats = list(Story(7, messages, date(2026, 1, 1)).chats())
    assert sum(len(chat.lines) for chat in chats) == messages
    assert [chat.at for chat in chats] == sorted(chat.at for chat in chats)
    assert all(
        earlier.at <= later.at
        for chat in chats
        for earlier, later in zip(chat.lines, chat.lines[1:], strict=False)
    )
    assert all(chat.lines[-1].at - chat.at < timedelta(hours=3) for chat in chats)


def test_it_refuses_beside_real_conversations() -> None:
    a_conversation(a_widget(), "real", "indeed")
    with pytest.raises(CommandError, match=r"real conv.*--beside-real \(with make: ARGS="):
        make()
    assert Widget.objects.count() == 1
    make(10, "--beside-real")
    assert Message.objects.count() == 12
    both = (
        r"there already\. Give --beside-real --replace \(with make: ARGS=\"--beside-real --replace"
    )
    with pytest.raises(CommandError, match=both):
        make(10, "--beside-real")
    make(20, "--beside-real", "--replace")
    assert Message.objects.count() == 22


def test_it_refuses_a_second_time() -> None:
    make(10)
    with pytest.raises(CommandError, match=r"demo-help, .* there already.*--replace"):
        make(10)
    assert Message.objects.count() == 10


@pytest.mark.parametrize(
    "wrong",
    [
        ("--messages", "1"),
        ("--messages", "many"),
        ("--messages", "²"),
        ("--last-day", "31.10.2026"),
        ("--last-day", "2026-02-30"),
    ],
)
def test_what_is_wrong_is_named(wrong: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match=wrong[0]) as caught:
        run("demo_data", *wrong)
    assert repr(wrong[1]) in str(caught.value)


def test_list_widgets() -> None:
    assert run("list_widgets") == ""
    a_widget("empty", active=False)
    a_conversation(a_widget("shop", allowed_origins=["https://a.example"]), "hi", "hello")
    lines = run("list_widgets").splitlines()
    assert lines[0].split() == [
        *("slug", "title", "provider", "active", "sites", "conversations", "last", "message")
    ]
    assert lines[1].split() == ["empty", "Empty", "demo", "no", "any", "0", "never"]
    assert lines[2].split()[:6] == ["shop", "Shop", "demo", "yes", "https://a.example", "1"]
    shop = json.loads(run("list_widgets", "--format", "jsonl").splitlines()[1])
    assert (shop["slug"], shop["sites"]) == ("shop", ["https://a.example"])
    assert shop["last_message"] == "2026-03-14T12:01:00+00:00"


def test_help_names_every_platform_and_option() -> None:
    text = Command().create_parser("manage.py", "configure_widget").format_help()
    for name, cls in providers().items():
        assert f"  {name}: {cls.label}\n" in text
        for option in set(cls.options) - {"preset", "description"}:
            assert f"--option {option}=" in text
    assert "api=chat|responses" in text
    assert "n8n-stream" in text and "https://prod.eigi.ai" in text
