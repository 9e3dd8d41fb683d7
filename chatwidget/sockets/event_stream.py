"""The second transport: server-sent events down, POST up, for where websockets are blocked.

    POST events/        the `hello`; answered by a stream of events, one for each frame
    POST events/<id>/   more frames, one a line; the id is the stream's first event

Frames, tokens, windows and guarantees are the websocket's, a visitor's or, in the place of a slug
STAFF, one of the staff's. A close code comes as the event `close`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_not_required
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from chatwidget.errors import CloseCode, CloseConnection
from chatwidget.protocol import MAX_FRAME_BYTES, WINDOW_SECONDS
from chatwidget.relay.events import FramesPosted, FramesTaken, Mail
from chatwidget.relay.lifecycle import relay
from chatwidget.sockets import origin, rate_limits
from chatwidget.sockets.connection import Connection
from chatwidget.sockets.line import Line
from chatwidget.sockets.staff_line import StaffLine

# Events that wait for a reader that takes none; what follows waits in the outbox, which is bounded.
MAX_QUEUED = 4
# Of one POST: as many frames as a client may send at once.
MAX_BODY = 4 * MAX_FRAME_BYTES

# A process that has the stream answers another one in this time, or is gone.
FORWARD_SECONDS = 5.0

# What stands in the place of a slug; no widget's has an underscore.
STAFF = "_staff"

_open: dict[UUID, EventStream] = {}
# Frames that were handed to another process: by their request, until it has taken them.
_forwarded: dict[UUID, asyncio.Future[None]] = {}


class EventStream:
    """A line whose frames leave as events."""

    def __init__(self, request: ASGIRequest, slug: str) -> None:
        self.id = uuid4()
        self._events: asyncio.Queue[str] = asyncio.Queue()
        self._taken = asyncio.Event()
        self._turn = asyncio.Lock()
        self._line = _line(request.scope, slug, self._send, self._close)
        self._hub = relay().hub
        self._tasks: set[asyncio.Task[None]] = set()

    async def events(self, hello: str) -> AsyncIterator[str]:
        """The stream's events until it is closed, or nobody reads it any more."""
        _open[self.id] = self
        self._hub.open_mailbox(self.id, self._posted)
        talking = asyncio.create_task(self._begin(hello))
        try:
            yield f"event: open\ndata: {self.id}\n\n"
            closed = False
            while not closed:
                event = await self._events.get()
                self._taken.set()
                closed = event.startswith("event: close")
                yield event
        finally:
            del _open[self.id]
            self._hub.close_mailbox(self.id)
            for task in [talking, *self._tasks]:
                task.cancel()
            self._line.leave()

    def _posted(self, mail: Mail) -> None:
        """Take what came to another process."""
        if isinstance(mail, FramesPosted):
            task = asyncio.create_task(self._take(mail))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _take(self, posted: FramesPosted) -> None:
        await self.receive(posted.frames)
        self._hub.pubsub.send(self.id, FramesTaken(posted.request))

    async def receive(self, frames: Sequence[str]) -> None:
        """Take frames, one at a time."""
        async with self._turn:
            for frame in frames:
                await self._line.receive(frame)

    async def _begin(self, hello: str) -> None:
        async with self._turn:
            await self._line.open()
            await self._line.receive(hello)

    async def _send(self, frame: str) -> None:
        if self.id not in _open:
            raise ConnectionError("the stream has ended")
        self._events.put_nowait(f"data: {frame}\n\n")
        try:
            async with asyncio.timeout(WINDOW_SECONDS):
                while self._events.qsize() > MAX_QUEUED:
                    self._taken.clear()
                    await self._taken.wait()
        except TimeoutError:
            raise CloseConnection(CloseCode.FLOW_CONTROL_TIMEOUT, "nothing taken") from None

    async def _close(self, code: int) -> None:
        self._events.put_nowait(f"event: close\ndata: {code}\n\n")


def _line(scope: origin.Scope, slug: str, *ends: Any) -> Line:
    return StaffLine(scope, *ends) if slug == STAFF else Connection(scope, slug, *ends)


@csrf_exempt  # its Origin is checked as the websocket's is
@login_not_required
@require_POST
async def open_stream(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Begin a stream by its `hello`. A refusal is an event, as a websocket's is a close code."""
    hello = _body(request)
    if hello is None or not isinstance(request, ASGIRequest):
        return HttpResponse(status=413 if hello is None else 501)
    stream = EventStream(request, slug)
    response = StreamingHttpResponse(stream.events(hello), content_type="text/event-stream")
    response["Cache-Control"] = "no-store, no-transform"
    response["X-Accel-Buffering"] = "no"  # nginx would keep events until it has a few kilobytes
    return response


@csrf_exempt
@login_not_required
@require_POST
async def post_frames(request: HttpRequest, slug: str, stream: UUID) -> HttpResponse:
    """Take a stream's frames. 404: there is no such stream; begin another."""
    if not isinstance(request, ASGIRequest):
        return HttpResponse(status=501)
    try:
        origin.check_origin(request.scope)
        if stream not in _open:  # other processes are asked: not by anybody as often as they like
            rate_limits.work.take("work_per_address", origin.client_address(request.scope), 1)
    except CloseConnection as refusal:
        return HttpResponse(status=429 if refusal.close_code == CloseCode.TOO_MANY else 403)
    body = _body(request)
    if body is None:
        return HttpResponse(status=413)
    frames = [line for line in body.split("\n") if line]
    if found := _open.get(stream):
        await found.receive(frames)
    elif not await _forward(stream, frames):
        return HttpResponse(status=404)
    return HttpResponse(status=204)


async def _forward(stream: UUID, frames: list[str]) -> bool:
    """Hand frames to the process that has the stream; False where none takes them in time."""
    hub = relay().hub
    if not hub.pubsub.is_shared:
        return False
    posted = FramesPosted(uuid4(), tuple(frames))
    taken = _forwarded[posted.request] = asyncio.get_running_loop().create_future()
    hub.open_mailbox(stream, _answered)
    hub.pubsub.send(stream, posted)
    try:
        async with asyncio.timeout(FORWARD_SECONDS):
            await taken
    except TimeoutError:
        return False
    finally:
        del _forwarded[posted.request]
        hub.close_mailbox(stream)
    return True


def _answered(mail: Mail) -> None:
    if isinstance(mail, FramesTaken):
        taken = _forwarded.get(mail.request)
        if taken and not taken.done():
            taken.set_result(None)


def _body(request: HttpRequest) -> str | None:
    """The text of a request; None for one that is too large. Invalid UTF-8 is a bad frame later."""
    try:
        if int(request.headers.get("Content-Length") or 0) > MAX_BODY:
            return None
    except ValueError:
        return None
    body = request.body
    return None if len(body) > MAX_BODY else body.decode(errors="replace")
