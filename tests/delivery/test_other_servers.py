"""Granian and hypercorn, which tell of their end by the lifespan; a prefix that a proxy strips."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import sys

import pytest

from tests.client import SECONDS, Chat
from tests.conftest import Serve
from tests.delivery.conftest import Database
from tests.delivery.visits import Visit, a_name
from tests.platforms.control import Control
from tests.running import Server, free_port

APPLICATION = "project.asgi:application"


def granian(port: int) -> list[str]:
    options = ["--interface", "asgi", "--host", "127.0.0.1", "--port", str(port), "--ws"]
    return [sys.executable, "-m", "granian", *options, APPLICATION]


def hypercorn(port: int) -> list[str]:
    return [sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{port}", APPLICATION]


@pytest.mark.parametrize("command", [granian, hypercorn], ids=lambda each: each.__name__)
async def test_what_is_under_way_is_finished_before_the_server_ends(
    sqlite: Database, control: Control, command: object
) -> None:
    name = command.__name__  # type: ignore[attr-defined]
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    port = free_port()
    server = Server({"DATABASE_URL": await sqlite()}, "daphne", port)
    server.command = command(port)  # type: ignore[operator]
    held = a_name()
    try:
        await server.start()
        async with Visit(server) as here:
            await here.greeted()
            reply = await here.ask_held(control, held)
            await control.push(held, "before ")
            await here.until_text(reply, "before ")
            ending = asyncio.create_task(server.terminate())
            async with asyncio.timeout(SECONDS):
                while "draining: 1 replies" not in server.log:
                    await asyncio.sleep(0.05)  # another process's log gives no event
            await control.push(held, "and after")
            await control.end(held)
            await asyncio.wait_for(ending, SECONDS)
        assert "drained: 0 replies left" in server.log
    finally:
        await server.kill()
    exported = await server.manage("export_transcripts")
    last = json.loads(exported.stdout.splitlines()[-1])["messages"][-1]
    assert (last["status"], last["text"]) == ("complete", "before and after")


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_a_prefix_that_a_proxy_strips(serve: Serve, kind: str) -> None:
    """Daphne hands the path on as it came, uvicorn puts the prefix in front of it again."""
    server = await serve(server=kind)
    await server.terminate()
    server.command[-1:] = ["--root-path", "/help", APPLICATION]
    await server.start()
    async with server.client() as client:
        page = (await client.get("/chatwidget/demo/")).text
    [config] = re.findall(r'id="chatwidget-config">(.*?)</script>', page)
    assert json.loads(config)["socket"] == "/help/chatwidget/demo/ws/"
    async with Chat(server.url) as chat:
        await chat.hello()
        assert (await chat.ask("help"))[1]["status"] == "complete"
