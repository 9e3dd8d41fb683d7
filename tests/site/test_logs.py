"""What operators read: a line for each reply, with its numbers and without a word of it."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from project import logs
from tests.client import Chat
from tests.conftest import Serve
from tests.platforms.control import Control, as_new
from tests.running import Process, Server

KEY = "sk-0123456789abcdef"


@pytest.fixture
async def fakes(platforms: Process) -> AsyncIterator[Control]:
    async with as_new(Control(platforms.url)) as control:
        yield control


@pytest.fixture
async def server(serve: Serve, fakes: Control) -> Server:
    """Its widget `logged` speaks to a platform, with a key."""
    made = await serve({"LOG_FORMAT": "json"})
    platform = ["--provider", "openai", "--agent", "agent-1", "--base-url", f"{fakes.url}/v1"]
    await made.manage("configure_widget", "logged", *platform, "--api-key-stdin", input=KEY)
    return made


async def replies(server: Server) -> list[dict[str, Any]]:
    """The lines about replies, once the server has written its last one."""
    await server.terminate()
    lines = [json.loads(line) for line in server.log.splitlines()]
    return [line for line in lines if line["message"] == "reply"]


async def test_each_reply_is_a_line_of_numbers(server: Server) -> None:
    async with Chat(server.url, "logged") as chat:
        await chat.hello()
        text, _ = await chat.ask("Do you sell a zeppelin?")
        _, failed = await chat.ask("fault:echo-key zeppelin")  # an error, with the key in its text
    good, bad = await replies(server)
    for line in (good, bad):
        assert (line["widget"], line["provider"]) == ("logged", "openai")
        assert line["conversation"] == chat.conversation
        assert line["total_ms"] >= 0
    assert (good["status"], good["length"]) == ("complete", len(text))
    assert 0 <= good["first_chunk_ms"] <= good["total_ms"]
    assert "code" not in good
    assert (bad["status"], bad["code"]) == ("failed", failed["error"]["code"])
    assert bad["code"] == "provider_rejected"
    for secret in ("zeppelin", "Answer", text, KEY, KEY[3:]):
        assert secret not in server.log


HOSTILE = "\n12:00:00 ERROR chatwidget all is lost\x1b[2J\u202e\x9b" + "x" * 50_000


@pytest.mark.parametrize("formatter", [logs.ConsoleFormatter(), logs.JsonFormatter()])
@pytest.mark.parametrize("name", ["chatwidget", "daphne.server", "uvicorn.error", "django.request"])
def test_what_strangers_send_is_bounded_and_escaped(
    formatter: logging.Formatter, name: str
) -> None:
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        trace = sys.exc_info()
    record = logging.LogRecord(name, logging.ERROR, "", 1, "at %s", (HOSTILE,), trace)
    record.path = HOSTILE
    text = formatter.format(record)
    assert len(text) < 35_000
    _, *others = text.split("\n")
    assert all(line.startswith("    ") for line in others), "lines of ours"
    assert text.replace("\n", "").replace("\t", "").isprintable()
    assert "all is lost" in text and "Traceback" in text


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_a_long_frame_is_no_long_line(serve: Serve, kind: str) -> None:
    server = await serve(server=kind)
    before = len(server.log)
    for hello in (
        {"type": "x\x1b[31m\nERROR " + "y" * 60_000},
        {"type": "hello", "token": 1, "page": {"url": "z" * 60_000}},
    ):
        async with Chat(server.url) as chat:
            await chat.send(hello)
            assert await chat.closed() in (4400, 4401)
    async with server.client() as client:
        await client.get("/chatwidget/%0aERROR%1b[31m" + "a" * 3000)
    await server.terminate()
    said = server.log[before:]
    assert "4400" in said
    assert len(said) < 12_000
    assert "\x1b" not in said and "\nERROR" not in said
