"""One tab's connection, whatever carries it: who may open it, its frames in and out, its end.

What a frame does is the `Session`'s business; `consumer` and `event_stream` carry the frames.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from uuid import UUID
from weakref import WeakValueDictionary

from django.utils import translation

from chatwidget import transcripts
from chatwidget.conf import conf
from chatwidget.db import db_timeout, lane, run_in_db_thread
from chatwidget.errors import (
    BadFrame,
    ChatError,
    CloseCode,
    CloseConnection,
    DatabaseUnavailable,
)
from chatwidget.models import Widget
from chatwidget.protocol import (
    HELLO_SECONDS,
    BadFrameOf,
    Hello,
    parse,
)
from chatwidget.sockets import origin, rate_limits, serialize
from chatwidget.sockets.client import Client
from chatwidget.sockets.identity import identify
from chatwidget.sockets.line import Line
from chatwidget.sockets.session import Session
from chatwidget.transcripts import Rules

logger = logging.getLogger("chatwidget")
delivery_log = logging.getLogger("chatwidget.delivery")  # types and sizes, never a text

_widgets: WeakValueDictionary[tuple[int, int], Widget] = WeakValueDictionary()


class Connection(Line):
    """A visitor's line: its `hello`, and then its session."""

    __slots__ = ("_client", "_hello_timer", "_pace", "_session", "_slug", "_timeout", "_widget")

    def __init__(
        self,
        scope: origin.Scope,
        slug: str,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
        at_once: Callable[[str], bool] | None = None,
    ) -> None:
        super().__init__(scope, send, close, at_once)
        self._slug = slug
        self._session: Session | None = None
        self._client: Client | None = None  # once it is admitted
        self._hello_timer: asyncio.TimerHandle | None = None

    async def _admit(self) -> None:
        """May this connection be open at all? Raises CloseConnection."""
        self._enter()
        self._work(rate_limits.OPENING)
        await self._consume_connection()
        slug = self._slug
        async with db_timeout():
            widget = await run_in_db_thread(Widget.objects.filter(slug=slug, active=True).first)
        if widget is None:
            raise CloseConnection(CloseCode.NO_WIDGET, f"no active widget {slug!r}")
        lane.set(widget.pk)
        # One for all its sockets: every save makes a new version.
        self._widget = _widgets.setdefault((widget.pk, widget.config_version), widget)
        self._pace = rate_limits.pace_of(widget.pk)
        # Not before: it may have come, and wait for a database that is slow.
        loop = asyncio.get_running_loop()
        self._hello_timer = loop.call_later(HELLO_SECONDS, self._no_hello)

    async def _receive(self, text: str | None, binary: bytes | None) -> None:
        size = self._measure(text, binary)
        frame_id = None
        try:
            if text is None:
                raise BadFrame("binary")
            frame = parse(text)
            delivery_log.debug("< %s, %d bytes", type(frame).__name__, size)
            frame_id = getattr(frame, "id", None)
            self._work(rate_limits.WEIGHTS.get(type(frame), 0))
            if self._session is None:
                if not isinstance(frame, Hello):
                    raise BadFrame("the first frame must be hello")
                await self._hello(frame)
            else:
                if isinstance(frame, rate_limits.PACED):
                    await self._pace.wait(rate_limits.WEIGHTS[type(frame)])
                await self._session.handle(frame)
        except CloseConnection:
            raise
        except ChatError as error:
            if isinstance(error, DatabaseUnavailable) and self._session is None:
                raise
            if self._session is None:
                raise CloseConnection(CloseCode.PROTOCOL, str(error)) from error
            if isinstance(error, BadFrameOf):
                frame_id = error.frame_id
            if isinstance(error, DatabaseUnavailable):
                logger.error("a visitor's frame was refused: database: %s", error.cause)
            self._outbox.put(serialize.error(error, frame_id))

    async def _hello(self, frame: Hello) -> None:
        assert self._hello_timer
        self._hello_timer.cancel()
        client = self._client = identify(self._scope, self._address, self._widget, frame)
        limits = conf().limits
        self._count(client.visitor.hex, limits.sockets_per_visitor if limits else None)
        self._relay.admission.enter(self)  # before it is looked whether the visitor may
        translation.activate(client.language)
        session = Session(self._relay, self._widget, client, self._outbox)
        try:
            async with db_timeout():
                if client.anonymous:
                    await run_in_db_thread(
                        transcripts.check_admission, self._widget.pk, client.visitor
                    )
                    await run_in_db_thread(
                        transcripts.join_visitors,
                        self._widget,
                        client.anonymous,
                        client.visitor,
                        client.details,
                    )
                # Who signs in sees what they said last: none was what was shown before that.
                await session.begin(frame, latest=client.signs_in and frame.conversation is None)
        except BaseException:
            session.subscription.gone()
            raise
        self._session = session
        if self._relay.draining:
            session.subscription.leave()  # it has begun since this socket was opened
        self._begin()

    # --- what `Admission` asks of a guest -----------------------------------------------------

    @property
    def widget_id(self) -> int:
        return self._widget.pk

    @property
    def visitor(self) -> UUID:
        assert self._client
        return self._client.visitor

    def refused_by(self, rules: Rules) -> CloseConnection | None:
        assert self._client
        if rules.require_identity and not self._client.identity:
            return CloseConnection(CloseCode.UNAUTHORIZED, "identity: now required")
        embedder = self._client.embedder
        if not origin.may_embed(self._scope, embedder, rules.allowed_origins):
            return CloseConnection(CloseCode.ORIGIN, f"{embedder} may not embed the widget")
        return None

    def _work(self, weight: int) -> None:
        rate_limits.work.take("work_per_address", self._address, weight)
        if self._client:
            rate_limits.work.take("work_per_visitor", self._client.visitor.hex, weight)

    def _no_hello(self) -> None:
        self._timeout = asyncio.create_task(self._close(CloseCode.NO_HELLO))

    def leave(self) -> None:
        super().leave()
        if self._hello_timer:
            self._hello_timer.cancel()
        if self._session:
            self._session.subscription.gone()
        if self._client:
            self._relay.admission.leave(self)
