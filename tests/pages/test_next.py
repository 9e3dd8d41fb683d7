"""Next.js: its router, its `<Script>`, and a text that the browser renders differently."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.pages.node import NODE, QUIET, node
from tests.pages.visit import FOLDER, MODULES, Visit
from tests.running import Process, free_port

NEXT = MODULES / "next/dist/bin/next"
SITE = FOLDER / "next"
pytestmark = pytest.mark.skipif(not NEXT.exists(), reason="npm install, without --omit=dev")
Start = Callable[..., Awaitable[None]]


@pytest.fixture(scope="module")
async def built() -> None:
    await node(str(NEXT), "build", cwd=SITE)


@pytest.fixture
async def start(visit: Visit, built: None) -> AsyncIterator[Start]:
    """Its server is the visit's site from then on."""
    started: list[Process] = []

    async def begin(**values: str) -> None:
        port = free_port()
        path = os.pathsep.join([str(Path(NODE).parent), os.environ.get("PATH", os.defpath)])
        loader = f"{visit.server.url}/chatwidget/demo.js"
        command = [NODE, str(NEXT), "start", "--port", str(port), "--hostname", "127.0.0.1"]
        site = Process(command, {**QUIET, "PATH": path, "LOADER": loader, **values}, port, SITE)
        started.append(site)
        await site.start("/")
        visit.url = f"http://localhost:{port}"

    yield begin
    for site in started:
        await site.kill()


async def test_the_launcher(visit: Visit, start: Start) -> None:
    await start()
    await visit.trip()
    assert any("418" in line for line in visit.complaints)  # the text, in React's own words
    visit.complaints.clear()


async def test_an_inline_chat(visit: Visit, start: Start) -> None:
    await start(TARGET="#help")
    await visit.inline_trip()
    visit.complaints.clear()
