"""A visitor's client for tests over the second transport: server-sent events and POST."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self, cast

import httpx
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Close

from tests.client import SECONDS, Chat


class StreamSocket:
    """What `Chat` uses of a websocket."""

    def __init__(self, url: str, post_url: str, headers: dict[str, str]) -> None:
        """`post_url`: of the server that takes the frames, which may be another process."""
        self._url, self._post_url = url, post_url
        self._client = httpx.AsyncClient(timeout=SECONDS, headers=headers)
        self._response: httpx.Response | None = None
        self._events: AsyncIterator[tuple[str, str]] | None = None
        self.id = ""

    async def send(self, text: str | bytes) -> None:
        if self._response is None:
            request = self._client.build_request("POST", self._url, content=text)
            self._response = await self._client.send(request, stream=True)
            self._response.raise_for_status()
            self._events = events(self._response)
            return
        if not self.id:
            await self._opened()
        url = f"{self._post_url}{self.id}/"
        # As a browser would say it if both were behind one address.
        headers = {} if self._url == self._post_url else {"Origin": url.split("/chatwidget/")[0]}
        response = await self._client.post(url, content=text, headers=headers)
        if response.status_code == 404:
            raise ConnectionClosedError(None, None)
        response.raise_for_status()

    async def recv(self) -> str:
        if not self.id:
            await self._opened()
        name, data = await self._next()
        assert name == "message", (name, data)
        return data

    async def _opened(self) -> None:
        name, self.id = await self._next()
        assert name == "open"

    async def _next(self) -> tuple[str, str]:
        assert self._events is not None
        try:
            name, data = await anext(self._events)
        except (StopAsyncIteration, httpx.HTTPError):
            raise ConnectionClosedError(None, None) from None
        if name == "close":
            raise ConnectionClosedError(Close(int(data), ""), None)
        return name, data

    async def close(self) -> None:
        if self._response is not None:
            await self._response.aclose()
        await self._client.aclose()


async def events(response: httpx.Response) -> AsyncIterator[tuple[str, str]]:
    """The (name, data) of a stream's events."""
    rest = ""
    async for text in response.aiter_text():
        *blocks, rest = (rest + text).split("\n\n")
        for block in blocks:
            fields: dict[str, Any] = dict(line.split(": ", 1) for line in block.split("\n"))
            yield fields.get("event", "message"), fields["data"]


class StreamChat(Chat):
    """`async with StreamChat(server.url, "demo") as chat: await chat.hello()`"""

    def __init__(self, url: str, slug: str = "demo", *, post_to: str = "", **options: Any) -> None:
        super().__init__(url, slug, **options)
        self._post_to = post_to or self.url

    async def __aenter__(self) -> Self:
        path = f"/chatwidget/{self.slug}/events/"
        headers = {"Origin": self._origin or "", **self._headers}
        socket = StreamSocket(f"{self.url}{path}", f"{self._post_to}{path}", headers)
        self.socket = cast(ClientConnection, socket)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.socket.close()
