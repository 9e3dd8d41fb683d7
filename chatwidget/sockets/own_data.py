"""Answers what visitors ask of their own data, where the widget's owner lets them.

    POST own-data/   {"hello": …, "do": "download" | "copy" | "delete", "email", "consent"}

`hello` is the frame that would open a socket, and is checked as there: the origin, the frame's
token, the visitor's, what a site vouches for; no cookie. 200 is a file, or what was erased; 202:
the copy is on its way; 204: there is nothing, as for who is unknown, erased or blocked.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Literal

import msgspec
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.core.handlers.asgi import ASGIRequest
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from chatwidget.db import lane, run_in_db_thread
from chatwidget.errors import (
    BadFrame,
    CloseCode,
    CloseConnection,
    DatabaseUnavailable,
    RateLimited,
)
from chatwidget.models import Visitor, Widget
from chatwidget.protocol import MAX_FRAME_BYTES, Hello, parse
from chatwidget.sockets import origin, rate_limits
from chatwidget.sockets.identity import identify
from chatwidget.transcripts import own_data

STATUS = {CloseCode.UNAUTHORIZED: 401, CloseCode.NO_WIDGET: 404, CloseCode.TOO_MANY: 429}


class Asked(msgspec.Struct, frozen=True):
    """The body of a request."""

    hello: msgspec.Raw
    do: Literal["download", "copy", "delete"]
    email: str = ""
    consent: bool = False


@csrf_exempt  # its Origin is checked as the websocket's is
@login_not_required
@require_POST
@never_cache
async def answer(request: HttpRequest, slug: str) -> HttpResponseBase:
    if not isinstance(request, ASGIRequest):
        return HttpResponse(status=501)
    try:
        return await _answer(request, slug)
    except CloseConnection as refusal:
        return HttpResponse(status=STATUS.get(refusal.close_code, 403))
    except RateLimited as error:
        wait = str(round(error.retry_after or 1))
        return HttpResponse(status=429, headers={"Retry-After": wait})
    except BadFrame:
        return HttpResponse(status=400)
    except DatabaseUnavailable:
        return HttpResponse(status=503)


async def _answer(request: ASGIRequest, slug: str) -> HttpResponseBase:
    scope = request.scope
    origin.check_origin(scope)
    address = origin.client_address(scope)
    rate_limits.work.take("work_per_address", address, rate_limits.OPENING)
    widget = await run_in_db_thread(Widget.objects.filter(slug=slug, active=True).first)
    if widget is None or not widget.typed_desk.own_data:
        return HttpResponse(status=404)
    lane.set(widget.pk)
    asked, hello = _read(request)
    client = identify(scope, address, widget, hello)
    visitor = client.visitor
    await rate_limits.consume_address("own_data_per_address", address)
    await rate_limits.consume("own_data_per_visitor", visitor.hex)
    if asked.do == "copy":
        await _consume_copy(address, visitor.hex, asked)
    person = await run_in_db_thread(own_data.known, widget.pk, visitor)
    if person is None:
        return HttpResponse(status=204)
    if asked.do == "download":
        return await _download(person)
    if asked.do == "delete":
        return JsonResponse(asdict(await run_in_db_thread(own_data.erase, person)))
    await run_in_db_thread(own_data.send_copy, person, asked.email, client.language)
    return HttpResponse(status=202)


def _read(request: ASGIRequest) -> tuple[Asked, Hello]:
    """Raises BadFrame."""
    if len(request.body) > MAX_FRAME_BYTES:
        raise BadFrame("too large")
    try:
        asked = msgspec.json.decode(request.body, type=Asked)
        hello = parse(bytes(asked.hello).decode())
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadFrame(str(error)) from None
    if not isinstance(hello, Hello):
        raise BadFrame("no hello")
    return asked, hello


async def _consume_copy(address: str, visitor: str, asked: Asked) -> None:
    """Is there a mailbox, and may one more mail go there?"""
    try:
        validate_email(asked.email)
    except ValidationError:
        raise BadFrame("no e-mail address") from None
    if not asked.consent:
        raise BadFrame("no consent")
    await rate_limits.consume("copies_per_visitor", visitor)
    await rate_limits.consume_address("copies_per_address", address)
    mailbox = hashlib.sha256(asked.email.lower().encode()).hexdigest()
    await rate_limits.consume("copies_per_mailbox", mailbox)


async def _download(person: Visitor) -> StreamingHttpResponse:
    ids = await run_in_db_thread(own_data.conversations_of, person)

    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"visitor":' + msgspec.json.encode(own_data.describe(person))
        yield b',"conversations":['
        between = b""
        for pk in ids:
            if told := await run_in_db_thread(own_data.conversation, pk):
                yield between + msgspec.json.encode(told)
                between = b","
        yield b"]}"

    response = StreamingHttpResponse(pieces(), content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="conversations.json"'
    return response
