"""One answer, read to its end within the bounds that hold for every adapter."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from chatwidget.conf import Timeouts, conf
from chatwidget.errors import PlatformRejected, PlatformUnavailable
from chatwidget.providers.base import (
    Activity,
    AgentProfile,
    Anew,
    Delta,
    Finished,
    Provider,
    ProviderSession,
    Turn,
    VisitorIdentity,
    fits,
)
from chatwidget.providers.decoders import excerpt, joined
from chatwidget.providers.error_mapping import map_errors
from chatwidget.providers.extras import fit, fit_profile
from chatwidget.providers.scrubbing import Scrubber, scrubber_of
from chatwidget.providers.timeouts import StreamTimeouts
from chatwidget.text import is_clean, storable

MAX_ACTIVITY = 100


async def read_profile(provider: Provider, person: VisitorIdentity) -> AgentProfile:
    """What the platform says of its agent, fit to be shown. Raises ReplyError."""
    key = provider.config.key
    with map_errors(key):
        return fit_profile(await provider.profile(person), scrubber_of(key))


class ReplyReader:
    """What came of an answer besides its text, by now; it stands when the answer fails."""

    __slots__ = ("finished", "first", "session", "superseded")

    def __init__(self) -> None:
        self.first: float | None = None  # when the text began, by the monotonic clock
        self.superseded = 0  # so many code points of the text, from its beginning, are no answer
        self.session = ""  # the platform's, once it is known
        self.finished: Finished | None = None

    async def read(
        self,
        provider: Provider,
        turn: Turn,
        take: Callable[[str], None],
        doing: Callable[[str], None] = lambda activity: None,
    ) -> None:
        """Hand the text to `take` as it comes, each Activity to `doing`. Raises ReplyError."""
        key = provider.config.key
        scrubber = scrubber_of(key)
        text = _Text(take, scrubber)
        notes: dict[str, Any] = {}
        times, ours = conf().TIMEOUTS, not provider.keeps_time
        clock = StreamTimeouts(times if ours else Timeouts(*[times.total] * 4))
        try:
            with map_errors(key), clock:
                async with aclosing(provider.reply(turn)) as events:
                    async for event in events:
                        if ours:
                            clock.received()
                        if type(event) is Delta:
                            if text.add(event.text) and self.first is None:
                                self.first = time.monotonic()
                        elif isinstance(event, ProviderSession):
                            if not fits(event.id):
                                raise PlatformRejected(f"no session id: {excerpt(event.id)}")
                            if scrubber.holds(event.id):
                                notes["session_ignored"] = "it holds the key"
                            else:
                                self.session = event.id
                        elif isinstance(event, Anew):
                            self.superseded = text.begin_anew()
                        elif isinstance(event, Activity):
                            doing(scrubber.clean(storable(event.text))[:MAX_ACTIVITY])
                        elif isinstance(event, Finished):
                            self.finished = fit(event, scrubber, notes)
        finally:
            clock.close()
            text.end(whole=self.finished is not None)
        if self.finished is None:
            raise PlatformUnavailable("the adapter ended without Finished")
        if text.blank and not self.finished.ui:
            raise PlatformRejected("the answer is empty")


class _Text:
    """One answer's text on its way to `take`: of whole characters, without the key, bounded."""

    __slots__ = ("_half", "_left", "_passed", "_scrubber", "_stream", "_take", "blank")

    def __init__(self, take: Callable[[str], None], scrubber: Scrubber) -> None:
        self._take = take
        self._scrubber = scrubber
        self._stream = scrubber.stream()
        self._passed = 0
        self._half = ""  # of a character that the platform cut
        self._left = conf().MAX_REPLY_LENGTH
        self.blank = True

    def add(self, text: str) -> bool:
        """One more piece; False where there is nothing in it. Raises PlatformRejected."""
        if self._half or not is_clean(text):
            text, self._half = joined(self._half + text)
        if not text:
            return False
        self._pass_on(self._stream.feed(text))
        return True

    def begin_anew(self) -> int:
        """So many code points have come until now, and are no answer."""
        self._pass_on(self._stream.end())
        self._stream, self._half = self._scrubber.stream(), ""
        self._left, self.blank = conf().MAX_REPLY_LENGTH, True
        return self._passed

    def end(self, *, whole: bool) -> None:
        """What has been held back stands, however the answer ended."""
        self._pass_on(self._stream.end())
        if self._half and whole:
            self._pass_on("\ufffd")

    def _pass_on(self, text: str) -> None:
        if not text:
            return
        left, self._left = self._left, max(self._left - len(text), 0)
        if left:
            self._passed += len(text[:left])
            self._take(text[:left])
        self.blank = self.blank and text.isspace()
        if len(text) > left:
            limit = conf().MAX_REPLY_LENGTH
            raise PlatformRejected(f"the answer is longer than {limit} characters")
