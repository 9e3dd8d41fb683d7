"""What years of conversations cost: pages, search, numbers and erasure beside 100,000 messages.

`python -m tests.bench years --messages 10000000`, on PostgreSQL. A year of invented conversations
(`demo_data`) is copied, rows, index and counts, each copy some weeks before the one before, until
there are so many messages; then every step is done on both databases by turns, in a process that is
at work already.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import closing
from time import perf_counter
from typing import Any

import psycopg

from tests.bench.generator import median
from tests.bench.table import printed, verdict
from tests.bench.targets import manage, product_env
from tests.running import ROOT
from tests.services import Postgres

FEW = 100_000
MANY = 10_000_000
WEEKS = 2  # from one copy to the one before
ROUNDS = 7
# Steps may take so many times as long beside many messages as beside FEW.
GOAL = 3.0

MINUTES = WEEKS * 7 * 1440
# The first 48 bits of an id are a time in milliseconds; a search entry's id has 15 more behind.
MOVED_ID = (
    "(lpad(to_hex(('x' || left(replace({0}::text, '-', ''), 12))::bit(48)::bigint"
    f" - n.i * {MINUTES * 60_000}::bigint), 12, '0')"
    " || substr(replace({0}::text, '-', ''), 13))::uuid"
)
MOVED_ENTRY = f"t.id - ((n.i * {MINUTES * 60_000}::bigint) << 15)"
MOVED_TIME = f"{{0}} - n.i * interval '{MINUTES} minutes'"
MOVED_MINUTES = f"t.start - n.i * {MINUTES}"
# By table, what a copy has of its own.
COPIED: dict[str, dict[str, str]] = {
    "visitor": {"id": MOVED_ID, "created_at": MOVED_TIME},
    "conversation": {
        **dict.fromkeys(("id", "visitor_id"), MOVED_ID),
        **dict.fromkeys(("started_at", "last_message_at", "ended_at"), MOVED_TIME),
    },
    "message": {
        **dict.fromkeys(("id", "conversation_id", "visitor_id"), MOVED_ID),
        **dict.fromkeys(("created_at", "completed_at"), MOVED_TIME),
    },
    "searchentry": {
        "id": MOVED_ENTRY,
        **dict.fromkeys(("conversation_id", "message_id"), MOVED_ID),
    },
    "counted": {"conversation_id": MOVED_ID, "start": MOVED_MINUTES},
    "tally": {"start": MOVED_MINUTES},
    "dailykeys": {"day": f"t.day - n.i * {WEEKS * 7}"},
}
# Built again behind the copies: one by one they would take most of the time.
GIN = (
    "CREATE INDEX chatwidget_search ON chatwidget_searchentry"
    " USING gin (to_tsvector('simple', words))"
)

# What a worker of the bench does: reads the name of one of its `steps`, and writes how many ms that
# took.
BEGIN = """
import itertools, json, sys, time
from datetime import timedelta
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from chatwidget.models import Conversation, Message, Visitor
from chatwidget.transcripts import erasure, rollups, search_index

settings.ALLOWED_HOSTS = ["testserver"]
client = Client()
user, _ = User.objects.get_or_create(username="bench", is_staff=True, is_superuser=True)
client.force_login(user)
LIST = "/admin/chatwidget/conversation/"
NEWEST = Conversation.objects.order_by("-last_message_at")[0].last_message_at
DAY = f"{NEWEST:%Y-%m-%d}"
YEAR = f"/admin/chatwidget/tally/?from={NEWEST - timedelta(days=364):%Y-%m-%d}&to={DAY}"

def page(address):
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)

"""
STEPS = """
oldest = itertools.count()

def someone():
    return Conversation.objects.order_by("-last_message_at")[next(oldest) * 7 + 50]

def erase_person():
    erasure.forget(Visitor.objects.filter(pk=someone().visitor_id))

def erase_old():
    found = Conversation.objects.order_by("last_message_at").values_list("pk", flat=True)[:100]
    erasure.erase_conversations(Conversation.objects.filter(pk__in=list(found)), visitors=True)

steps = {
    "list: first page": lambda: page(LIST),
    "list: failed": lambda: page(LIST + "?failed=yes"),
    "list: one day": lambda: page(f"{LIST}?since={DAY}&until={DAY}"),
    "a conversation's page": lambda: page(f"{LIST}{someone().pk}/change/"),
    "search: a frequent word": lambda: page(LIST + "?q=the"),
    "search: a rare phrase": lambda: page(LIST + "?q=%22no+such+words+here%22"),
    "numbers: a year": lambda: page(YEAR),
    "erasing a person": erase_person,
    "erasing the 100 oldest": erase_old,
    "index and numbers: nothing to do": lambda: (search_index.catch_up(), rollups.catch_up()),
}
"""
END = """
print(json.dumps(list(steps)), flush=True)
for line in sys.stdin:
    began = time.perf_counter()
    steps[line.strip()]()
    print((time.perf_counter() - began) * 1000, flush=True)
