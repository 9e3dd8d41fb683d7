"""One answer, read to its end within the bounds that hold for every adapter."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import aclosing

from chatwidget.conf import Timeouts, conf
from chatwidget.errors import PlatformRejected, PlatformUnavailable
from chatwidget.providers.base import Delta, Finished, Provider, ProviderSession, Turn, fits
from chatwidget.providers.decoders import excerpt, joined, plain
from chatwidget.providers.error_mapping import map_errors
from chatwidget.providers.timeouts import StreamTimeouts
from chatwidget.text import is_clean, storable

# Code points of a platform's id of its message, as the transcript keeps it.
MAX_MESSAGE_ID = 200


class ReplyReader:
    """What came of an answer besides its text, by now; it stands when the answer fails."""

    __slots__ = ("finished", "first", "session")

    def __init__(self) -> None:
        self.first: float | None = None  # when the text began, by the monotonic clock
        self.session = ""  # the platform's, once it is known
        self.finished: Finished | None = None

    async def read(self, provider: Provider, turn: Turn, take: Callable[[str], None]) -> None:
        """Hands each piece of the text to `take`. Raises ReplyError."""
        limit = left = conf().MAX_REPLY_LENGTH
        blank = True
        half = ""  # of a character that the platform cut
        times, ours = conf().TIMEOUTS, not provider.keeps_time
        clock = StreamTimeouts(times if ours else Timeouts(*[times.total] * 4))
        try:
            with map_errors(provider.config.key), clock:
                async with aclosing(provider.reply(turn)) as events:
                    async for event in events:
                        if ours:
                            clock.received()
                        if type(event) is Delta:
                            text = event.text
                            if half or not is_clean(text):
                                text, half = joined(half + text)
                            if not text:
                                continue
                            self.first = self.first or time.monotonic()
                            left -= len(text)
                            if left < 0:
                                take(text[:left])
                                raise PlatformRejected(
                                    f"the answer is longer than {limit} characters"
                                )
                            take(text)
                            blank = blank and text.isspace()
                        elif isinstance(event, ProviderSession):
                            if not fits(event.id):
                                raise PlatformRejected(f"no session id: {excerpt(event.id)}")
                            self.session = event.id
                        elif isinstance(event, Finished):
                            self.finished = _fit(event)
        finally:
            clock.close()
        if self.finished is None:
            raise PlatformUnavailable("the adapter ended without Finished")
        if half:
            take("\ufffd")
        elif blank and not self.finished.ui:
            raise PlatformRejected("the answer is empty")


def _fit(given: Finished) -> Finished:
    """What of it can be stored. The text stands without the rest, and the metadata say why."""
    ui, metadata = None, {}
    try:
        metadata = plain(given.metadata)
    except PlatformRejected as error:
        metadata = {"ignored": error.cause}
    if given.ui is not None:
        try:
            ui = plain(given.ui)
            if not isinstance(ui.get("type"), str):
                raise PlatformRejected(f"it has no type: {excerpt(str(ui))}")
        except PlatformRejected as error:
            ui, metadata["ui_ignored"] = None, error.cause
    return Finished(ui, storable(given.message_id)[:MAX_MESSAGE_ID], metadata)
