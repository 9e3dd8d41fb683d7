"""Debian's WebKit, driven by the few commands of WebDriver that a trip through it needs.

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

from tests.browser.windows import ROOT, Place, Window
from tests.running import Process, free_port

AVAILABLE = all(map(shutil.which, ("WebKitWebDriver", "Xvfb")))
# A page that is just leaving, or an element that has gone.
GONE = {"no such element", "no such frame", "no such window", "stale element reference"}


class WebKit(Window):
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.path = ""

    async def ask(self, method: str, path: str, **values: Any) -> Any:
        body = values if method == "POST" else None
        answer = await self.client.request(method, self.path + path, json=body)
        value = answer.json()["value"]
        if answer.is_error and value["error"] in GONE:
            raise LookupError(value["message"])
        assert answer.is_success, value
        return value

    async def begin(self) -> None:
        value = await self.ask("POST", "/session", capabilities={})
        self.path = f"/session/{value['sessionId']}"

    async def go(self, url: str) -> None:
        await self.ask("POST", "/frame", id=None)
        await self.ask("POST", "/url", url=url)

    async def enter(self, place: Place) -> None:
        """What is asked for from now on is there."""
        await self.ask("POST", "/frame", id=None)
        if place == "chat":
            frame = await self.run(f"{ROOT}.querySelector('iframe')")
            if not frame:
                raise LookupError("there is no frame")
            await self.ask("POST", "/frame", id=frame)

    async def run(self, expression: str) -> Any:
        return await self.ask("POST", "/execute/sync", script=f"return {expression}", args=[])

    async def evaluate(self, expression: str, place: Place = "page") -> Any:
        await self.enter(place)
        return await self.run(expression)

    async def click_on(self, expression: str, place: Place) -> None:
        element = await self.evaluate(expression, place)
        [reference] = element.values()
        await self.ask("POST", f"/element/{reference}/click")

    async def press(self, keys: str, place: Place = "page") -> None:
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": strokes}
        await self.ask("POST", "/actions", actions=[keyboard])

    async def resize(self, width: int, height: int) -> None:
        """The window's own frame takes a little, which is found out."""
        await self.enter("page")
        extra = await self.run("[outerWidth - innerWidth, outerHeight - innerHeight]")
        size = {"width": width + extra[0], "height": height + extra[1]}
        await self.ask("POST", "/window/rect", **size)


@asynccontextmanager
async def webkit() -> AsyncIterator[WebKit]:
    """A window of a browser with a screen of its own."""
    reading, writing = os.pipe()
    screen = await asyncio.create_subprocess_exec(
        *("Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"),
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
            window = WebKit(client)
            await window.begin()
            yield window
            await window.ask("DELETE", "")
    finally:
        await driver.kill()
        screen.terminate()
        await screen.wait()