"""


async def measure(messages: int) -> str:
    """The table: what each step takes beside few and many messages, and the ratio."""
    server = Postgres()
    try:
        await server.create()
        await server.start()
        few = await server.database()
        await _fill(few)
        many = await server.database()
        name = many.rpartition("/")[2]
        await server.sql(f"DROP DATABASE {name}")
        await server.sql(f"CREATE DATABASE {name} TEMPLATE {few.rpartition('/')[2]}")
        await asyncio.to_thread(copy, many, messages)
        return await _measured(few, many, messages)
    finally:
        await server.stop()
        server.remove()


async def _fill(database: str) -> None:
    env = product_env(database)
    await manage(env, "migrate", "-v0")
    await manage(env, "collectstatic", "--no-input", "-v0")
    began = perf_counter()
    await manage(env, "demo_data", "--messages", str(FEW), "-v0")
    print(f"  {FEW:,} messages in {perf_counter() - began:.0f} s", flush=True)


def copy(database: str, messages: int) -> None:
    """Copy all there is, each time some weeks earlier, until there are so many messages."""
    with closing(psycopg.connect(database, autocommit=True)) as db:
        db.execute("SET session_replication_role = replica")  # foreign keys are as they were
        db.execute("SET maintenance_work_mem = '256MB'")
        db.execute("DROP INDEX chatwidget_search")
        began = perf_counter()
        for name, changed in COPIED.items():
            table = f"chatwidget_{name}"
            found = db.execute(f"SELECT * FROM {table} LIMIT 0").description or []
            counted = {"id"} - changed.keys()  # by the database itself
            columns = [column[0] for column in found if column[0] not in counted]
            values = [changed.get(each, "{0}").format(f't."{each}"') for each in columns]
            taken = ", ".join(f'"{each}"' for each in columns)
            db.execute(
                f"INSERT INTO {table} ({taken}) SELECT {', '.join(values)} FROM {table} AS t "
                f"CROSS JOIN generate_series(1, {messages // FEW - 1}) AS n(i) "
                "ON CONFLICT DO NOTHING"
            )
            print(f"  {name}s after {perf_counter() - began:.0f} s", flush=True)
        db.execute(GIN)
        db.execute("VACUUM ANALYZE")
        print(f"  indexed and analysed after {perf_counter() - began:.0f} s", flush=True)


class Worker:
    """A process that does steps on one database, and says how long each took."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.pid = process.pid

    @classmethod
    async def on(cls, database: str, steps: str) -> "Worker":
        env = {**os.environ, **product_env(database)}
        command = (sys.executable, "manage.py", "shell", "-v0", "-c", BEGIN + steps + END)
        return cls(
            await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, env=env, stdin=PIPE, stdout=PIPE
            )
        )

    async def said(self) -> Any:
        assert self._process.stdout
        if not (line := await self._process.stdout.readline()):
            raise RuntimeError("a worker of the bench has ended; its words are above")
        return json.loads(line)

    async def ms(self, step: str) -> float:
        assert self._process.stdin
        self._process.stdin.write(f"{step}\n".encode())
        return float(await self.said())

    async def end(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        await self._process.wait()


async def _measured(few: str, many: str, messages: int) -> str:
    workers = [await Worker.on(database, STEPS) for database in (few, many)]
    [steps, _] = [await worker.said() for worker in workers]
    found: dict[str, list[tuple[float, float]]] = {step: [] for step in steps}
    try:
        for round in range(ROUNDS + 1):  # the first fills caches
            for step in steps:
                pair = (await workers[0].ms(step), await workers[1].ms(step))
                if round:
                    found[step].append(pair)
    finally:
        for worker in workers:
            await worker.end()
    lines = []
    for step, pairs in found.items():
        ratio = median([large / small for small, large in pairs])
        shown = [f"{median([pair[side] for pair in pairs]):.1f}" for side in (0, 1)]
        lines.append([step, *shown, f"{ratio:.2f}", f"≤ {GOAL:g}", verdict(ratio <= GOAL)])
    head = ["ms, medians, PostgreSQL", f"{FEW:,} messages", f"{messages:,}", "ratio", "goal", ""]
    return printed(head, lines)
