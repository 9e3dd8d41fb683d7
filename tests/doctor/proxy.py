"""A proxy that spoils one thing of what passes, as misconfigured ones do."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from tests.old_proxy import Proxy, copy

Change = Callable[[bytes], bytes]


def as_it_is(head: bytes) -> bytes:
    return head


class SpoilingProxy(Proxy):
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
        super().__init__(upstream)
        self._request, self._response = request, response
        self._tls = tls

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}" if self._tls else super().url

    async def _answer(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
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
