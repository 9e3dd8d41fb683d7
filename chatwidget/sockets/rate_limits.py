"""Who may do what, and how often: signed tokens, origins, addresses, limits."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http.request import split_domain_port, validate_host
from limits import RateLimitItem, parse_many
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.storage import storage_from_string

from chatwidget.conf import Limits, conf
from chatwidget.errors import CloseCode, RateLimited, Refused

logger = logging.getLogger("chatwidget")

FRAME_TOKEN_SECONDS = 3600
_FRAME = "chatwidget.frame"
_VISITOR = "chatwidget.visitor"

Scope = Mapping[str, Any]


# --- tokens -----------------------------------------------------------------------------------


def frame_token(slug: str) -> str:
    """What the frame shows at `hello`: it was served by us, for this widget, less than 1 h ago."""
    return signing.dumps(slug, salt=_FRAME)


def check_frame_token(token: str, slug: str) -> None:
    """Raises Refused for a token that is wrong, expired, or of another widget."""
    try:
        named = signing.loads(token, salt=_FRAME, max_age=FRAME_TOKEN_SECONDS)
    except (signing.BadSignature, ValueError) as error:
        raise Refused(CloseCode.TOKEN, f"frame token: {error}") from None
    if named != slug:
        raise Refused(CloseCode.TOKEN, "frame token of another widget")


def visitor_token(visitor: UUID, widget: int) -> str:
    """What a visitor holds: whoever has it may read and continue their conversations."""
    return signing.dumps([visitor.hex, widget], salt=_VISITOR)


def visitor_of(token: str, widget: int) -> UUID | None:
    """Whose token this is; None when it is invalid, expired, or of another widget."""
    try:
        max_age = conf().VISITOR_DAYS * 86400
        visitor, named = signing.loads(token, salt=_VISITOR, max_age=max_age)
        return UUID(visitor) if named == widget else None
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        return None


# --- where a request comes from ---------------------------------------------------------------


def header(scope: Scope, name: bytes) -> str:
    """The header's value, empty when there is none; of several, a list as HTTP joins them."""
    return ",".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip().strip("[]"))
    except ValueError:
        return None


def client_address(scope: Scope) -> str:
    """The visitor's IP address: the last one that no trusted proxy vouched for as its own client.

    An IPv6 visitor is their /64, which is what one household or one machine is given.
    """
    peer = (scope.get("client") or ("", 0))[0]
    address = _address(peer)
    proxies = conf().trusted_proxies
    hops = header(scope, b"x-forwarded-for").split(",") if proxies else []
    while address is not None and hops and any(address in proxy for proxy in proxies):
        forwarded = _address(hops.pop())
        if forwarded is None:
            break
        address = forwarded
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address or peer)


def check_origin(scope: Scope) -> None:
    """Raises Refused unless the websocket was opened by a page of our own, or of a trusted origin.

    From an iframe the Origin is the frame's, so this keeps other sites' scripts out; who may embed
    the frame is the frame's `frame-ancestors`.
    """
    origin = header(scope, b"origin")
    host = header(scope, b"host")
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    if origin and _normal(origin) == _normal(f"{scheme}://{host}"):
        domain, _port = split_domain_port(host)
        allowed = settings.ALLOWED_HOSTS
        if settings.DEBUG and not allowed:
            allowed = [".localhost", "127.0.0.1", "[::1]"]
        if domain and validate_host(domain, allowed):
            return
    if origin and any(_trusts(trusted, origin) for trusted in settings.CSRF_TRUSTED_ORIGINS):
        return
    raise Refused(CloseCode.ORIGIN, f"origin {origin[:200]!r}")


def _normal(origin: str) -> str:
    """Scheme, host and port, the default port left out; as browsers write an Origin."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return ""
    default = {"http": 80, "https": 443}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != default else "")


def _trusts(trusted: str, origin: str) -> bool:
    """CSRF_TRUSTED_ORIGINS' notation: exact, or `https://*.example.com` for all below it."""
    if "://*." not in trusted:
        return _normal(trusted) == _normal(origin)
    scheme, _sep, suffix = _normal(trusted.replace("*.", "", 1)).partition("://")
    given_scheme, _sep, host = _normal(origin).partition("://")
    return scheme == given_scheme and host.endswith("." + suffix)


# --- limits -----------------------------------------------------------------------------------


class _OpenSockets:
    """How many sockets each visitor and address has open in this process."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def add(self, who: str, limit: int | None) -> None:
        """Count a socket. Raises Refused when `who` has `limit` already."""
        if limit is not None and self._open[who] >= limit:
            raise Refused(CloseCode.TOO_MANY, f"{who} has {limit} sockets open")
        self._open[who] += 1

    def remove(self, who: str) -> None:
        """A counted socket is closed."""
        self._open[who] -= 1
        if not self._open[who]:
            del self._open[who]


open_sockets = _OpenSockets()


# A limiter that takes longer is away, and is left alone for a while.
LIMITER_SECONDS = 1.0
LIMITER_AWAY_SECONDS = 5.0
_limiter_away_until = 0.0


@lru_cache(maxsize=1)
def _limiter(uri: str) -> SlidingWindowCounterRateLimiter:
    options = {"implementation": "redispy"} if "redis" in uri else {}
    return SlidingWindowCounterRateLimiter(storage_from_string(f"async+{uri}", **options))


@lru_cache(maxsize=32)
def _rates(notation: str) -> list[RateLimitItem]:
    return parse_many(notation)


async def spend(rule: str, who: str) -> None:
    """Use up one of `who`'s share of a rule of Limits.

    Raises RateLimited, with the seconds until there is more. A limiter that cannot be reached
    limits nobody: to chat matters more.
    """
    global _limiter_away_until
    limits = conf().limits
    if limits is None or time.monotonic() < _limiter_away_until:
        return
    limiter = _limiter(conf().LIMITS_STORAGE)
    for rate in _rates(getattr(limits, rule)):
        try:
            async with asyncio.timeout(LIMITER_SECONDS):
                if await limiter.hit(rate, rule, who):
                    continue
                stats = await limiter.get_window_stats(rate, rule, who)
        except Exception as error:  # whatever the storage's driver raises
            logger.warning("limits: %s: %s", type(error).__name__, error)
            _limiter_away_until = time.monotonic() + LIMITER_AWAY_SECONDS
            return
        wait = max(1.0, round(stats.reset_time - time.time(), 1))
        raise RateLimited(f"{rule}: {rate}", retry_after=wait)


class Bucket:
    """Frames of one socket: so many a second, and a burst."""

    __slots__ = ("_at", "_level", "_limits")

    def __init__(self, limits: Limits | None) -> None:
        self._limits = limits
        self._level = float(limits.frames_burst if limits else 0)
        self._at = time.monotonic()

    def take(self, weight: int = 1) -> None:
        """Count a frame. Raises Refused when there are too many."""
        if self._limits is None:
            return
        now = time.monotonic()
        refill = (now - self._at) * self._limits.frames_per_second
        self._level = min(float(self._limits.frames_burst), self._level + refill) - weight
        self._at = now
        if self._level < 0:
            raise Refused(CloseCode.TOO_MANY, "too many frames")
