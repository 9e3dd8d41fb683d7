"""One HTTP exchange as the fake platforms see it: a request, an answer in any state of health."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Gone(Exception):
    """The client has closed its connection."""


class Dropped(Exception):
    """The connection is to break off here, in the midst of the answer."""


class Exchange:
    """A request with its body, and the answer to it."""

    def __init__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: str = scope["query_string"].decode()
        self.headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        self.body = b""
        self.started = False
        self._receive = receive
        self._send = send
        self._gone = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    async def read(self) -> None:
        """Reads the body; from then on the client's leaving is noticed."""
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Gone
            self.body += message.get("body", b"")
            more = message.get("more_body", False)
        self._watch = asyncio.create_task(self._watch_client())

    async def _watch_client(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone.set()

    def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()

    async def start(
        self, status: int = 200, content_type: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        """Sends the head of the answer."""
        lines = {"content-type": content_type} if content_type else {}
        lines |= {name.lower(): value for name, value in (headers or {}).items()}
        self.started = True
        await self._send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(name.encode(), value.encode()) for name, value in lines.items()],
            }
        )

    async def send(self, data: bytes) -> None:
        """Sends a piece of the body, as a chunk of its own."""
        if self._gone.is_set():
            raise Gone
        if data:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b""})

    async def json(
        self, value: Any, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """A whole answer of JSON."""
        await self.whole(json.dumps(value, ensure_ascii=False).encode(), status, headers=headers)

    async def whole(
        self,
        body: bytes,
        status: int = 200,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        length = {"content-length": str(len(body))}
        await self.start(status, content_type, {**length, **(headers or {})})
        await self.send(body)
        await self.end()

    async def pause(self, seconds: float) -> None:
        """Rests. Raises Gone as soon as the client leaves."""
        try:
            await asyncio.wait_for(self._gone.wait(), seconds)
        except TimeoutError:
            return
        raise Gone

    async def unless_gone(self, waiting: Awaitable[Any]) -> Any:
        """What is awaited. Raises Gone as soon as the client leaves."""
        task = asyncio.ensure_future(waiting)
        gone = asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise Gone
        finally:
            task.cancel()
            gone.cancel()
