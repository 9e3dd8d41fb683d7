"""No work may grow with what is stored: the same three steps beside 1,000 and 1,000,000 messages.

Two servers, each with an SQLite file that holds one real conversation, copied until the table is
as large as wanted. Each step is done on both by turns.
"""

import asyncio
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from time import perf_counter

import aiohttp

from tests.bench.cells import first_delta
from tests.bench.generator import Ours, Tally, median
from tests.bench.provider import Provider
from tests.bench.table import printed
from tests.bench.targets import SLUG, Target, manage, product_env, start

SIZES = (1_000, 1_000_000)
TURNS = 5
"""Of the conversation that is copied: ten messages, and the greeting."""
PASSWORD = "bench-password"


async def measure(provider: Provider, folder: Path, full: bool) -> str:
    """The table: what each step costs beside few and many messages, and the ratio."""
    targets = [await _filled(provider, folder, size) for size in SIZES]
    try:
        seconds = await _steps(targets, 40 if full else 12)
    finally:
        for target in targets:
            target.stop()
    lines = []
    for step, (few, many) in seconds.items():
        ratio = median([large / small for small, large in zip(few, many, strict=True)])
        lines.append([step, f"{median(few):.2f}", f"{median(many):.2f}", f"{ratio:.2f}"])
    return printed(["ms, medians", *(f"{size:,} messages" for size in SIZES), "ratio"], lines)


async def _filled(provider: Provider, folder: Path, size: int) -> Target:
    place = folder / f"rows-{size}"
    place.mkdir()
    database = place / "rows.sqlite3"
    target = await start("ours-daphne", provider, place, f"sqlite:///{database}")
    [visitor] = await target.open(1, Tally())
    for _ in range(TURNS):
        await visitor.say("100 40")
    visitor.close()
    target.stop()
    env = product_env(f"sqlite:///{database}")
    env |= {"DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    await manage(env, "createsuperuser", "--noinput", "--username=bench", "--email=b@example.com")
    await manage(env, "collectstatic", "--noinput", "--verbosity", "0")
    await asyncio.to_thread(multiply, database, size)
    return await start("ours-daphne", provider, place, f"sqlite:///{database}")


def multiply(database: Path, messages: int) -> None:
    """Copies the only conversation, its visitor and its messages until there are `messages`."""
    with closing(sqlite3.connect(database)) as db, db:
        (there,) = db.execute("SELECT COUNT(*) FROM chatwidget_message").fetchone()
        copies = messages // there
        copy = "printf('%016x%016x', n.i, {})"
        ids = {"visitor_id": copy.format(1), "conversation_id": copy.format(2)}
        earlier = "datetime({}, '-' || n.i || ' seconds')"
        changes: dict[str, dict[str, str]] = {
            "visitor": {"id": ids["visitor_id"]},
            "conversation": {
                **ids,
                "id": ids["conversation_id"],
                "started_at": earlier.format("t.started_at"),
                "last_message_at": earlier.format("t.last_message_at"),
            },
            "message": {**ids, "id": copy.format("100 + t.seq")},
        }
        for name, changed in changes.items():
            table = f"chatwidget_{name}"
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            values = ", ".join(changed.get(column, f't."{column}"') for column in columns)
            db.execute(
                f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                f"INSERT INTO {table} SELECT {values} FROM {table} AS t CROSS JOIN n",
                (copies - 1,),
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
