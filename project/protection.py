"""What the site refuses before anything else looks at it, and what its pages tell browsers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chatwidget.embed.views import PERMISSIONS

ADMIN_POLICY = (
    "default-src 'self'; img-src 'self' data: https:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
BODY_SECONDS = 30.0

Answer = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class Headers:
    """Middleware: what browsers may do with a page, and no address that holds a NUL."""

    async_capable, sync_capable = True, False

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        if iscoroutinefunction(answer):
            markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return HttpResponse(status=400)  # no database of ours could look for it
        response = await self.answer(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        match = request.resolver_match
        if match and "admin" in match.app_names:
            response.headers.setdefault("Content-Security-Policy", ADMIN_POLICY)
        return response


class Bounds:
    """ASGI: a request's body has a size and a time. A larger one is refused unread."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        body = Body(receive, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        if body.is_announced(scope["headers"]):
            await refuse(send, 413)
            return
        started = False

        async def listen(message: dict[str, Any]) -> None:
            nonlocal started
            started = True
            await send(message)

        await self.application(scope, body.receive, listen)
        if body.refused and not started:
            await refuse(send, body.refused)


class Body:
    """A request's body, as the application receives it."""

    def __init__(self, receive: Any, limit: int) -> None:
        self._receive, self._limit = receive, limit
        self._until = asyncio.get_running_loop().time() + BODY_SECONDS
        self._whole = False
        self.refused = 0  # the status, once it is

    def is_announced(self, headers: list[tuple[bytes, bytes]]) -> bool:
        """Do the headers say that it is too large?"""
        lengths = [value for name, value in headers if name == b"content-length"]
        return any(not length.isdigit() or int(length) > self._limit for length in lengths)

    async def receive(self) -> dict[str, Any]:
        if self._whole:
            return dict(await self._receive())
        try:
            async with asyncio.timeout_at(self._until):
                message: dict[str, Any] = await self._receive()
        except TimeoutError:
            self.refused = 408
            return {"type": "http.disconnect"}
        self._limit -= len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._limit < 0:
            self.refused = 413
            return {"type": "http.disconnect"}
        return message


async def refuse(send: Any, status: int) -> None:
    headers = [(b"content-length", b"0"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def scope_of(request: HttpRequest) -> dict[str, Any]:
    """Where a request comes from, as ASGI says it."""
    if isinstance(request, ASGIRequest):
        return dict(request.scope)
    return {"client": (request.META.get("REMOTE_ADDR", ""), 0), "headers": []}
