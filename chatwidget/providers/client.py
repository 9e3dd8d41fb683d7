"""The one httpx client of an event loop, on aiohttp's connections (half the cost of httpx's own).

It knows no cookies, follows no redirects, reads no proxy settings, and connects to no address
inside our own network unless `CHATWIDGET["ALLOW_PRIVATE_PROVIDERS"]` says so.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from chatwidget import __version__
from chatwidget.conf import conf

# aiohttp's default of 8,190 bytes fails a reply whose X-UI-Spec is longer.
MAX_HEADER = 64 * 1024
# Seconds an idle connection is kept: less than the 5 s after which uvicorn and Node close one, so
# that a message does not meet a connection that is just being closed (it could not be sent again).
KEEP_ALIVE = 4.0
DNS_SECONDS = 30

_own: ContextVar[httpx.AsyncClient | None] = ContextVar("own_client", default=None)
_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient] = WeakKeyDictionary()


class PrivateAddress(OSError):
    """The platform's host is an address that outsiders cannot reach, and that we must not."""

    def __init__(self) -> None:
        # The same words for every address of a host: the connector passes on one of equals.
        super().__init__("the platform's host has a private address, which is not allowed here")


def is_public(address: str) -> bool:
    """May a platform live there? Addresses of this machine, its networks and none are refused."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        # What leads to an IPv4 address is as good as that address.
        inside = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inside = ipaddress.IPv4Address(ip.packed[-4:])
        if inside is not None:
            return is_public(str(inside))
        if ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _make_socket(address: tuple[Any, ...]) -> socket.socket:
    """Every connection passes here with the address it goes to, however its host was written."""
    family, kind, protocol, _, target = address
    if not conf().allow_private_providers and not is_public(target[0]):
        raise PrivateAddress
    return socket.socket(family, kind, protocol)


def make_session(tls: ssl.SSLContext) -> aiohttp.ClientSession:
    """aiohttp's session; there is no limit on connections, which long streams would exhaust."""
    connector = aiohttp.TCPConnector(
        limit=0,
        keepalive_timeout=KEEP_ALIVE,
        ttl_dns_cache=DNS_SECONDS,
        socket_factory=_make_socket,
        ssl=tls,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        max_line_size=MAX_HEADER,
        max_field_size=MAX_HEADER,
    )


class PausableTransport(AiohttpTransport):
    """httpx-aiohttp's transport, which also tells which connection an answer comes from."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        response.extensions["aiohttp_response"] = getattr(
            response.stream, "_aiohttp_response", None
        )
        return response


@contextmanager
def paused(response: httpx.Response) -> Iterator[None]:
    """Inside, what the platform sends stays in the kernel, and afterwards comes in one piece.

    aiohttp's own buffer would take it piece by piece, and each would wake the loop.
    """
    answer = response.extensions.get("aiohttp_response")
    # None when the answer is complete: then its connection may be another request's already.
    connection = answer and answer.connection
    transport = connection and connection.transport
    if transport is None:
        yield
        return
    transport.pause_reading()
    try:
        yield
    finally:
        if not transport.is_closing():
            transport.resume_reading()


def make_client() -> httpx.AsyncClient:
    """A client of the running loop, to be closed in it."""
    tls = httpx.create_ssl_context()
    return httpx.AsyncClient(
        transport=PausableTransport(client=make_session(tls), verify=tls),
        headers={
            "User-Agent": f"django-chatwidget/{__version__}",
            "Accept-Encoding": "identity",  # pieces as they are written, not as they compress
        },
        # httpx would send one visitor's cookies with the next one's message.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        trust_env=False,
        follow_redirects=False,
    )


def shared_client() -> httpx.AsyncClient:
    """The running loop's client, made on first use; or the one of `own_client`."""
    if client := _own.get():
        return client
    loop = asyncio.get_running_loop()
    client = _clients.get(loop)
    if client is None:
        client = _clients[loop] = make_client()
    return client


async def close_client() -> None:
    """Closes the running loop's client, before the loop ends."""
    client = _clients.pop(asyncio.get_running_loop(), None)
    if client is not None:
        await client.aclose()


@asynccontextmanager
async def own_client() -> AsyncIterator[None]:
    """Inside, requests go over a client of their own: fresh connections, and none left behind."""
    async with make_client() as client:
        token = _own.set(client)
        try:
            yield
        finally:
            _own.reset(token)
