"""A websocket server in the test's own hand, for what a real one does only when it is unlucky."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

from playwright.async_api import Page, Route, WebSocketRoute

Frame = dict[str, Any]
AT = "2026-11-20T12:00:00.000+00:00"


def message(seq: int, role: str, text: str, **more: Any) -> Frame:
    attempt = {"attempt": 1} if role == "assistant" else {}
    base = {"id": f"m{seq}", "seq": seq, "role": role, "text": text, "status": "complete"}
    return {**base, "created_at": AT, **attempt, **more}


def ready(*messages: Frame, conversation: str | None = "c", **more: Any) -> Frame:
    base = {"type": "ready", "protocol": 1, "visitor": "visitor-token", "more": False}
    shown = {"conversation": conversation, "messages": list(messages)}
    return {**base, **shown, "limits": {"max_length": 4000}, **more}


def accepted(send: Frame, seq: int, conversation: str = "c") -> Frame:
    stored = message(seq, "user", send["text"])
    return {
        "type": "accepted",
        "id": send["id"],
        "message": stored,
        "conversation": conversation,
    }


GREETING = message(1, "assistant", "Hello!")


def greet(frame: Frame) -> list[Frame]:
    """An answer to `hello`: a conversation that has only its greeting."""
    return [ready(GREETING, conversation=None)] if frame["type"] == "hello" else []


async def send(page: Page, text: str) -> None:
    """Send a message in the frame that is a page of its own."""
    await page.get_by_role("textbox", name="Message").fill(text)
    await page.keyboard.press("Enter")


class FakeServer:
    """Takes the frame's websockets. What they say is in `frames`; `answer` may answer it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.sockets: list[WebSocketRoute] = []
        self.frames: list[Frame] = []
        # While False, a new socket is closed with `refuse_with` instead of being served.
        self.open = True
        self.refuse_with = 4503
        self.answer: Callable[[Frame], list[Frame]] = lambda frame: (
            [ready()] if frame["type"] == "hello" else []
        )
        self._heard = asyncio.Event()

    async def wait_to_be_told(self) -> None:
        """The frame comes back when it is told to, and for an hour not by itself."""
        await self.page.add_init_script("Math.random = () => 1000")

    async def take(self) -> FakeServer:
        await self.page.route_web_socket(re.compile(r"/ws/$"), self._serve)
        return self

    def _serve(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(lambda data: self._hear(socket, json.loads(str(data))))

    def _hear(self, socket: WebSocketRoute, frame: Frame) -> None:
        if not self.open:
            # The loop holds tasks weakly.
            self._closing = asyncio.ensure_future(socket.close(code=self.refuse_with, reason=""))
            return
        self.frames.append(frame)
        for each in self.answer(frame):
            socket.send(json.dumps(each))
        self._heard.set()

    def say(self, *frames: Frame) -> None:
        for frame in frames:
            self.sockets[-1].send(json.dumps(frame))

    async def cut(self, code: int = 4503) -> None:
        await self.sockets[-1].close(code=code, reason="")

    def of(self, kind: str) -> list[Frame]:
        return [frame for frame in self.frames if frame["type"] == kind]

    async def heard(self, kind: str, count: int = 1) -> Frame:
        """The `count`th frame of this type, once it has come."""
        async with asyncio.timeout(30):
            while len(self.of(kind)) < count:
                self._heard.clear()
                await self._heard.wait()
        return self.of(kind)[count - 1]


async def configure(page: Page, **changes: Any) -> None:
    """Serves the frame's page with another configuration."""

    async def change(route: Route) -> None:
        response = await route.fetch()
        before, opening, rest = (await response.text()).partition(
            '<script type="application/json" id="chatwidget-config">'
        )
        stored, closing, end = rest.partition("</script>")
        config = json.dumps(json.loads(stored) | changes).replace("<", "\\u003c")
        await route.fulfill(response=response, body=before + opening + config + closing + end)

    await page.route(re.compile(r"/chatwidget/demo/(\?.*)?$"), change)
