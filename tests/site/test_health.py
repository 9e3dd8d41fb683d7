"""`/healthz`: 200 while the database and Redis answer, else 503, and 200 again by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.conftest import Serve
from tests.delivery.visits import well
from tests.running import Server, prepare
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
    url = await postgres.database()
    await prepare({"DATABASE_URL": url})
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
