"""The same commands on PostgreSQL, whose cursors and locks are others."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from chatwidget.transcripts import chats
from tests.environment import VARIABLES
from tests.running import Completed, run
from tests.services import Postgres

COUNT = chats.CHUNK * 2 + 1
Manage = Callable[..., Awaitable[Completed]]


@pytest.fixture
async def manage(postgres: Postgres) -> Manage:
    """`manage.py …` with a database of a few chunks of conversations."""
    variables = {**VARIABLES, "DATABASE_URL": await postgres.prepared()}

    async def call(*arguments: str, check: bool = True) -> Completed:
        return await run([sys.executable, "manage.py", *arguments], env=variables, check=check)

    fill = (
        "from datetime import timedelta\nfrom tests.stored import *\n"
        "widget = a_widget()\n"
        "zoe = Visitor.objects.create(widget=widget, email='zoe@example.com')\n"
        "ended = {'completed_at': NOON + timedelta(seconds=65.5)}\n"
        "for n in range(3): a_conversation(widget, 'hi', 'hello', visitor=zoe, reply=ended)\n"
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
    assert first["messages"][1]["completed_at"] == "2026-03-14T12:01:05.500000Z"
    assert first["messages"][0]["metadata"] == {} and first["ended_at"] is None

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


# What others store between what Django reads of a row before its deletion and the deletion itself.
MEANWHILE = """
from threading import Thread
from django.db import connection, transaction
from django.utils import timezone
from chatwidget.transcripts import erasure, rollups
from chatwidget.transcripts.locking import locked
from tests.stored import *

outcomes = []

def in_thread(work):
    def run():
        try:
            work()
        except Exception as error:
            outcomes.append(type(error).__name__)
        finally:
            connection.close()
    thread = Thread(target=run)
    thread.start()
    return thread

def while_deleting(erase, *works, waits=(), at="DELETE"):
    threads = []
    def see(execute, sql, parameters, many, context):
        if sql.startswith(at) and not threads:
            for work in works:
                threads.append(in_thread(work))
                threads[-1].join()
            threads.extend(map(in_thread, waits))
        return execute(sql, parameters, many, context)
    with connection.execute_wrapper(see):
        print(erase())
    for thread in threads:
        thread.join()

def write_to(conversation):
    with transaction.atomic():
        row = locked(conversation.pk)
        Message.objects.create(conversation=row, visitor=row.visitor, seq=9)
"""
COUNTED = f"""{MEANWHILE}
conversation = a_conversation(a_widget(), "hi", "hello")
erase = lambda: erasure.purge(timezone.now())
late = dict(waits=[lambda: write_to(conversation)], at='DELETE FROM "chatwidget_conversation"')
while_deleting(erase, rollups.catch_up, **late)
print(*outcomes, Conversation.objects.count(), Message.objects.count(), Visitor.objects.count())
"""
BEGUN = f"""{MEANWHILE}
widget = a_widget("again")
visitor = a_conversation(widget, "hi").visitor
begin = lambda: a_conversation(widget, "again", visitor=visitor)
while_deleting(lambda: erasure.forget(Visitor.objects.filter(pk=visitor.pk)), begin)
a_conversation(widget, "hi")
while_deleting(lambda: erasure.erase_widget(widget), lambda: a_conversation(widget, "new"))
other = a_widget("other")
late = dict(waits=[lambda: a_conversation(other, "late")], at='DELETE FROM "chatwidget_widget"')
while_deleting(lambda: erasure.erase_widget(other), **late)
print(*outcomes, Widget.objects.count(), Visitor.objects.count())
"""


async def test_what_is_stored_while_it_is_erased(manage: Manage) -> None:
    """Numbers are not counted of what goes; who writes waits, and is told that it is gone."""
    await manage("flush", "--no-input")
    done = await manage("shell", "-v0", "-c", COUNTED)
    erased = "1 conversation with 2 messages, and 1 visitor"
    assert done.stdout.splitlines() == [erased, "ConversationGone 0 0 0"]
    done = await manage("shell", "-v0", "-c", BEGUN)
    assert done.stdout.splitlines() == [
        "2 conversations with 2 messages, and 1 visitor",
        "2 conversations with 2 messages, and 2 visitors",
        "0 conversations with 0 messages, and 0 visitors",
        "IntegrityError 1 0",
    ]
