"""Work that writes batch after batch leaves SQLite's lock to others, now and then."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from chatwidget import db
from chatwidget.models import Conversation
from chatwidget.transcripts import rollups
from tests.stored import a_widget, fill

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="of SQLite alone"),
]


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that are made, each second being over at once."""
    made: list[float] = []
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=made.append)
    monkeypatch.setattr(db, "time", clock)
    monkeypatch.setattr(db, "TURN_SECONDS", 0.0)
    return made


def test_not_within_a_transaction_nor_before_a_second_is_over(
    rests: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction.atomic():
        db.let_others_write(0.0)
    monkeypatch.setattr(db, "TURN_SECONDS", 1.0)
    began = time.monotonic() + 60
    assert db.let_others_write(began) == began and rests == []
    assert db.let_others_write(0.0) > 0.0 and rests == [db.PAUSE_SECONDS]
    assert db.PAUSE_SECONDS > 0.1


def act(client: Client, **form: str) -> None:
    chosen = {"select_across": "1", "_selected_action": str(Conversation.objects.all()[0].pk)}
    client.post("/admin/chatwidget/conversation/", {**chosen, **form})


WORK: dict[str, Callable[[Client], object]] = {
    "demo_data": lambda _: call_command("demo_data", "--messages", "60", "--beside-real"),
    "purge_transcripts": lambda _: call_command("purge_transcripts", "--older-than", "0"),
    "rebuild_numbers": lambda _: rollups.rebuild(),
    "done": lambda client: act(client, action="mark_done"),
    "erase": lambda client: act(client, action="delete_selected", post="yes"),
}


@pytest.mark.usefixtures("roles")
@pytest.mark.parametrize("what", WORK)
def test_it_pauses(admin_client: Client, rests: list[float], what: str) -> None:
    fill(a_widget(), 3)
    WORK[what](admin_client)
    assert rests
