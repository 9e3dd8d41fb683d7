"""What each command says of a database that is not ready, and of a widget that is not there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.management import (
    CommandError,
    call_command,
    get_commands,
    load_command_class,
)
from django.db import OperationalError

from chatwidget.management import base

pytestmark = pytest.mark.django_db

ARGUMENTS = {
    "check_widget": ["shop"],
    "configure_webhook": ["https://example.com/hook"],
    "configure_widget": ["shop", "--provider", "demo"],
    "create_owner": ["ann"],
    "demo_data": [],
    "export_transcripts": [],
    "forget_visitor": ["ann@example.com"],
    "list_widgets": [],
    "purge_transcripts": ["--older-than", "90"],
    "rebuild_numbers": [],
    "rotate_keys": [],
}


def unreachable() -> list[str]:
    raise OperationalError("connection refused\nIs the server running?")


def test_every_command_is_here() -> None:
    ours = {name for name, app in get_commands().items() if app == "chatwidget"}
    assert ours - {"chatwidget_doctor"} == ARGUMENTS.keys()  # which has a line for each fault


@pytest.mark.parametrize("command", ARGUMENTS)
@pytest.mark.parametrize(
    ("state", "said"),
    [
        (lambda: ["0003_search"], "The database lacks 0003_search: run migrate."),
        (unreachable, "The database is not ready (connection refused): does it run where"),
    ],
    ids=["not migrated", "not there"],
)
def test_a_database_that_is_not_ready(
    monkeypatch: pytest.MonkeyPatch, command: str, state: Callable[[], list[str]], said: str
) -> None:
    monkeypatch.setattr(base, "missing_migrations", state)
    with pytest.raises(CommandError) as refused:
        call_command(command, *ARGUMENTS[command])
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("command", [*ARGUMENTS, "chatwidget_doctor"])
def test_a_line_that_cannot_be_read(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    app = get_commands()[command]
    with pytest.raises(SystemExit) as refused:
        load_command_class(app, command).run_from_argv(["manage.py", command, "--nonsense"])
    assert refused.value.code == 1
    assert f"manage.py {command}: error: " in capsys.readouterr().err
    with pytest.raises(SystemExit) as helped:
        load_command_class(app, command).run_from_argv(["manage.py", command, "--help"])
    assert not helped.value.code


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("check_widget", ["nowhere"]),
        ("export_transcripts", ["nowhere"]),
        ("create_owner", ["ann", "--widget", "nowhere"]),
        ("configure_webhook", ["https://example.com/hook", "--widget", "nowhere"]),
    ],
)
def test_a_widget_that_is_not_there(command: str, arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="no widget 'nowhere'; list_widgets names those"):
        call_command(command, *arguments)
