"""What is measured: the product on both servers, and what people would write instead."""

import asyncio
import sys
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import msgspec

from project.servers import ENVIRONMENT
from tests.bench import golang
from tests.bench.generator import Direct, Ours, Plain, Tally, Visitor
from tests.bench.provider import Provider
from tests.bench.servers import Server, command
from tests.running import ROOT, free_port, run

OPENING_AT_ONCE = 50
SLUG = "bench"


@dataclass
class Target:
    """One server under load, and how a visitor comes to it; no server for the direct stream."""

    name: str
    server: Server | None
    port: int
    visitor: Callable[[Tally], Visitor]

    async def open(self, count: int, tally: Tally) -> list[Visitor]:
        """`count` connected visitors, ready to ask."""
        loop = asyncio.get_running_loop()
        gate = asyncio.Semaphore(OPENING_AT_ONCE)

        async def one() -> Visitor:
            async with gate:
                _, visitor = await loop.create_connection(
                    lambda: self.visitor(tally), "127.0.0.1", self.port
                )
                await visitor.opened
            return visitor

        return await asyncio.gather(*(one() for _ in range(count)))

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()


BASELINES = {
    "channels-daphne": ("channels_httpx", "daphne"),
    "channels-uvicorn": ("channels_httpx", "uvicorn"),
    "starlette-httpx": ("starlette_httpx", "uvicorn"),
    "starlette-aiohttp": ("starlette_aiohttp", "uvicorn"),
}
GO = "go-gorilla"
PRODUCT = {"ours-daphne": "daphne", "ours-uvicorn": "uvicorn"}


async def start(
    name: str,
    provider: Provider,
    folder: Path,
    database: str = "",
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Target:
    """Starts what is called `name`; the product on `database`, by default a new SQLite file."""
    port = free_port()
    if name == "direct":
        return Target(name, None, provider.port, Direct)
    if name in BASELINES:
        module, kind = BASELINES[name]
        path = f"tests.bench.baselines.{module}:application"
        server = Server(command(kind, port, path), {"PROVIDER_URL": provider.url}, port)
        await server.ready()
        return Target(name, server, port, lambda tally: Plain(tally, port, "/"))
    if name == GO:
        env = {"PROVIDER_URL": provider.url, "GOMAXPROCS": "1"}
        server = Server([str(await golang.build(folder)), str(port)], env, port)
        await server.ready()
        return Target(name, server, port, lambda tally: Plain(tally, port, "/"))
    env = product_env(database or f"sqlite:///{folder}/{name}-{port}.sqlite3") | dict(variables)
    await manage(env, "migrate", "--verbosity", "0")
    await configure(env, provider)
    server = Server(command(PRODUCT[name], port), env, port)
    await server.ready()
    token = await asyncio.to_thread(frame_token, port)
    path = f"/chatwidget/{SLUG}/ws/"
    return Target(name, server, port, lambda tally: Ours(tally, port, path, token))


def product_env(database: str) -> dict[str, str]:
    """A production-like environment without limits."""
    return {
        **ENVIRONMENT,
        "SECRET_KEY": "bench-only-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789",
        "DEBUG": "false",
        "DATABASE_URL": database,
        "CHATWIDGET_LIMITS": "off",
        "CHATWIDGET_ALLOW_PRIVATE_PROVIDERS": "true",
        "BENCH_KEY": "vk_bench",
    }


async def configure(
    env: dict[str, str], provider: Provider, cwd: Path = ROOT, slug: str = SLUG
) -> None:
    where = ["--base-url", provider.url, "--api-key-env", "BENCH_KEY"]
    await manage(
        env, "configure_widget", slug, "--provider", "eigi", "--agent", "a", *where, cwd=cwd
    )


async def manage(env: dict[str, str], *arguments: str, cwd: Path = ROOT) -> None:
    await run([sys.executable, "manage.py", *arguments], env=env, cwd=cwd)


def frame_token(port: int, slug: str = SLUG) -> str:
    """A frame's token, good for an hour."""
    url = f"http://127.0.0.1:{port}/chatwidget/{slug}/token/"
    request = urllib.request.Request(url, headers={"Origin": f"http://127.0.0.1:{port}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(msgspec.json.decode(answer.read())["token"])
