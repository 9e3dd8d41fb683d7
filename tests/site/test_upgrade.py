"""A site of release 0.1.0 is upgraded: its database is migrated, and its chats go on."""

from __future__ import annotations

import json
import sys

import pytest

from chatwidget.tokens import visitor_token
from tests.client import Chat
from tests.conftest import Serve
from tests.environment import FOLDER, VARIABLES
from tests.old_release import CONVERSATION, TEXTS, VISITOR
from tests.running import run
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
