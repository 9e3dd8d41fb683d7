"""`/healthz`: 200 while the database and Redis answer, else 503, and 200 again by itself."""

from __future__ import annotations

import httpx
import pytest

from tests.conftest import Serve
from tests.running import Server
from tests.services import Postgres, Redis


async def status(client: httpx.AsyncClient) -> int:
    return (await client.get("/healthz")).status_code


async def test_ok(server: Server) -> None:
    async with server.client() as client:
        answer = await client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_postgres_and_redis_come_and_go(
    serve: Serve, kind: str, postgres: Postgres, postgres_url: str, redis: Redis, redis_url: str
) -> None:
    server = await serve({"REDIS_URL": redis_url}, kind, postgres_url)
    async with server.client() as client:
        for service in (postgres, redis):
            assert await status(client) == 200
            await service.stop()
            try:
                assert await status(client) == 503
            finally:
                await service.start()
        assert await status(client) == 200
