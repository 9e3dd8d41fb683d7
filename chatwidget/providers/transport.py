"""The httpx transport of an event loop, on aiohttp's connections (half the cost of httpx's own).

There is no httpx client around it: a transport knows no cookies, follows no redirects and reads no
proxy settings, which is what we want, and a request costs a third less. It connects to no address
inside our own network unless `CHATWIDGET["ALLOW_PRIVATE_PROVIDERS"]` says so.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream, map_aiohttp_exceptions

from chatwidget import __version__
from chatwidget.conf import conf

# aiohttp's default of 8,190 bytes fails a reply whose X-UI-Spec is longer. One over 64 KiB is not
# shown, but its text is: so this is well above that, and still a bound.
MAX_HEADER = 256 * 1024
# Seconds an idle connection is kept: less than the 5 s after which uvicorn and Node close one, so
# that a message does not meet a connection that is just being closed (it could not be sent again).
KEEP_ALIVE = 4.0
DNS_SECONDS = 30
# What nobody waits for any more has so long to be finished when the process ends.
LAST_SECONDS = 2.0

HEADERS = {
    "User-Agent": f"django-agent-chatwidget/{__version__}",
    "Accept-Encoding": "identity",  # pieces as they are written, not as they compress
}

_own: ContextVar[Transport | None] = ContextVar("own_transport", default=None)
_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, DirectTransport] = WeakKeyDictionary()


class Transport(Protocol):
    """What carries a request to a platform, and its answer back."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response: ...


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
    if ip in _ASSIGNED:
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# For protocols, not for hosts; Python calls most of it public.
_ASSIGNED = ipaddress.ip_network("192.0.0.0/24")


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


class DirectTransport(AiohttpTransport):
    """httpx-aiohttp's transport, which asks aiohttp's session itself; an answer keeps aiohttp's."""

    def __init__(self, session: aiohttp.ClientSession, tls: ssl.SSLContext) -> None:
        super().__init__(client=session, verify=tls)
        self.session = session

    async def send(
        self, method: str, url: str, headers: dict[str, str], content: bytes | None, connect: float
    ) -> httpx.Response:
        """What `request` asks. A request of httpx's would be made for aiohttp to make its own of,
        which costs a tenth of all that the loop does for a message."""
        with map_aiohttp_exceptions():
            answer = await self.session.request(
                method,
                _address(url),
                headers=headers,
                data=content or None,
                allow_redirects=False,
                auto_decompress=False,
                timeout=_within(connect),
            )
        return httpx.Response(
            answer.status,
            headers=answer.raw_headers,
            stream=AiohttpResponseStream(answer),
            extensions={"aiohttp_response": answer},
        )


# As httpx reads and writes it.
_address = lru_cache(maxsize=64)(lambda url: str(httpx.URL(url)))


@lru_cache(maxsize=1)
def _within(connect: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(connect=connect, sock_connect=connect)


def discard(response: httpx.Response) -> None:
    """Close the connection of an answer that ended badly: no other request is to meet it."""
    answer = response.extensions.get("aiohttp_response")
    if answer is not None:
        answer.close()


def make_transport() -> DirectTransport:
    """A transport of the running loop, to be closed in it."""
    tls = httpx.create_ssl_context()
    return DirectTransport(make_session(tls), tls)


async def request(
    method: str,
    url: str,
    headers: dict[str, str],
    auth: Callable[[], dict[str, str]],
    content: bytes | None,
    connect: float,
) -> httpx.Response:
    """A platform's answer, whose body is still to be read and which is to be closed.

    `auth` gives the headers that hold the key: from here on down, and nowhere else, it is open.
    `connect` bounds, in seconds, the way to a connection: its name, TLS and a place in the pool.
    """
    transport, all_headers = shared_transport(), {**HEADERS, **headers, **auth()}
    if isinstance(transport, DirectTransport):
        return await transport.send(method, url, all_headers, content, connect)
    asked = httpx.Request(method, url, headers=all_headers, content=content)
    return await transport.handle_async_request(asked)


def shared_transport() -> Transport:
    """The running loop's transport, made on first use; or the one of `own_transport`."""
    if own := _own.get():
        return own
    loop = asyncio.get_running_loop()
    transport = _shared.get(loop)
    if transport is None:
        transport = _shared[loop] = make_transport()
    return transport


_background: set[asyncio.Task[None]] = set()


def in_background(work: Coroutine[None, None, None]) -> None:
    """Ask a platform something that nobody waits for, as long as the process lives."""
    task = asyncio.create_task(work)
    _background.add(task)
    task.add_done_callback(_background.discard)


async def _settled() -> None:
    """What is asked in the background is finished, or was given its time."""
    loop = asyncio.get_running_loop()
    if tasks := [task for task in _background if task.get_loop() is loop]:
        await asyncio.wait(tasks, timeout=LAST_SECONDS)


async def close_transport() -> None:
    """Close the running loop's transport, before the loop ends."""
    await _settled()
    transport = _shared.pop(asyncio.get_running_loop(), None)
    if transport is not None:
        await transport.aclose()


@asynccontextmanager
async def own_transport() -> AsyncIterator[None]:
    """Inside, requests go over connections of their own: fresh ones, and none left behind.

    Within another one it is that one.
    """
    if _own.get() is not None:
        yield
        return
    async with make_transport() as transport:
        with replaced(transport):
            yield
        await _settled()


@contextmanager
def replaced(transport: Transport) -> Iterator[None]:
    """Inside, requests go over this transport."""
    token = _own.set(transport)
    try:
        yield
    finally:
        _own.reset(token)
