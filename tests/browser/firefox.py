"""Firefox, over WebDriver BiDi, which it speaks by itself: no driver is needed.

Playwright's Firefox is a download, and another than visitors have.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.browser.windows import Place, Window
from tests.running import Process, free_port

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")
# It asks nobody for news while it is tested.
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.region.network.url": "",
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.search.update": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "intl.accept_languages": "en-US",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.server": "data:,",
}
# A page that is just leaving, or an element that has gone.
GONE = {"no such frame", "no such node", "unknown error"}


class Firefox(Window):
    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.numbers = itertools.count()
        self.context = ""

    async def ask(self, method: str, **params: Any) -> Any:
        number = next(self.numbers)
        await self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        async for text in self.socket:
            answer = json.loads(text)
            if answer.get("id") == number:
                break
        if answer["type"] == "error" and answer["error"] in GONE:
            raise LookupError(answer["message"])
        assert answer["type"] == "success", answer
        return answer["result"]

    async def begin(self) -> None:
        await self.ask("session.new", capabilities={})
        self.context = (await self.ask("browsingContext.create", type="tab"))["context"]
        await self.resize(1280, 800)

    async def go(self, url: str) -> None:
        await self.ask("browsingContext.navigate", context=self.context, url=url, wait="complete")

    async def place(self, place: Place) -> str:
        """Its browsing context."""
        if place == "page":
            return self.context
        [tree] = (await self.ask("browsingContext.getTree", root=self.context))["contexts"]
        if not tree["children"]:
            raise LookupError("there is no frame")
        return str(tree["children"][0]["context"])

    async def run(self, expression: str, place: Place) -> Any:
        target = {"context": await self.place(place)}
        options = {"awaitPromise": True, "userActivation": False}
        answer = await self.ask("script.evaluate", expression=expression, target=target, **options)
        assert answer["type"] == "success", answer
        return answer["result"]

    async def evaluate(self, expression: str, place: Place = "page") -> Any:
        value = await self.run(f"JSON.stringify({expression})", place)
        return json.loads(value["value"]) if "value" in value else None

    async def click_on(self, expression: str, place: Place) -> None:
        found = await self.run(expression, place)
        element = {"type": "element", "element": {"sharedId": found["sharedId"]}}
        actions = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": element},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        await self._act(await self.place(place), "pointer", actions)

    async def press(self, keys: str, place: Place = "page") -> None:
        kinds = ("keyDown", "keyUp")
        strokes = [{"type": kind, "value": key} for key in keys for kind in kinds]
        await self._act(await self.place(place), "key", strokes)

    async def _act(self, context: str, kind: str, actions: list[dict[str, Any]]) -> None:
        source = {"type": kind, "id": kind, "actions": actions}
        await self.ask("input.performActions", context=context, actions=[source])

    async def resize(self, width: int, height: int) -> None:
        viewport = {"width": width, "height": height}
        await self.ask("browsingContext.setViewport", context=self.context, viewport=viewport)


@asynccontextmanager
async def firefox(profile: Path) -> AsyncIterator[Firefox]:
    """A window of a browser without a screen, whose profile is in this empty folder."""
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(v)});" for name, v in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    port = free_port()
    options = ["--headless", "--no-remote", "--profile", str(profile)]
    browser = Process([PROGRAM or "", *options, "--remote-debugging-port", str(port)], {}, port)
    async with browser, connect(f"ws://127.0.0.1:{port}/session", max_size=None) as socket:
        window = Firefox(socket)
        await window.begin()
        yield window
        await window.ask("browser.close")
