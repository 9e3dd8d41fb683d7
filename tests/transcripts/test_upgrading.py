"""Migrations of a database that is in use, beside workers of the release before."""

from __future__ import annotations

import sys
import uuid

import pytest

from tests.environment import FOLDER, VARIABLES
from tests.running import run
from tests.services import Postgres

# What each begins with: a database as the migration before left it, and that release's models.
BEFORE = """
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

before = ("chatwidget", "{before}")
call_command("migrate", *before, verbosity=0)
old = MigrationExecutor(connection).loader.project_state([before]).apps
widget = old.get_model("chatwidget", "Widget").objects.create(slug="shop", title="Shop")
visitor = old.get_model("chatwidget", "Visitor").objects.create(widget=widget)
Conversation = old.get_model("chatwidget", "Conversation")
"""

MESSAGE_REVISION = """
Message = old.get_model("chatwidget", "Message")
conversation = Conversation.objects.create(widget=widget, visitor=visitor, revision=7)

def said(seq):
    Message.objects.create(
        conversation=conversation, visitor=visitor, seq=seq, role="user", text=f"{seq}",
        status="complete", created_at=timezone.now(),
    )

def place():
    \"\"\"Where the table's rows are: elsewhere once they are written again.\"\"\"
    query = {
        "sqlite": "SELECT rootpage FROM sqlite_master WHERE name = 'chatwidget_message'",
        "postgresql": "SELECT pg_relation_filenode('chatwidget_message')",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()

said(1)
there = place()
call_command("migrate", verbosity=0)
assert place() == there, "the table was written again"
said(2)  # by a worker that does not know the column

from chatwidget import transcripts
found = transcripts.snapshot(conversation.pk, visitor.pk)
assert [(entry.text, entry.revision) for entry in found.entries] == [("1", 0), ("2", 0)]
found = transcripts.changes_since(conversation.pk, 6)
assert (found.entries, found.revision) == ([], 7)
print("good")
"""

UNANSWERED = """
Counted = old.get_model("chatwidget", "Counted")

def counted(**counts):
    row = Conversation.objects.create(widget=widget, visitor=visitor)
    counts = {f"29384955 {what}": 1 for what in counts}
    Counted.objects.create(conversation=row, widget=widget, start=29384955, counts=counts)
    return row.pk

lost = counted(replies=1, no_answer=1)
counted(replies=1)
call_command("migrate", verbosity=0)
counted(replies=1, no_answer=1)  # by a worker that does not know the column

from chatwidget import models
assert [each.pk for each in models.Counted.objects.filter(unanswered=True)] == [lost]
assert models.Counted.objects.count() == 3
print("good")
"""


@pytest.mark.parametrize(
    ("before", "code"),
    [("0003_search", MESSAGE_REVISION), ("0015_digests", UNANSWERED)],
    ids=["revision", "unanswered"],
)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_table_in_use_gets_a_column(
    kind: str, before: str, code: str, postgres: Postgres
) -> None:
    """Who does not know of it writes on; rows that are not about it are not written."""
    url = f"sqlite:///{FOLDER}/{uuid.uuid4()}.sqlite3"
    if kind == "postgresql":
        url = await postgres.database()
    done = await run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", BEFORE.format(before=before) + code],
        env={**VARIABLES, "DATABASE_URL": url},
    )
    assert done.stdout == "good\n"
