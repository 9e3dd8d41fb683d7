"""Servers that relay from the fake platforms: one on SQLite, or several on PostgreSQL and Redis."""

from __future__ import annotations

import asyncio
import shutil
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from django.db import DEFAULT_DB_ALIAS
from django.db.utils import ConnectionHandler
from environ import Env
from pytest_django import DjangoDbBlocker

from chatwidget.models import Message
from tests.conftest import Serve
from tests.delivery.visits import SLUG, eventually
from tests.environment import FOLDER, SERVER, VARIABLES
from tests.platforms.control import Control
from tests.running import Preparation, Process, Server, free_port, run
from tests.services import Postgres, Redis

COMPLAINTS = (
    *("ERROR chatwidget housekeeping", "ERROR chatwidget socket", "ERROR chatwidget reply"),
    *("never retrieved", "never awaited", "ERROR asyncio"),
)
Database = Callable[[], Awaitable[str]]
UntilStored = Callable[[str, str, str], Awaitable[None]]


async def _configured(database: str, platforms: Process) -> str:
    """Put the widget into a prepared database, and one whose agent is slow to greet."""
    held = [SLUG, "--provider", "openai", "--agent", "local", "--base-url", f"{platforms.url}/v1"]
    slow = ["slow", "--provider", "eigi", "--agent", "fault:slow", "--base-url", platforms.url]
    for widget in (held, [*slow, "--api-key-stdin"]):
        await run(
            [sys.executable, "manage.py", "configure_widget", *widget],
            env={**VARIABLES, "DATABASE_URL": database},
            input="vk_0123456789abcdef",
        )
    return database


@pytest.fixture(scope="session")
async def control(platforms: Process) -> AsyncIterator[Control]:
    """The hand on the fake platforms."""
    made = Control(platforms.url)
    yield made
    await made.close()


@pytest.fixture(scope="session")
async def sqlite(preparation: Preparation, platforms: Process) -> Database:
    """A factory of fresh SQLite files that have the widget; of MariaDB's databases where that is
    what the tests run on."""
    if SERVER:

        async def made() -> str:
            return await _configured(await preparation.database(), platforms)

        return made

    template = (await _configured(await preparation.database(), platforms)).removeprefix(
        "sqlite:///"
    )

    async def make() -> str:
        copy = FOLDER / f"{uuid.uuid4()}.sqlite3"
        shutil.copy(template, copy)
        return f"sqlite:///{copy}"

    return make


async def _of_postgres(postgres: Postgres) -> str:
    return await postgres.prepared()


async def _of_server(preparation: Preparation) -> str:
    return await preparation.database()


_maker: Any = _of_server if SERVER else _of_postgres
empty = pytest.fixture(scope="session", name="empty")(_maker)


@pytest.fixture(scope="session")
async def shared(empty: str, platforms: Process) -> str:
    """A database of a server's own that has the widget: PostgreSQL's, or what the tests run on."""
    return await _configured(empty, platforms)


@pytest.fixture
def until_stored(django_db_blocker: DjangoDbBlocker) -> UntilStored:
    """Wait until this much of a reply is in the database: what is left if its process ends now."""
    query = f"SELECT text FROM {Message._meta.db_table} WHERE id = %s"

    def stored(url: str, reply: str) -> str:
        config = Env.db_url_config(url)
        database = ConnectionHandler({DEFAULT_DB_ALIAS: config})[DEFAULT_DB_ALIAS]
        try:
            with django_db_blocker.unblock(), database.cursor() as cursor:
                key = Message._meta.get_field("id").get_db_prep_value(UUID(reply), database)
                cursor.execute(query, [key])
                return str(cursor.fetchone()[0])
        finally:
            database.close()

    async def until(url: str, reply: str, text: str) -> None:
        async def seen() -> bool:
            return await asyncio.to_thread(stored, url, reply) == text

        await eventually(seen)

    return until


def no_bugs(*servers: Server) -> None:
    """Whatever was done to them: nothing that only a bug of ours writes to the log."""
    for server in servers:
        for complaint in COMPLAINTS:
            assert complaint not in server.log, server.log


@pytest.fixture
async def serve(serve: Serve) -> AsyncIterator[Serve]:
    """As tests.conftest's, and at the end their logs are read."""
    started: list[Server] = []

    async def make(*arguments: Any, **options: Any) -> Server:
        server = await serve(*arguments, **options)
        started.append(server)
        return server

    yield make
    no_bugs(*started)


@dataclass(frozen=True)
class Pair:
    """Two workers of one site: Daphne and uvicorn."""

    a: Server
    b: Server


@pytest.fixture(scope="session")
async def scaled(redis: Redis) -> Mapping[str, str]:
    """The variables of a worker among others; a Redis database of their own."""
    return {"REDIS_URL": redis.database(7)}


@pytest.fixture
async def workers(serve: Serve, shared: str, scaled: Mapping[str, str]) -> Pair:
    """Two workers of the test's own, for what others would feel."""
    return Pair(
        *await asyncio.gather(serve(scaled, "daphne", shared), serve(scaled, "uvicorn", shared))
    )


@pytest.fixture(scope="session")
async def pair(shared: str, scaled: Mapping[str, str]) -> AsyncIterator[Pair]:
    """Two workers that outlive the test: it does not stop them."""
    variables = {"DATABASE_URL": shared, **scaled}
    made = Pair(Server(variables, "daphne", free_port()), Server(variables, "uvicorn", free_port()))
    try:
        await asyncio.gather(made.a.start(), made.b.start())
        yield made
        no_bugs(made.a, made.b)
    finally:
        await asyncio.gather(made.a.kill(), made.b.kill())
