"""A visitor's client for tests: speaks the protocol over a real websocket, and keeps each frame."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from tests.shown import Frame as Frame
from tests.shown import Shown

SECONDS = 40.0  # for any one frame to come; beyond every limit of the server's own


class Closed(AssertionError):
    """The server closed the socket while a frame was awaited."""

    def __init__(self, code: int | None, frames: list[Frame]) -> None:
        super().__init__(f"closed with {code} after {frames[-5:]}")
        self.code = code


async def frame_token(url: str, slug: str) -> str:
    async with httpx.AsyncClient(timeout=30) as client:
        response = await client.get(f"{url}/chatwidget/{slug}/token/")
        response.raise_for_status()
        return str(response.json()["token"])


class Chat:
    """One socket. `async with Chat(server.url, "demo") as chat: await chat.hello()`"""

    def __init__(
        self,
        url: str,
        slug: str = "demo",
        *,
        origin: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.slug = slug
        parts = urlsplit(self.url)
        self._socket_url = f"ws://{parts.netloc}/chatwidget/{slug}/ws/"
        self._origin = Origin(self.url if origin is None else origin) or None
        self._headers = headers or {}
        self.frames: list[Frame] = []
        self.visitor: str | None = None
        self.shown = Shown()
        self.acks = True
        self.socket: ClientConnection

    async def __aenter__(self) -> Self:
        self.socket = await connect(
            self._socket_url, origin=self._origin, max_size=None, compression=None,
            ping_interval=None, open_timeout=SECONDS, close_timeout=1,
            additional_headers=self._headers,
        )  # fmt: skip
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.socket.close()

    async def send(self, frame: Frame | str | bytes) -> None:
        text = json.dumps(frame) if isinstance(frame, dict) else frame
        await self.socket.send(text)

    def send_at_once(self, frames: Iterable[Frame]) -> None:
        """Without a pause in which the server might have cut the connection off."""
        for frame in frames:
            self.socket.protocol.send_text(json.dumps(frame).encode())
        self.socket.transport.write(b"".join(self.socket.protocol.data_to_send()))

    async def receive(self, seconds: float = SECONDS) -> Frame:
        """The next frame; deltas are put together and acknowledged. Raises Closed."""
        try:
            async with asyncio.timeout(seconds):
                frame: Frame = json.loads(await self.socket.recv())
        except ConnectionClosed as error:
            raise Closed(error.rcvd.code if error.rcvd else 1006, self.frames) from None
        except TimeoutError:
            raise AssertionError(f"no frame in {seconds} s after {self.frames[-5:]}") from None
        self.frames.append(frame)
        await self._apply(frame)
        return frame

    async def _apply(self, frame: Frame) -> None:
        self.shown.apply(frame)
        match frame["type"]:
            case "ready":
                self.visitor = frame["visitor"]
            case "delta" if self.acks:
                with suppress(ConnectionClosed):  # what came before that is read all the same
                    await self.ack(frame["id"])

    @property
    def texts(self) -> dict[str, str]:
        return self.shown.texts

    @property
    def conversation(self) -> str | None:
        return self.shown.conversation

    async def ack(self, reply: str) -> None:
        await self.send({"type": "ack", "id": reply, "offset": len(self.texts[reply])})

    async def until(self, kind: str, seconds: float = SECONDS, **fields: Any) -> Frame:
        """The next frame of this type with these fields."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    frame = await self.receive(seconds)
                    if frame["type"] == kind and all(frame.get(k) == v for k, v in fields.items()):
                        return frame
        except TimeoutError:
            raise TimeoutError(f"no {kind} {fields} after {self.frames[-5:]}") from None

    async def quiet(self) -> list[Frame]:
        """The frames before a pong: what comes of all that was sent and has happened before."""
        await self.send({"type": "ping"})
        seen = len(self.frames)
        await self.until("pong")
        return self.frames[seen:-1]

    async def closed(self, seconds: float = SECONDS) -> int | None:
        """Wait for the server to close; its code."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    await self.receive(seconds)
        except Closed as error:
            return error.code

    async def hello(self, **fields: Any) -> Frame:
        """Say hello, with a token of its own unless one is given; the `ready` that answers."""
        if "token" not in fields:
            fields["token"] = await frame_token(self.url, self.slug)
        await self.send({"type": "hello", **fields})
        return await self.until("ready")

    async def greeting(self, ready: Frame) -> Frame:
        """The greeting's message, from `ready` or after it."""
        if ready["messages"]:
            found: Frame = ready["messages"][0]
        else:
            found = (await self.until("message"))["message"]
        return found

    async def answer(
        self, text: str, client_id: str | None = None, seconds: float = SECONDS
    ) -> Frame:
        """Send a message; its `accepted` or its `error`."""
        client_id = client_id or str(uuid.uuid4())
        await self.send({"type": "send", "id": client_id, "text": text})
        while True:
            frame = await self.receive(seconds)
            if frame["type"] in ("accepted", "error") and frame.get("id") == client_id:
                return frame

    async def say(self, text: str, client_id: str | None = None) -> Frame:
        """Send a message; its `accepted`."""
        frame = await self.answer(text, client_id)
        assert frame["type"] == "accepted", frame
        return frame

    async def reply_begun(self) -> Frame:
        """The `message` with which the next reply begins."""
        while True:
            frame = await self.until("message")
            message: Frame = frame["message"]
            if message["role"] == "assistant" and message["status"] in ("pending", "streaming"):
                return message

    async def ask(self, text: str) -> tuple[str, Frame]:
        """Send a message and wait for its reply: (the text, the `done`)."""
        await self.say(text)
        begun = await self.reply_begun()
        done = await self.until("done", id=begun["id"])
        return self.texts[begun["id"]], done


async def talk(url: str, slug: str, texts: Iterable[str]) -> None:
    """Print a chat as it goes on: the greeting, and what comes to each of these texts."""
    async with Chat(url, slug) as chat:
        greeting = await chat.greeting(await chat.hello())
        print(f"{greeting['text']}\n")
        for text in texts:
            print(f"> {text}")
            await chat.say(text)
            reply = (await chat.reply_begun())["id"]
            frame: Frame = {"type": "message"}
            while frame["type"] != "done" or frame["id"] != reply:
                frame = await chat.receive()
                if frame["type"] == "delta":
                    print(frame["text"], end="", flush=True)
            why = frame.get("error", {}).get("detail", "")
            print(*([] if frame["status"] == "complete" else [f"[{frame['status']}]", why]), "\n")


def main() -> None:
    """`python -m tests.client URL SLUG [TEXT …]`; without a text, each line of the input is one."""
    url, slug, *texts = sys.argv[1:]
    asyncio.run(talk(url, slug, texts or map(str.strip, sys.stdin)))


if __name__ == "__main__":
    main()
