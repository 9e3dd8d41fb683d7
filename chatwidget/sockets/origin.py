"""Where a websocket comes from: its address, and whether its Origin may connect."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from chatwidget.conf import conf
from chatwidget.errors import CloseCode, CloseConnection
from chatwidget.protocol import PageInfo

logger = logging.getLogger("chatwidget")

Scope = Mapping[str, Any]

_told_of: set[str] = set()  # proxies that nobody trusts


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
    forwarded_for = header(scope, b"x-forwarded-for")
    hops = forwarded_for.split(",") if proxies else []
    if forwarded_for and not proxies:
        _tell_of_proxy(peer)
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


def _tell_of_proxy(peer: str) -> None:
    """Say it once for each, and of some only: whoever connects can send this header."""
    if peer in _told_of or len(_told_of) == 3:
        return
    _told_of.add(peer)
    logger.warning(
        "%s tells visitors' addresses in X-Forwarded-For and is not believed: if it is your proxy, "
        "name it in TRUSTED_PROXIES, else all its visitors share one address and its limits.",
        peer or "A unix socket",
    )


def check_origin(scope: Scope) -> None:
    """Raises CloseConnection unless a page of ours, or of a trusted origin, opened the socket.

    From an iframe the Origin is the frame's, so this keeps other sites' scripts out; who may embed
    the frame is the frame's `frame-ancestors`.
    """
    origin = header(scope, b"origin")
    host = header(scope, b"host")
    scheme = "https" if scope.get("scheme") in ("wss", "https") else "http"
    if settings.SECURE_SSL_REDIRECT and origin.startswith("http:"):
        raise CloseConnection(CloseCode.ORIGIN, "a page without TLS, which the site requires")
    if origin and _normal(origin) == _normal(f"{scheme}://{host}"):
        domain, _port = split_domain_port(host)
        allowed = settings.ALLOWED_HOSTS
        if settings.DEBUG and not allowed:
            allowed = [".localhost", "127.0.0.1", "[::1]"]
        if domain and validate_host(domain, allowed):
            return
    if origin and any(_trusts(trusted, origin) for trusted in settings.CSRF_TRUSTED_ORIGINS):
        return
    raise CloseConnection(
        CloseCode.ORIGIN,
        f"origin {origin[:200]!r} at {scheme}://{host[:200]}; a proxy must pass Host on, send "
        "X-Forwarded-Proto and stand in TRUSTED_PROXIES",
    )


def embedder(page: PageInfo | None) -> str:
    """The origin of the page that embeds a frame, as the frame says; empty where it does not."""
    origin = _normal((page and (page.origin or page.url)) or "")
    return origin if origin.startswith(("http://", "https://")) else ""


def may_embed(scope: Scope, embedder: str, allowed: Collection[str]) -> bool:
    """May a page of this origin have a frame open?

    Which may load it, browsers hold by `frame-ancestors`; this is for those that have it already.
    """
    if not allowed or not embedder or embedder in allowed:
        return True
    return embedder == _normal(header(scope, b"origin"))


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
