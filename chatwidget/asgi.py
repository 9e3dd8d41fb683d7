"""Answers what every page of a customer's site asks for from memory, before Django's chain.

    application = fast(application)

The loader, the frame's page and the hashed static files are answered here once Django has answered
the same request before; everything else goes on to Django. The views stay the one source of the
bytes: what is kept is Django's own response, its headers included. A widget's save is seen within a
second, by its version.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from chatwidget.db import run_in_db_thread
from chatwidget.errors import CloseConnection, DatabaseUnavailable
from chatwidget.models import Widget
from chatwidget.sockets import rate_limits
from chatwidget.sockets.origin import client_address

Scope = MutableMapping[str, Any]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]

# A widget's version is asked for at most so often.
VERSION_SECONDS = 1.0
# A frame's page holds a token that lives an hour: it may be so old when it is handed out.
PAGE_SECONDS = 60.0
# Responses kept, the least used go first; and the largest that is.
MOST_RESPONSES = 1024
MAX_BYTES = 128 * 1024
# A longer header is a stranger's; it goes to Django.
MAX_HEADER = 300
# What of a request decides on the response, with scheme, path and query; no other `Vary` is kept.
VARYING = (
    *(b"host", b"accept-encoding", b"accept-language"),
    *(b"x-forwarded-proto", b"x-forwarded-host"),
)
# Without a body there is none of these.
OF_THE_BODY = {b"content-length", b"content-type", b"content-encoding"}


class Request(NamedTuple):
    """What of a request matters here."""

    key: tuple[Any, ...]
    slug: str  # the widget's; empty for a static file
    is_page: bool  # the frame's
    known: bytes  # its If-None-Match


@dataclass(frozen=True, slots=True)
class Kept:
    """A response of Django's."""

    version: int
    until: float  # by the monotonic clock
    headers: list[tuple[bytes, bytes]]
    etag: bytes  # empty: none
    body: bytes
    status: int = 200

    async def answer(self, send: Send, known: bytes, head: bool) -> None:
        unchanged = bool(self.etag) and self.etag in known
        headers = self.headers
        if unchanged:
            headers = [pair for pair in headers if pair[0] not in OF_THE_BODY]
        status = 304 if unchanged else self.status
        await send({"type": "http.response.start", "status": status, "headers": headers})
        body = b"" if unchanged or head else self.body
        await send({"type": "http.response.body", "body": body})


TOO_MANY = Kept(0, 0.0, [(b"retry-after", b"10"), (b"content-length", b"0")], b"", b"", 429)


def is_within_limits(scope: Scope) -> bool:
    """Has this address not asked for too many pages of late?"""
    try:
        rate_limits.work.take("pages_per_address", client_address(scope), 1)
    except CloseConnection:
        return False
    return True


