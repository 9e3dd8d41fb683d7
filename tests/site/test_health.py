"""`/healthz`: 200 while the database and Redis answer, else 503, and 200 again by itself."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.client import Chat
from tests.conftest import Serve
from tests.delivery.visits import well
from tests.running import Preparation, Server, free_port
from tests.services import Postgres, Redis


@pytest.fixture(scope="module")
async def services() -> AsyncIterator[tuple[Postgres, Redis]]:
    """Of this module's own: an outage would be every other server's too."""
    postgres, redis = Postgres(), Redis()
    try:
        await postgres.create()
        await postgres.start()
        await redis.start()
        yield postgres, redis
    finally:
        await redis.stop()
        await postgres.stop()
        postgres.remove()


async def status(client: httpx.AsyncClient) -> int:
    return (await client.get("/healthz")).status_code


async def test_ok(server: Server) -> None:
    async with server.client() as client:
        answer = await client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_postgres_and_redis_come_and_go(
    serve: Serve, kind: str, services: tuple[Postgres, Redis]
) -> None:
    postgres, redis = services
    url = await postgres.prepared()
    server = await serve({"REDIS_URL": redis.database()}, kind, url)
    async with server.client() as client:
        for service in services:
            await well(server)
            await service.stop()
            try:
                assert await status(client) == 503
            finally:
                await service.start()
        await well(server)


async def test_a_forgotten_migration_is_told(preparation: Preparation) -> None:
    """By the health check, the log, the checks and the commands, not by the visitors alone."""
    url = await preparation.database()
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        database.execute("ALTER TABLE chatwidget_message RENAME COLUMN client_id TO forgotten")
        last = database.execute(
            "DELETE FROM django_migrations WHERE id = (SELECT max(id) FROM django_migrations"
            " WHERE app = 'chatwidget') RETURNING name"
        ).fetchone()[0]
    database.close()
    server = Server({"DATABASE_URL": url}, "daphne", free_port())
    try:
        await server.start(ready="/")
        async with server.client() as client:
            answer = await client.get("/healthz")
        assert answer.status_code == 503
        assert answer.json()["migrations"] == "unavailable"
        assert f"migrations are missing: {last}" in server.log
        async with Chat(server.url) as chat:
            await chat.hello()
            refused = await chat.answer("a text that no log may hold")
        assert refused["code"] == "unavailable"
        assert re.search(r"ERROR.*refused: database: \w*Error: .*client_id", server.log)
        assert "no log may hold" not in server.log
        for command in ("check_widget demo", "configure_widget demo --title Other"):
            done = await server.manage(*command.split(), check=False)
            assert done.returncode == 1 and last in done.stderr and "run migrate" in done.stderr
        assert "chatwidget.W004" in (await server.manage("check")).stderr
    finally:
        await server.kill()
