"""The suite that every adapter passes: text in any cut, faults, sessions, limits, keys."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import aiohttp
import httpx
from aiohttp.client_reqrep import ConnectionKey

from chatwidget.conf import ProviderConfig
from chatwidget.errors import ReplyError
from chatwidget.providers.base import (
    Delta,
    Finished,
    HistoryMessage,
    PageContext,
    Provider,
    Turn,
    VisitorIdentity,
)
from chatwidget.providers.reader import ReplyReader
from chatwidget.providers.registry import make_provider
from chatwidget.testing.surroundings import captured, changed_settings, no_pauses
from chatwidget.testing.transport import BROKEN, SILENCE, Answer, FakePlatform

CONVERSATION = "01930000-0000-7000-8000-000000000001"
PERSON = VisitorIdentity("01930000-0000-7000-8000-000000000002", "Ann", "ann@example.com", "en")
PAGE = PageContext("https://shop.example.com/blue", "Blue – Shop", "https://example.com/")
# Characters of one to four bytes, quotes and escapes, line breaks, an event's own words.
PIECES = ["Hé", "llo 世", "界 😀", ' "q" \\ {b}\n\n', "data: x\u2028", "[DONE", "]", " – end."]
TEXT = "".join(PIECES)
CODES = {
    400: "provider_rejected",
    401: "misconfigured",
    403: "misconfigured",
    404: "misconfigured",
    413: "provider_rejected",
    422: "provider_rejected",
    429: "provider_rate_limited",
    500: "provider_unavailable",
    502: "provider_unavailable",
    503: "provider_unavailable",
    504: "provider_unavailable",
    307: "misconfigured",
}


@dataclass
class Found:
    """All that a reply brought."""

    text: str
    session: str
    finished: Finished | None
    error: ReplyError | None
    platform: FakePlatform

    @property
    def code(self) -> str:
        return self.error.code if self.error else ""

    @property
    def cause(self) -> str:
        return self.error.cause if self.error else ""


class Conformance:
    """Subclass it for an adapter: name its `config`, and write `answer`. pytest finds the rest."""

    config: ClassVar[ProviderConfig]
    # The platform's session, as `answer` tells it; empty where the adapter makes it, or has none.
    session: ClassVar[str] = ""
    # False: the platform's answer comes whole, so nothing of one that breaks off is shown.
    streams: ClassVar[bool] = True
    # Does an answer that ends too soon, but properly, look like a whole one? Raw text does.
    has_end: ClassVar[bool] = True
    # Requests before the one that holds the message, in a new conversation.
    requests_before: ClassVar[int] = 0

    def answer(self, pieces: Sequence[str], session: str) -> Answer:
        """The platform's answer that says these pieces, and goes well."""
        raise NotImplementedError

    def before(self, request: httpx.Request) -> Answer | None:
        """The answer to a request that does not hold the message; None: it is the one that does."""
        return None

    # --- helpers ---

    def provider(self) -> Provider:
        return make_provider(self.config)

    def turn(self, text: str = "Is it blue?", session: str = "", **more: Any) -> Turn:
        return Turn(text, PERSON, CONVERSATION, session, PAGE, **more)

    def ask(self, answer: Answer | Exception, turn: Turn | None = None) -> Found:
        """One reply to its end, on a platform that answers so."""
        platform = FakePlatform(lambda request: self.before(request) or answer)
        reading = ReplyReader()
        pieces: list[str] = []

        async def read() -> ReplyError | None:
            try:
                await reading.read(self.provider(), turn or self.turn(), pieces.append)
            except ReplyError as error:
                return error
            return None

        with platform.installed(), no_pauses():
            error = asyncio.run(read())
        assert platform.open == 0, "a connection was left open"
        text = "".join(pieces)[reading.superseded :]
        return Found(text, reading.session, reading.finished, error, platform)

    @property
    def good(self) -> Answer:
        return self.answer(PIECES, self.session)

    # --- text ---

    def test_the_text_is_what_the_platform_said(self) -> None:
        found = self.ask(self.good)
        assert found.error is None, found.cause
        assert found.text == TEXT
        assert found.finished is not None
        assert len(found.platform.requests) == 1 + self.requests_before

    def test_any_cut_gives_the_same(self) -> None:
        whole = self.ask(self.good)
        for size in (1, 2, 3, 5, 64, 100_000):
            found = self.ask(Answer.cut(self.good, size))
            assert (found.text, found.session, found.code) == (whole.text, whole.session, "")

    def test_text_comes_as_it_is_written(self) -> None:
        if not self.streams:
            return
        size = len(self.good.chunks) // 2
        answer = Answer([*self.good.chunks[:size], SILENCE], self.good.status, self.good.headers)

        async def first() -> str:
            async for event in self.provider().reply(self.turn(session=self.session)):
                if isinstance(event, Delta) and event.text:
                    return event.text
            return ""

        with FakePlatform(lambda request: self.before(request) or answer).installed():
            assert TEXT.startswith(asyncio.run(asyncio.wait_for(first(), 30)))

    # --- faults ---

    def test_a_connection_that_breaks_keeps_what_came(self) -> None:
        for size in range(len(self.good.chunks)):
            answer = Answer([*self.good.chunks[:size], BROKEN], self.good.status, self.good.headers)
            found = self.ask(answer, self.turn(session=self.session))
            assert len(found.platform.requests) == 1, "what may have been heard is not sent again"
            if self.has_end and found.text == TEXT and found.finished is not None:
                continue  # its end had come
            assert found.code == "provider_unavailable"
            assert TEXT.startswith(found.text)
            assert found.finished is None

    def test_an_answer_that_ends_too_soon_is_no_whole_one(self) -> None:
        if not (self.streams and self.has_end):
            return
        half = self.good.chunks[: len(self.good.chunks) // 2]
        found = self.ask(Answer(half, self.good.status, self.good.headers))
        assert found.error is not None
        assert TEXT.startswith(found.text)

    def test_every_status_has_its_code(self) -> None:
        for status, code in CODES.items():
            headers = {"content-type": "application/json", "location": "https://x.example/"}
            found = self.ask(Answer([b'{"error": "why"}'], status, headers))
            assert (found.code, found.text) == (code, ""), status
            assert f"HTTP {status}" in found.cause

    def test_what_is_no_answer_is_no_text(self) -> None:
        """A login page, nothing at all, half an answer of another shape."""
        page = b"<!doctype html><title>Log in</title><h1>Please log in</h1>"
        for body, kind in (
            (page, "text/html; charset=utf-8"),
            (b"", self.good.headers.get("content-type", "text/plain")),
            (b'{"unfinished": "', "application/json"),
            (b'{"another": {"shape": 1}}', "application/json"),
        ):
            found = self.ask(Answer([body], 200, {"content-type": kind}))
            assert (found.code, found.text) == ("provider_rejected", "")

    def test_a_pause_that_is_asked_for_is_told(self) -> None:
        found = self.ask(Answer([b""], 429, {"retry-after": "120"}))
        assert found.code == "provider_rate_limited"
        assert found.error is not None and found.error.retry_after == 120
        assert len(found.platform.requests) == 1

    def test_nobody_there_is_tried_again_and_then_told(self) -> None:
        host: Any = ConnectionKey("platform.example", 443, True, True, None, None, None)
        found = self.ask(aiohttp.ClientConnectorError(host, OSError(111, "refused")))
        assert found.code == "provider_unavailable"
        assert 1 <= len(found.platform.requests) - self.requests_before <= 3

    # --- the session ---

    def test_the_session_comes_back(self) -> None:
        first = self.ask(self.good)
        assert first.session.startswith(self.session)
        if not first.session:
            return
        second = self.ask(self.good, self.turn("And red?", first.session, seq=4))
        assert second.error is None
        asked = second.platform.requests[-1]
        headers = " ".join(asked.headers.values())
        assert first.session in f"{asked.url} {headers} {_body(asked)}"
        assert len(second.platform.requests) == 1

    def test_the_message_is_sent_once_and_as_it_was_written(self) -> None:
        text = 'ä "quoted" 世\n2 & {text} – 😀'
        found = self.ask(self.good, self.turn(text))
        bodies = [_body(request) for request in found.platform.requests]
        escaped = text.encode("unicode_escape").decode()
        told = [body for body in bodies if "世" in body or "\\u4e16" in body or "%E4%B8%96" in body]
        assert len(told) == 1, (bodies, escaped)

    def test_the_history_goes_along_where_it_is_wanted(self) -> None:
        provider = self.provider()
        if not provider.wants_history:
            return
        history = (
            HistoryMessage("assistant", "Welcome!", 1),
            HistoryMessage("user", "FIRST", 2),
            HistoryMessage("assistant", "<think>SECRET</think>\n\nSECOND", 3),
        )
        found = self.ask(self.good, self.turn("THIRD", history=history, seq=4))
        body = _body(found.platform.requests[-1])
        assert body.index("FIRST") < body.index("SECOND") < body.index("THIRD")
        assert "SECRET" not in body

    # --- stopping, limits ---

    def test_a_reply_that_is_stopped_closes_its_connection(self) -> None:
        size = max(1, len(self.good.chunks) // 2)
        answer = Answer([*self.good.chunks[:size], SILENCE], self.good.status, self.good.headers)
        platform = FakePlatform(lambda request: self.before(request) or answer)

        async def stopped() -> None:
            reading = asyncio.create_task(self._read_all(self.provider()))
            await platform.begun.wait()
            for _ in range(50):
                await asyncio.sleep(0)
            reading.cancel()
            await asyncio.wait([reading])
            assert reading.cancelled()

        with platform.installed():
            asyncio.run(stopped())
        assert platform.open == 0

    async def _read_all(self, provider: Provider) -> None:
        await ReplyReader().read(provider, self.turn(session=self.session), lambda text: None)

    def test_a_platform_that_falls_silent_is_timed_out(self) -> None:
        for size in (0, len(self.good.chunks) // 2):
            answer = Answer(
                [*self.good.chunks[:size], SILENCE], self.good.status, self.good.headers
            )
            with changed_settings(TIMEOUTS=(30, 0.3, 0.3, 30)):
                found = self.ask(answer, self.turn(session=self.session))
            assert found.code == "provider_timeout"
            assert TEXT.startswith(found.text)

    def test_a_reply_is_cut_at_the_longest_length(self) -> None:
        pieces = ["0123456789" * 10] * 40
        with changed_settings(MAX_REPLY_LENGTH=1000):
            found = self.ask(self.answer(pieces, self.session))
        assert (found.code, len(found.text)) == ("provider_rejected", 1000)

    # --- the key ---

    def test_the_key_is_in_headers_alone_and_told_to_nobody(self) -> None:
        key = self.config.key.reveal()
        if not key:
            return
        found = self.ask(self.good)
        for request in found.platform.requests:
            assert key not in f"{request.url} {_body(request)}"
        assert any(key in " ".join(r.headers.values()) for r in found.platform.requests)
        with captured() as records:
            for status in (200, 400, 500):
                headers = {"content-type": "text/plain"}
                told = self.ask(Answer([f"your key is {key}".encode()], status, headers))
                assert key not in f"{told.cause} {told.text} {told.error!r}"
        assert key not in " ".join(record.getMessage() for record in records)
        assert key not in repr(self.config)


def _body(request: httpx.Request) -> str:
    return request.content.decode("utf-8", "replace")