class Fast:
    """An ASGI application around another one."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self._kept: OrderedDict[tuple[Any, ...], Kept] = OrderedDict()
        self._versions: dict[str, tuple[float, int]] = {}  # slug → when it was read, its version
        self._reading: dict[str, asyncio.Task[int]] = {}
        proxy = (getattr(settings, "SECURE_PROXY_SSL_HEADER", None) or ("",))[0]
        secure = proxy.removeprefix("HTTP_").replace("_", "-").lower().encode()
        self._varying = dict.fromkeys([*VARYING, *filter(None, [secure])], b"")
        self._routes: re.Pattern[str] | None = None

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        route = self._route(scope) if scope["type"] == "http" else None
        if route and (route["page"] or route["script"]) and not is_within_limits(scope):
            return await TOO_MANY.answer(send, b"", False)
        request = self._read(scope, route) if route else None
        if request is None:
            return await self.application(scope, receive, send)
        version = await self._version(request.slug) if request.slug else 0
        kept = self._kept.get(request.key)
        if kept is None or kept.version != version or kept.until < time.monotonic():
            if scope["method"] == "HEAD" or request.known:
                # Django may have to be asked again below, and a body can be received once only.
                await self._ask(request, version, plain(scope), empty_body(), None)
            else:
                return await self._ask(request, version, scope, receive, send)
            kept = self._kept.get(request.key)
        if kept is None or kept.version != version:
            return await self.application(scope, receive, send)
        self._kept.move_to_end(request.key)
        await kept.answer(send, request.known, scope["method"] == "HEAD")

    def _route(self, scope: Scope) -> re.Match[str] | None:
        """None for what is none of ours."""
        if scope.get("root_path"):
            return None
        return (self._routes or self._read_routes()).fullmatch(scope["path"])

    def _read(self, scope: Scope, route: re.Match[str]) -> Request | None:
        """None for a request that is Django's."""
        if scope["method"] not in ("GET", "HEAD") or route["token"]:
            return None
        found, known = self._varying.copy(), b""
        for name, value in scope["headers"]:
            if name in found:
                if found[name] or len(value) > MAX_HEADER:
                    return None
                found[name] = value
            elif name == b"if-none-match":
                known = value
            elif name == b"range":
                return None
        key = (scope.get("scheme"), scope["path"], scope["query_string"], *found.values())
        return Request(key, route["script"] or route["page"] or "", bool(route["page"]), known)

    async def _ask(
        self, request: Request, version: int, scope: Scope, receive: Any, send: Send | None
    ) -> None:
        """Have Django answer, to `send` where there is one; keep what it answers."""
        start: dict[str, Any] = {}
        body = bytearray()
        whole = False

        async def listen(message: dict[str, Any]) -> None:
            nonlocal whole
            if message["type"] == "http.response.start":
                start.update(message)
            elif message["type"] == "http.response.body" and len(body) <= MAX_BYTES:
                body.extend(message.get("body", b""))
                whole = not message.get("more_body", False)
            if send is not None:
                await send(message)

        await self.application(scope, receive, listen)
        self._kept.pop(request.key, None)
        if whole and len(body) <= MAX_BYTES and is_for_all(start, version):
            headers = [(bytes(name).lower(), bytes(value)) for name, value in start["headers"]]
            self._kept[request.key] = Kept(
                version=version,
                until=time.monotonic() + (PAGE_SECONDS if request.is_page else float("inf")),
                headers=headers,
                etag=dict(headers).get(b"etag", b""),
                body=bytes(body),
            )
            while len(self._kept) > MOST_RESPONSES:
                self._kept.popitem(last=False)

    def _read_routes(self) -> re.Pattern[str]:
        """Where the app's addresses are, in the site's own URLs."""
        try:
            page = re.escape(reverse("chatwidget:frame", args=["SLUG"]))
            script = re.escape(reverse("chatwidget:loader", args=["SLUG"]))
        except NoReverseMatch:  # not included: a check says so
            page = script = "SLUG(?!)"
        static = re.escape(f"{settings.STATIC_URL or '/static/'}chatwidget/")
        self._routes = re.compile(
            f"{page.replace('SLUG', '(?P<page>[^/]+)')}(?P<token>token/)?"
            f"|{script.replace('SLUG', '(?P<script>[^/]+)')}"
            rf"|{static}[\w./-]+"
        )
        return self._routes

    async def _version(self, slug: str) -> int:
        """A widget's version as of a second ago at most; 0 for none."""
        read, version = self._versions.get(slug, (float("-inf"), 0))
        if time.monotonic() - read < VERSION_SECONDS:
            return version
        reading = self._reading.get(slug)
        if reading is None:
            reading = self._reading[slug] = asyncio.create_task(self._read_version(slug))
            reading.add_done_callback(lambda _: self._reading.pop(slug, None))
        return await asyncio.shield(reading)

    async def _read_version(self, slug: str) -> int:
        try:
            version = await run_in_db_thread(find_version, slug)
        except DatabaseUnavailable:  # nobody can have saved it meanwhile
            return self._versions.get(slug, (0.0, 0))[1]
        if len(self._versions) >= MOST_RESPONSES:
            self._versions.clear()
        self._versions[slug] = (time.monotonic(), version)
        return version


def fast(application: Application) -> Application:
    """Wrap an ASGI application, within whatever rewrites the scope's scheme or address."""
    return Fast(application)


def find_version(slug: str) -> int:
    """A widget's version; 0 for none."""
    if "\0" in slug:  # PostgreSQL refuses it
        return 0
    found = Widget.objects.filter(slug=slug).values_list("config_version", flat=True).first()
    return found or 0


def plain(scope: Scope) -> Scope:
    """The request as a GET by somebody who has nothing yet."""
    headers = [pair for pair in scope["headers"] if pair[0] != b"if-none-match"]
    return {**scope, "method": "GET", "headers": headers}


def empty_body() -> Callable[[], Awaitable[dict[str, Any]]]:
    """A `receive` of a request without a body, whose client stays."""
    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else await asyncio.Future()

    return receive


def is_for_all(start: dict[str, Any], version: int) -> bool:
    """Whether a response may be given to others as well."""
    headers = {bytes(name).lower(): bytes(value).lower() for name, value in start["headers"]}
    vary = {name.strip() for name in headers.get(b"vary", b"").split(b",")} - {b""}
    # Without a widget it is a static file, which is kept only where its name tells its content.
    lasting = bool(version) or b"immutable" in headers.get(b"cache-control", b"")
    return (
        start["status"] == 200 and lasting and b"set-cookie" not in headers and vary <= set(VARYING)
    )
