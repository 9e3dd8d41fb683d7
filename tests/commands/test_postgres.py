"""The same commands on PostgreSQL, whose cursors and locks are others."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from chatwidget.transcripts import export
from tests.environment import VARIABLES
from tests.running import Completed, prepare, run
from tests.services import Postgres

COUNT = export.CHUNK * 2 + 1
Manage = Callable[..., Awaitable[Completed]]


@pytest.fixture
async def manage(postgres: Postgres) -> Manage:
    """`manage.py …` with a database of a few chunks of conversations."""
    variables = {**VARIABLES, "DATABASE_URL": await postgres.database()}
    await prepare(variables)

    async def call(*arguments: str, check: bool = True) -> Completed:
        return await run([sys.executable, "manage.py", *arguments], env=variables, check=check)

    fill = (
        "from tests.stored import *\n"
        "widget = a_widget()\n"
        "zoe = Visitor.objects.create(widget=widget, email='zoe@example.com')\n"
        "for n in range(3): a_conversation(widget, 'hi', 'hello', visitor=zoe)\n"
        f"for n in range({COUNT - 3}): a_conversation(widget, 'hi', 'hello')\n"
    )
    await call("shell", "-v0", "-c", fill)
    return call


async def test_export_forget_and_purge(manage: Manage) -> None:
    lines = (await manage("export_transcripts", "shop")).stdout.splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == COUNT
    assert all(len(json.loads(line)["messages"]) == 2 for line in lines)
    first = json.loads(lines[0])
    assert first["id"] == str(UUID(first["id"])) and first["visitor"]["consent"] == {}
    assert first["started_at"] == first["messages"][0]["created_at"] == "2026-03-14T12:00:00Z"
    assert first["messages"][0]["metadata"] == {}

    forgotten = await manage("forget_visitor", "ZOE@example.com")
    assert forgotten.stdout == "Erased 3 conversations with 6 messages, and 1 visitor.\n"
    again = await manage("forget_visitor", "zoe@example.com", check=False)
    assert again.returncode == 1

    purged = await manage("purge_transcripts", "--older-than", "0")
    left = COUNT - 3
    assert purged.stdout == (
        f"Erased {left} conversations with {2 * left} messages, and {left} visitors.\n"
    )
    assert (await manage("export_transcripts")).stdout == ""
