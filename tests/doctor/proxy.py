"""A proxy that spoils one thing of what passes, as misconfigured ones do."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress

from tests.old_proxy import copy

Change = Callable[[bytes], bytes]


def as_it_is(head: bytes) -> bytes:
    return head


class SpoilingProxy:
    """`async with SpoilingProxy(server.port, request=…) as proxy: … proxy.url`

    `request` and `response` change a head on its way; an empty one is never passed on.
    """

    def __init__(
        self,
        upstream: int,
        *,
        request: Change = as_it_is,
        response: Change = as_it_is,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._upstream, self._request, self._response = upstream, request, response
        self._tls = tls
        self._server: asyncio.Server
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> SpoilingProxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"https://localhost:{port}" if self._tls else f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            theirs, ours = await asyncio.open_connection("127.0.0.1", self._upstream)
            if b"upgrade: websocket" not in head.lower():  # one request a connection
                head = head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
            ours.write(self._request(head))
            up = asyncio.create_task(copy(reader, ours))
            try:
                answer = self._response(await theirs.readuntil(b"\r\n\r\n"))
                if answer:
                    if b" 101 " not in answer[:20]:
                        answer = answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
                    writer.write(answer)
                    await copy(theirs, writer)
                else:
                    await up  # until who asks has had enough
            finally:
                up.cancel()
                ours.close()
        with suppress(OSError):
            writer.close()
