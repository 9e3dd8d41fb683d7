"""No work may grow with what is stored: the same steps beside few messages and many.

Two servers, each with a database that holds one real conversation, copied until the table is as
large as wanted. Each step is done on both by turns.
"""

import asyncio
import re
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import aiohttp
import psycopg

from tests.bench.cells import first_delta
from tests.bench.generator import Ours, Tally, median
from tests.bench.provider import Provider
from tests.bench.table import printed
from tests.bench.targets import SLUG, Target, manage, product_env, start
from tests.services import Postgres

FEW, SOME, MANY = 1_000, 100_000, 1_000_000
TURNS = 5
"""Of the conversation that is copied: ten messages, and the greeting."""
PASSWORD = "bench-password"


@dataclass(frozen=True)
class Dialect:
    """What multiplies rows in one kind of database."""

    connect: Callable[[str], Any]  # to a URL
    numbers: str  # a table with a column i, from 1 to {count}
    id: str  # one for each n.i and {}
    earlier: str  # {} less n.i seconds


DIALECTS = {
    "SQLite": Dialect(
        connect=lambda url: sqlite3.connect(url.removeprefix("sqlite:///")),
        numbers="(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {count})"
        " SELECT i FROM s)",
        id="printf('%016x%016x', n.i, {})",
        earlier="datetime({}, '-' || n.i || ' seconds')",
    ),
    "PostgreSQL": Dialect(
        connect=psycopg.connect,
        numbers="(SELECT generate_series(1, {count}) AS i)",
        id="(lpad(to_hex(n.i), 16, '0') || lpad(to_hex({}), 16, '0'))::uuid",
        earlier="{} - n.i * interval '1 second'",
    ),
}


async def measure(provider: Provider, folder: Path, full: bool) -> str:
    """A table for each kind of database: what each step costs, and the ratio."""

    async def file() -> str:
        return f"sqlite:///{folder}/rows-{len(list(folder.glob('rows-*')))}.sqlite3"

    sizes, count = ((FEW, MANY), 40) if full else ((FEW, SOME), 8)
    tables = [await _measured(provider, folder, "SQLite", file, sizes, count)]
    if full:
        server = Postgres()
        try:
            await server.create()
            await server.start()
            url = server.database
            tables.append(await _measured(provider, folder, "PostgreSQL", url, sizes, count))
        finally:
            await server.stop()
            server.remove()
    return "\n\n".join(tables)


async def _measured(
    provider: Provider,
    folder: Path,
    kind: str,
    database: Callable[[], Awaitable[str]],
    sizes: tuple[int, int],
    count: int,
) -> str:
    targets = [await _filled(provider, folder, kind, await database(), size) for size in sizes]
    try:
        seconds = await _steps(targets, count)
    finally:
        for target in targets:
            target.stop()
    lines = []
    for step, (few, many) in seconds.items():
        ratio = median([large / small for small, large in zip(few, many, strict=True)])
        lines.append([step, f"{median(few):.2f}", f"{median(many):.2f}", f"{ratio:.2f}"])
    shown = (f"{size:,} messages" for size in sizes)
    return printed([f"ms, medians, {kind}", *shown, "ratio"], lines)


