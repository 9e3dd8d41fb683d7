"""A site of release 0.1.0 is upgraded: its database is migrated, and its chats go on, also while
workers of both releases serve."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db.migrations.loader import MigrationLoader

from chatwidget.tokens import visitor_token
from project.servers import COMMANDS, ENVIRONMENT
from tests.client import Chat
from tests.conftest import Serve
from tests.environment import FOLDER, VARIABLES
from tests.old_release import COMMIT, CONVERSATION, LAST, TEXTS, VISITOR
from tests.running import ROOT, Process, Server, free_port, of_checkout, run
from tests.services import Postgres


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
async def test_a_database_of_0_1_0(serve: Serve, database: str, postgres: Postgres) -> None:
    url = f"sqlite:///{FOLDER}/upgraded.sqlite3"
    if database == "postgres":
        url = await postgres.database()
    variables = {**VARIABLES, "DATABASE_URL": url}
    await run([sys.executable, "-m", "tests.old_release"], env=variables)
    manage = [sys.executable, "manage.py"]
    before = await run([*manage, "check"], env=variables)
    assert "chatwidget.W004" in before.stderr  # this release asks for its migrations
    await run([*manage, "migrate", "-v0"], env=variables)
    after = await run([*manage, "check"], env=variables)
    assert "chatwidget.W004" not in after.stderr and "chatwidget.W005" not in after.stderr

    served = await serve(db=url)
    async with Chat(served.url) as chat:
        ready = await chat.hello(visitor=visitor_token(VISITOR, 1), conversation=str(CONVERSATION))
        assert [message["text"] for message in ready["messages"]] == list(TEXTS)
        assert ready["messages"][2]["rating"] == 1
        assert ready["messages"][4]["status"] == "failed"
        await chat.send({"type": "retry", "id": ready["messages"][4]["id"]})
        await chat.until("done", id=ready["messages"][4]["id"], status="complete")
        await chat.ask("And mugs?")
    async with served.client() as client:
        page = (await client.get("/chatwidget/demo/")).text
    assert "The Shop" in page and "Lamps?" in page
    exported = await served.manage("export_transcripts")
    line = json.loads(exported.stdout)
    assert line["visitor"]["name"] == "Zoë"
    assert [message["seq"] for message in line["messages"]] == [1, 2, 3, 4, 5, 6, 7]
    key = "from chatwidget.models import Widget; print(Widget.objects.get().key.reveal())"
    shown = await served.manage("shell", "-v0", "-c", key)
    assert shown.stdout == "sk-of-0.1.0\n"


@pytest.fixture(scope="module")
def old_checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of release 0.1.0."""
    git = ["git", "-C", str(ROOT)]
    if subprocess.run([*git, "cat-file", "-e", COMMIT], capture_output=True).returncode:
        pytest.skip("this clone does not reach back to release 0.1.0")
    folder = tmp_path_factory.mktemp("release-0.1.0")
    archive = subprocess.run([*git, "archive", COMMIT], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
    return folder


class OldServer(Process):
    """A worker of release 0.1.0, with its own database and widget."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        port = free_port()
        command = of_checkout(COMMANDS["daphne"]("127.0.0.1", port), folder)
        super().__init__(command, {**ENVIRONMENT, **variables}, port, cwd=folder)
        self.variables = variables

    async def manage(self, *arguments: str) -> None:
        await run([sys.executable, "manage.py", *arguments], env=self.variables, cwd=self.cwd)


@pytest.fixture
async def old(old_checkout: Path, postgres: Postgres, redis_url: str) -> AsyncIterator[OldServer]:
    url = await postgres.database()
    variables = {**VARIABLES, "DATABASE_URL": url, "REDIS_URL": redis_url}
    made = OldServer(old_checkout, variables)
    await made.manage("migrate", "-v0")
    widget = ["--provider", "demo", "--allow-origin", "https://shop.example"]
    await made.manage("configure_widget", "demo", *widget)
    try:
        await made.start("/healthz")
        yield made
    finally:
        await made.kill()


async def test_two_releases_serve_from_one_database(old: OldServer, serve: Serve) -> None:
    """It is migrated while the old one serves; a visitor then comes to the one and the other."""
    async with Chat(old.url) as before:
        await before.hello()
        await before.ask("Asked of the old one, before")
        await run([sys.executable, "manage.py", "migrate", "-v0"], env=old.variables)
        await before.ask("Asked of the old one, migrated")
        new = await serve(old.variables, db=old.variables["DATABASE_URL"])
        for turn in range(2):
            async with Chat(new.url) as after:
                ready = await after.hello(visitor=before.visitor, conversation=before.conversation)
                asked = [each["text"] for each in ready["messages"] if each["role"] == "user"]
                assert "Asked of the old one, migrated" in asked
                await after.ask(f"Asked of the new one, {turn}")
            await before.ask(f"Asked of the old one, {turn}")
        # New visitors are let in by both, and what the old one stores is found by the new one.
        async with Chat(old.url) as another:
            await another.hello()
            await another.ask("Asked by another")
        shown = await shows(old, before)
        assert [each["seq"] for each in shown] == list(range(1, len(shown) + 1))
        assert shown == await shows(new, before)
    exported = [
        json.loads(line) for line in (await new.manage("export_transcripts")).stdout.splitlines()
    ]
    texts = [message["text"] for each in exported for message in each["messages"]]
    assert len([text for text in texts if text.startswith("Asked ")]) == 7
    assert {message["status"] for each in exported for message in each["messages"]} == {"complete"}
    for worker in (old, new):
        assert "Traceback" not in worker.log, worker.log


async def shows(worker: OldServer | Server, chat: Chat) -> list[dict[str, object]]:
    """What a worker has of a conversation, but for how it writes that down."""
    async with Chat(worker.url) as fresh:
        ready = await fresh.hello(visitor=chat.visitor, conversation=chat.conversation)
        fields = ("id", "seq", "role", "text", "status")
        return [{name: each[name] for name in fields} for each in ready["messages"]]


def test_a_release_goes_on_with_the_next_ones_tables() -> None:
    """What 0.1.0 stores for a visitor names no newer column, so the database fills those; and it
    finds all of its own."""
    loader = MigrationLoader(None)
    before = loader.project_state([LAST]).apps
    for name in ("Visitor", "Conversation", "Message"):
        known = {
            field.column
            for field in before.get_model("chatwidget", name)._meta.local_concrete_fields
        }
        fields = apps.get_model("chatwidget", name)._meta.local_concrete_fields
        assert known <= {field.column for field in fields}
        new = [field for field in fields if field.column not in known]
        assert [each.name for each in new if not (each.null or each.has_db_default())] == []
