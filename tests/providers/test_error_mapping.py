"""Every exception of the HTTP client is one of ours, and nothing tells the key."""

from __future__ import annotations

import asyncio
import inspect
import ssl
from email.utils import formatdate
from types import ModuleType

import aiohttp
import httpx
import pytest
from aiohttp import client_exceptions, http_exceptions

from chatwidget.conf import Secret
from chatwidget.errors import (
    PlatformMisconfigured,
    PlatformRateLimited,
    PlatformRejected,
    PlatformTimedOut,
    PlatformUnavailable,
    ReplyError,
)
from chatwidget.providers.error_mapping import (
    map_errors,
    pause_asked,
    refusal,
    status_of,
    translated,
)
from chatwidget.providers.transport import PrivateAddress, is_public


def exceptions(module: ModuleType) -> list[type[Exception]]:
    """Every exception class a module defines or exports."""
    return [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and not issubclass(kind, Warning)
    ]


ALL = {
    *exceptions(httpx),
    *exceptions(client_exceptions),
    *exceptions(http_exceptions),
    asyncio.TimeoutError,
    ssl.SSLError,
    ConnectionResetError,
    OSError,
} - {client_exceptions.WSMessageTypeError}  # a TypeError of aiohttp's websockets


def made(kind: type[Exception]) -> Exception:
    """An instance without the arguments that its class wants."""
    fields = {
        "__init__": lambda self: None,
        "__str__": lambda self: "told: secret-key",
        "_os_error": OSError(),
    }
    without: type[Exception] = type(kind.__name__, (kind,), fields)
    return without()


@pytest.mark.parametrize("kind", sorted(ALL, key=str), ids=lambda kind: kind.__qualname__)
def test_every_exception_of_the_client_is_ours(kind: type[Exception]) -> None:
    with pytest.raises(ReplyError) as caught, map_errors(Secret("secret-key")):
        raise made(kind)
    assert type(caught.value) in (
        PlatformMisconfigured,
        PlatformRejected,
        PlatformTimedOut,
        PlatformUnavailable,
    )
    assert "secret-key" not in repr(caught.value) + caught.value.cause
    assert kind.__name__ in caught.value.cause
    assert caught.value.__suppress_context__


def chained(error: httpx.RequestError, origin: Exception) -> Exception:
    error.__cause__ = origin
    return error


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (httpx.ConnectError(""), PlatformUnavailable),
        (httpx.ReadError(""), PlatformUnavailable),
        (httpx.ReadTimeout(""), PlatformTimedOut),
        (httpx.UnsupportedProtocol(""), PlatformMisconfigured),
        (httpx.InvalidURL(""), PlatformMisconfigured),
        (httpx.DecodingError(""), PlatformRejected),
        (aiohttp.ClientPayloadError(""), PlatformUnavailable),
        (aiohttp.ConnectionTimeoutError(""), PlatformTimedOut),
        (http_exceptions.LineTooLong(b"x-ui-spec", 65536), PlatformRejected),
        (TimeoutError(), PlatformTimedOut),
        (ConnectionResetError(), PlatformUnavailable),
        (PrivateAddress(), PlatformMisconfigured),
        # The transport says that the connection timed out when it broke off.
        (chained(httpx.ConnectTimeout(""), aiohttp.ServerDisconnectedError()), PlatformUnavailable),
    ],
)
def test_what_an_exception_means(error: Exception, ours: type[ReplyError]) -> None:
    assert type(translated(error)) is ours


def test_other_exceptions_are_not_hidden() -> None:
    with pytest.raises(KeyError), map_errors():
        raise KeyError("a bug of ours")
    with pytest.raises(asyncio.CancelledError), map_errors():
        raise asyncio.CancelledError


def answered(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers=headers)


@pytest.mark.parametrize(
    ("statuses", "ours"),
    [
        ((301, 302, 307, 308, 401, 402, 403, 404, 405), PlatformMisconfigured),
        ((400, 409, 413, 418, 422, 204, 201), PlatformRejected),
        ((429,), PlatformRateLimited),
        ((500, 502, 503, 504, 599), PlatformUnavailable),
        ((408,), PlatformTimedOut),
    ],
)
def test_what_a_status_means(statuses: tuple[int, ...], ours: type[ReplyError]) -> None:
    for status in statuses:
        error = refusal(answered(status), b'{"detail": "said"}', None)
        assert type(error) is ours
        assert status_of(error) == status


def test_the_key_is_scrubbed_also_where_an_excerpt_ends_within_it() -> None:
    key = "sk-0123456789"
    for fill in range(280, 310):
        with pytest.raises(ReplyError) as caught, map_errors(Secret(key)):
            raise refusal(answered(400), b"x" * fill + key.encode(), None)
        assert key[:4] not in caught.value.cause


NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0"}, 0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": formatdate(NOW + 30, usegmt=True)}, 30),
        ({"retry-after": formatdate(NOW - 30, usegmt=True)}, 0),
        ({"x-ratelimit-reset": str(int(NOW) + 90)}, 90),
        ({"x-ratelimit-reset": "never"}, None),
        ({"x-ratelimit-reset": "5"}, 0),
        ({"retry-after": "7", "x-ratelimit-reset": str(int(NOW) + 90)}, 7),
        ({"retry-after": "soon", "x-ratelimit-reset": str(int(NOW) + 90)}, 90),
    ],
)
def test_the_pause_a_platform_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    assert pause_asked(headers, NOW) == seconds


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "192.0.0.192",
        "192.0.0.9",
        "::ffff:192.0.0.192",
    ],
)
def test_private_addresses(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)