async def _filled(provider: Provider, folder: Path, kind: str, database: str, size: int) -> Target:
    target = await start("ours-daphne", provider, folder, database)
    [visitor] = await target.open(1, Tally())
    for _ in range(TURNS):
        await visitor.say("100 40")
    visitor.close()
    target.stop()
    env = product_env(database)
    env |= {"DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    await manage(env, "createsuperuser", "--noinput", "--username=bench", "--email=b@example.com")
    await manage(env, "collectstatic", "--noinput", "--verbosity", "0")
    await asyncio.to_thread(multiply, DIALECTS[kind], database, size)
    return await start("ours-daphne", provider, folder, database)


def multiply(dialect: Dialect, database: str, messages: int) -> None:
    """Copies the only conversation, its visitor and its messages until there are `messages`."""
    with closing(dialect.connect(database)) as db, db:
        (there,) = db.execute("SELECT COUNT(*) FROM chatwidget_message").fetchone()
        numbers = dialect.numbers.format(count=messages // there - 1)
        copy, earlier = dialect.id, dialect.earlier
        ids = {"visitor_id": copy.format(1), "conversation_id": copy.format(2)}
        changes: dict[str, dict[str, str]] = {
            "visitor": {"id": ids["visitor_id"]},
            "conversation": {
                **ids,
                # Nothing is left to do for them, which would be in the figures.
                **dict.fromkeys(("indexed_revision", "counted_revision"), "t.revision"),
                "id": ids["conversation_id"],
                "started_at": earlier.format("t.started_at"),
                "last_message_at": earlier.format("t.last_message_at"),
            },
            "message": {**ids, "id": copy.format("100 + t.seq")},
        }
        for name, changed in changes.items():
            table = f"chatwidget_{name}"
            columns = [row[0] for row in db.execute(f"SELECT * FROM {table} LIMIT 0").description]
            values = ", ".join(changed.get(column, f't."{column}"') for column in columns)
            db.execute(
                f"INSERT INTO {table} SELECT {values} FROM {table} AS t CROSS JOIN {numbers} AS n"
            )
        db.execute("ANALYZE")


async def _steps(targets: list[Target], count: int) -> dict[str, tuple[list[float], list[float]]]:
    seconds: dict[str, tuple[list[float], list[float]]] = {
        "opening: the frame's page": ([], []),
        "opening: hello to ready, history of 10": ([], []),
        "sending: first delta": ([], []),
        "admin's first page of conversations": ([], []),
    }
    page, hello, send, admin = seconds.values()
    jars = [aiohttp.CookieJar(unsafe=True) for _ in targets]  # unsafe: of an IP address
    sessions = [aiohttp.ClientSession(cookie_jar=jar) for jar in jars]
    try:
        for target, session in zip(targets, sessions, strict=True):
            await _log_in(session, target)
        visitors = [await _known_visitor(target) for target in targets]
        for _ in range(count):
            for place, (target, session) in enumerate(zip(targets, sessions, strict=True)):
                page[place].append(await _fetch(session, target, f"/chatwidget/{SLUG}/"))
                hello[place].append(await _hello(target, visitors[place]))
                send[place].append(median(await first_delta(target, 3)))
                path = "/admin/chatwidget/conversation/"
                admin[place].append(await _fetch(session, target, path))
    finally:
        for session in sessions:
            await session.close()
    return seconds


async def _log_in(session: aiohttp.ClientSession, target: Target) -> None:
    url = f"http://127.0.0.1:{target.port}/admin/login/"
    async with session.get(url) as answer:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', await answer.text())
    assert found, "the admin's login page has no CSRF token"
    form = {"username": "bench", "password": PASSWORD, "next": "/admin/"}
    form["csrfmiddlewaretoken"] = found[1]
    async with session.post(url, data=form, headers={"Referer": url}) as answer:
        assert answer.status == 200, answer.status


async def _fetch(session: aiohttp.ClientSession, target: Target, path: str) -> float:
    """Milliseconds until the whole page is here."""
    began = perf_counter()
    async with session.get(f"http://127.0.0.1:{target.port}{path}") as answer:
        await answer.read()
        assert answer.status == 200 and answer.url.path == path, answer.url
    return (perf_counter() - began) * 1e3


async def _known_visitor(target: Target) -> str:
    """The token of a visitor who has a conversation of ten messages."""
    [visitor] = await target.open(1, Tally())
    for _ in range(TURNS):
        await visitor.say("100 40")
    visitor.close()
    assert isinstance(visitor, Ours)
    return visitor.visitor


async def _hello(target: Target, token: str) -> float:
    """Milliseconds from the connection's begin until the history is here."""
    loop = asyncio.get_running_loop()

    def again() -> Ours:
        visitor = target.visitor(Tally())
        assert isinstance(visitor, Ours)
        visitor.visitor = token
        return visitor

    began = perf_counter()
    _, visitor = await loop.create_connection(again, "127.0.0.1", target.port)
    await visitor.opened
    taken = (perf_counter() - began) * 1e3
    visitor.close()
    return taken
