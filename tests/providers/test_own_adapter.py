"""The adapter of docs/own-adapter.md, as it stands there: served, configured and chatted with."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.client import Chat
from tests.conftest import Serve
from tests.environment import VARIABLES
from tests.running import ROOT, run

PAGE = (ROOT / "docs" / "own-adapter.md").read_text()
KEY = "parrot-0123456789"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """The page's code as parrot.py; the folder it is in."""
    adapter, suite = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
    (tmp_path / "parrot.py").write_text(adapter)
    (tmp_path / "test_parrot.py").write_text(suite)
    return tmp_path


class Platform:
    """api.parrot.example: says each word of the question again, on a line of its own."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.url = ""

    async def answers(self, request: web.Request) -> web.StreamResponse:
        if request.headers["Authorization"] != f"Bearer {KEY}":
            raise web.HTTPUnauthorized
        body = await request.json()
        self.asked.append(body)
        headers = {"Content-Type": "application/x-ndjson", "X-Thread": "thread-7"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        for word in body["question"].split():
            line = "{}" if word == "broken" else json.dumps({"text": word + " "})
            await response.write(line.encode() + b"\n")
        return response


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    found = Platform()
    app = web.Application()
    app.router.add_post("/v1/answers", found.answers)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


async def test_it_chats(serve: Serve, platform: Platform, module: Path) -> None:
    env = {"PYTHONPATH": str(module)}
    env |= dict(re.findall(r"^export (CHATWIDGET_PROVIDERS)=(\S+)$", PAGE, re.M))
    server = await serve({**env, "CHATWIDGET_ALLOW_PRIVATE_PROVIDERS": "true"})
    [line] = re.findall(r"^python manage.py (configure_widget .*)$", PAGE, re.M)
    arguments = [*line.split(), "--base-url", platform.url]
    await server.manage(*arguments, env={"PLATFORM_KEY": KEY})
    async with Chat(server.url, "help") as chat:
        await chat.greeting(await chat.hello())
        assert (await chat.ask("Pretty Polly"))[0] == "Pretty Polly "
        text, done = await chat.ask("a broken wing")
        assert (text, done["error"]["code"]) == ("a ", "provider_rejected")
    first, second = platform.asked
    assert first == {"agent": "polly", "question": "Pretty Polly", "mood": "cheerful"}
    assert second["thread"] == "thread-7"


async def test_it_passes_its_suite(module: Path) -> None:
    env = {
        **VARIABLES,
        "PYTHONPATH": f"{module}:{ROOT}",
        "CHATWIDGET_PROVIDERS": "parrot=parrot.Parrot",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_parrot.py"]
    options = ["--ds", "project.settings", "--rootdir", str(module)]
    done = await run([*command, *options], env=env, cwd=module)
    assert re.search(r"1\d passed", done.stdout), done.stdout


async def test_it_comes_with_a_package(serve: Serve, module: Path) -> None:
    """By its entry point; one that is broken is left out, and logged."""
    [table] = re.findall(r"^```toml\n\[project.*?\]\n(.*?)^```", PAGE, re.M | re.S)
    info = module / "parrot-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: parrot\nVersion: 1.0\n")
    points = table.replace('"', "") + "broken = nowhere:Nothing\n"
    (info / "entry_points.txt").write_text(f"[chatwidget.providers]\n{points}")
    server = await serve({"PYTHONPATH": str(module)})
    given = ("configure_widget", "help", "--provider", "parrot", "--agent", "polly")
    done = await server.manage(*given, "--api-key-env", "KEY", env={"KEY": KEY})
    assert "Made widget 'help'" in done.stdout
    assert "the adapter broken" in done.stderr


OWN = r"""
import asyncio

from chatwidget.errors import PlatformUnavailable
from chatwidget.providers.base import Delta, Finished, Provider


class Own(Provider):
    label = "Own"
    needs_base_url = needs_key = needs_agent = False

    async def reply(self, turn):
        yield Delta("Well")
        if turn.text == "wait":
            await asyncio.Event().wait()
        if turn.text == "fail":
            raise PlatformUnavailable("half a sign: \ud83d")
        yield Finished(message_id="\ud83d", metadata={"a": object()})
"""


async def test_one_without_http_is_bounded_and_cannot_hold_a_reply_up(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "own.py").write_text(OWN)
    env = {"PYTHONPATH": str(tmp_path), "CHATWIDGET_PROVIDERS": "own=own.Own"}
    server = await serve({**env, "CHATWIDGET_TIMEOUTS": "1,5,0.5,10"})
    await server.manage("configure_widget", "help", "--provider", "own")
    async with Chat(server.url, "help") as chat:
        await chat.greeting(await chat.hello())
        ends = [(await chat.ask(text)) for text in ("wait", "fail", "tell")]
    assert [text for text, _ in ends] == ["Well"] * 3
    codes = [done.get("error", {}).get("code") for _, done in ends]
    assert codes == ["provider_timeout", "provider_unavailable", None]


async def test_a_path_that_leads_nowhere_is_named(serve: Serve) -> None:
    server = await serve()
    env = {"CHATWIDGET_PROVIDERS": "parrot=nowhere.Parrot"}
    with pytest.raises(AssertionError, match=r"cannot import 'nowhere\.Parrot'"):
        await server.manage("check", env=env)
