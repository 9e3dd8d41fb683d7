"""purge_transcripts and forget_visitor."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from chatwidget.models import Conversation, Message, Visitor
from chatwidget.transcripts import erasure
from tests.client import Chat
from tests.conftest import Serve
from tests.stored import a_conversation, a_widget

pytestmark = pytest.mark.django_db


CATCH_UP = "from chatwidget.transcripts.search_index import catch_up; catch_up()"


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def stored() -> tuple[int, int, int]:
    return Visitor.objects.count(), Conversation.objects.count(), Message.objects.count()


def test_purge_erases_what_is_old_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "BATCH", 2)  # several batches
    widget = a_widget()
    now = timezone.now()
    for _ in range(5):
        a_conversation(widget, "long ago", "indeed", at=now - timedelta(days=31))
    # Begun long ago and taken up again: its last message counts.
    young = a_conversation(widget, *["on and on"] * 3000, at=now - timedelta(days=31))
    assert run("purge_transcripts", "--older-than", "30") == (
        "Erased 5 conversations with 10 messages, and 5 visitors.\n"
    )
    assert list(Conversation.objects.all()) == [young]
    assert stored() == (1, 1, 3000)
    assert "Erased 0 conversations" in run("purge_transcripts", "--older-than", "30")


def test_purge_keeps_a_visitor_who_has_a_younger_conversation() -> None:
    widget = a_widget()
    visitor = Visitor.objects.create(widget=widget)
    now = timezone.now()
    a_conversation(widget, "old", visitor=visitor, at=now - timedelta(days=9))
    a_conversation(widget, "new", visitor=visitor, at=now)
    assert run("purge_transcripts", "--older-than", "8") == (
        "Erased 1 conversation with 1 message, and 0 visitors.\n"
    )
    assert stored() == (1, 1, 1)


@pytest.mark.parametrize("days", ["-1", "soon", "1.5", "", "9" * 12])
def test_purge_refuses_what_is_no_number_of_days(days: str) -> None:
    a_conversation(a_widget(), "hi")
    with pytest.raises(CommandError) as refused:
        run("purge_transcripts", f"--older-than={days}")
    assert str(refused.value).startswith("--older-than: ")
    assert refused.value.returncode == 1
    assert stored() == (1, 1, 1)


def test_purge_deletes_by_few_queries(django_assert_max_num_queries: Any) -> None:
    widget = a_widget()
    for _ in range(100):
        a_conversation(widget, "hi", "hello", at=timezone.now() - timedelta(days=2))
    # One for each table that a conversation has rows in, however many conversations there are.
    with django_assert_max_num_queries(30):
        erasure.purge(timezone.now() - timedelta(days=1))
    assert stored() == (0, 0, 0)


def test_forget_by_id() -> None:
    widget = a_widget()
    gone = a_conversation(widget, "hi", "hello")
    a_conversation(widget, "twice", "indeed", visitor=gone.visitor)
    kept = a_conversation(widget, "somebody else's")
    assert run("forget_visitor", str(gone.visitor_id)) == (
        "Erased 2 conversations with 4 messages, and 1 visitor.\n"
    )
    assert list(Conversation.objects.all()) == [kept]
    assert stored() == (1, 1, 1)


def test_forget_by_address_finds_all_who_gave_it() -> None:
    for slug in ("shop", "blog"):
        widget = a_widget(slug)
        visitor = Visitor.objects.create(widget=widget, email="Zoe@Example.com")
        a_conversation(widget, "hi", visitor=visitor)
    Visitor.objects.create(widget=widget, email="zoe@example.com")  # never wrote
    a_conversation(widget, "no address")
    assert run("forget_visitor", "zoe@example.com") == (
        "Erased 2 conversations with 2 messages, and 3 visitors.\n"
    )
    assert stored() == (1, 1, 1)


@pytest.mark.parametrize(
    "person", ["nobody@example.com", "", "0192f0c1-0000-7000-8000-000000000000"]
)
def test_forget_says_when_there_is_nobody(person: str) -> None:
    a_conversation(a_widget(), "no address given")
    with pytest.raises(CommandError) as refused:
        run("forget_visitor", person)
    assert refused.value.returncode == 1
    assert repr(person) in str(refused.value)
    assert stored() == (1, 1, 1)


async def test_erased_words_are_in_no_file_of_sqlites(serve: Serve, tmp_path: Path) -> None:
    """While a server holds the database open, so that its log is not emptied by closing it."""
    server = await serve()
    async with Chat(server.url) as chat:
        await chat.hello()
        await chat.ask("Xylophonist words, soon to be forgotten")
        visitor = chat.visitor
    assert visitor
    database = Path(server.variables["DATABASE_URL"].removeprefix("sqlite:///"))

    def found() -> list[str]:
        files = database.parent.glob(f"{database.name}*")
        return [file.name for file in files if b"xylophon" in file.read_bytes().lower()]

    await server.manage("shell", "-v0", "-c", CATCH_UP)
    assert found()
    [person] = json.loads((await server.manage("export_transcripts")).stdout.splitlines()[-1])[
        "visitor"
    ]["id"].split()
    await server.manage("forget_visitor", person)
    assert found() == []
    log = Path(f"{database}-wal")
    assert log.exists(), "the server has it open"
