"""Debian's WebKit, driven by the few commands of WebDriver that one test needs.

Playwright's own WebKit is a download; `webkit2gtk-driver` and `xvfb` are packages of the system.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.running import Process, free_port

AVAILABLE = all(map(shutil.which, ("WebKitWebDriver", "Xvfb")))
PATIENCE_MS = 30_000  # how long an element is waited for
ENTER = "\ue007"
Element = dict[str, str]  # one entry: the kind of reference, and the reference


class Session:
    """One window. What is not there yet is waited for."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.path = ""

    async def ask(self, method: str, path: str, **values: Any) -> Any:
        body = values if method == "POST" else None
        answer = await self.client.request(method, self.path + path, json=body)
        value = answer.json()["value"]
        assert answer.is_success, value
        return value

    async def begin(self) -> None:
        value = await self.ask("POST", "/session", capabilities={})
        self.path = f"/session/{value['sessionId']}"
        await self.ask("POST", "/timeouts", implicit=PATIENCE_MS)

    async def go(self, url: str) -> None:
        await self.ask("POST", "/url", url=url)

    async def script(self, code: str) -> Any:
        return await self.ask("POST", "/execute/sync", script=code, args=[])

    async def find(self, selector: str, within: str = "") -> Element:
        """The first element that matches; `within` is a shadow root's path."""
        found: Element = await self.ask(
            "POST", f"{within}/element", using="css selector", value=selector
        )
        return found

    async def shadow(self, element: Element) -> str:
        """The path of the element's open shadow root."""
        return f"/shadow/{reference(await self.ask('GET', f'{path(element)}/shadow'))}"

    async def enter(self, frame: Element) -> None:
        """What is asked for from now on is in this frame."""
        await self.ask("POST", "/frame", id=frame)

    async def leave(self) -> None:
        await self.ask("POST", "/frame", id=None)

    async def click(self, element: Element) -> None:
        await self.ask("POST", f"{path(element)}/click")

    async def press(self, keys: str) -> None:
        """Presses keys, wherever the focus is."""
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": strokes}
        await self.ask("POST", "/actions", actions=[keyboard])

    async def text(self, element: Element) -> str:
        return str(await self.ask("GET", f"{path(element)}/text"))

    async def name(self, element: Element) -> str:
        """Its accessible name."""
        return str(await self.ask("GET", f"{path(element)}/computedlabel"))


def reference(element: Element) -> str:
    return next(iter(element.values()))


def path(element: Element) -> str:
    return f"/element/{reference(element)}"


@asynccontextmanager
async def webkit() -> AsyncIterator[Session]:
    """A window of a browser with a screen of its own."""
    reading, writing = os.pipe()
    screen = await asyncio.create_subprocess_exec(
        *("Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp"),
        pass_fds=[writing],
        stderr=asyncio.subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as numbers:
        number = await asyncio.to_thread(numbers.readline)
    port = free_port()
    environment = {"DISPLAY": f":{number.strip()}", "LIBGL_ALWAYS_SOFTWARE": "1"}
    driver = Process(["WebKitWebDriver", "--host=127.0.0.1", f"--port={port}"], environment, port)
    try:
        await driver.start("/status")
        async with httpx.AsyncClient(base_url=driver.url, timeout=60, trust_env=False) as client:
            session = Session(client)
            await session.begin()
            yield session
            await session.ask("DELETE", "")
    finally:
        await driver.kill()
        screen.terminate()
        await screen.wait()
