"""Our own adapters pass the suite that adapters by others pass."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx

from chatwidget.conf import ProviderConfig, Secret
from chatwidget.testing import Answer, Conformance

JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}


def config(provider: str, key: str, **more: Any) -> ProviderConfig:
    given = {"base_url": "https://platform.example", "agent": "agent-1", **more}
    return ProviderConfig(provider, key=Secret(key), **given)


def text(pieces: Sequence[str], headers: dict[str, str]) -> Answer:
    chunks = [piece.encode() for piece in pieces]
    return Answer(chunks, headers={"content-type": "text/plain; charset=utf-8", **headers})


def events(values: Sequence[Any], last: bytes = b"") -> Answer:
    chunks = [f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode() for value in values]
    return Answer([*chunks, last], headers=SSE)


class TestEigi(Conformance):
    config = config("eigi", "vk_0123456789abcdef")
    session = "session-1"
    has_end = False

    def answer(self, pieces: Sequence[str], session: str) -> Answer:
        return text(pieces, {"x-session-id": session})


class TestAgentix(Conformance):
    config = config("agentix", "agx_live_0123456789abcdef")
    has_end = False

    def answer(self, pieces: Sequence[str], session: str) -> Answer:
        return text(pieces, {})


class TestVindex(Conformance):
    config = config("vindex", "amgai_0123456789abcdef", agent="")
    session = "session-1"
    streams = False

    def answer(self, pieces: Sequence[str], session: str) -> Answer:
        body = {"reply": "".join(pieces), "session_id": session}
        return Answer([json.dumps(body).encode()], headers=JSON)


class TestFifthElementWhole(Conformance):
    config = config("fifthelement", "fe_0123456789abcdef")
    session = "conversation-1"
    streams = False

    def answer(self, pieces: Sequence[str], session: str) -> Answer:
        body = {"data": {"response": "".join(pieces), "conversationId": session}}
        return Answer([json.dumps(body).encode()], headers=JSON)

    def test_every_status_has_its_code(self) -> None:
        """500 is tried again, as its document says."""
        super().test_every_status_has_its_code()

    def test_the_session_comes_back(self) -> None:
        """With the second turn it streams, which the other one tests."""

    def test_a_connection_that_breaks_keeps_what_came(self) -> None:
        """The same: a turn with a session streams."""

    def test_a_platform_that_falls_silent_is_timed_out(self) -> None:
        """The same."""

    def test_a_reply_that_is_stopped_closes_its_connection(self) -> None:
        """The same."""


class TestFifthElementStreamed(Conformance):
    config = config("fifthelement", "fe_0123456789abcdef", options={"stream_first_turn": True})
    session = "conversation-1"
    has_end = False

    def answer(self, pieces: Sequence[str], session: str) -> Answer:
        values = [{"chunk": piece} for piece in pieces]
        made = events(values, b"data: [DONE]\n\n")
        return Answer(made.chunks, headers={**SSE, "x-conversation-id": session})


class TestOpenAI(Conformance):
    config = config("openai", "sk-0123456789abcdef")

    def answer(self, pieces: Sequence[str], session: str) -> Answer:
        chunks = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
        last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        return events([*chunks, last], b"data: [DONE]\n\n")


class TestOpenAIResponses(Conformance):
    config = config("openai", "sk-0123456789abcdef", options={"api": "responses"})
    session = "resp-1"

    def answer(self, pieces: Sequence[str], session: str) -> Answer:
        said = [{"type": "response.output_text.delta", "delta": piece} for piece in pieces]
        done = {"type": "response.completed", "response": {"id": session, "status": "completed"}}
        return events([*said, done])


class TestAGUI(Conformance):
    config = config("generic", "key-0123456789abcdef", options={"preset": "ag-ui"})

    def answer(self, pieces: Sequence[str], session: str) -> Answer:
        said = [{"type": "TEXT_MESSAGE_CONTENT", "delta": piece} for piece in pieces]
        return events([{"type": "RUN_STARTED"}, *said, {"type": "RUN_FINISHED"}])


class TestGoogleADK(Conformance):
    config = config("generic", "key-0123456789abcdef", options={"preset": "google-adk"})
    has_end = False
    requests_before = 1

    def before(self, request: httpx.Request) -> Answer | None:
        return Answer([b"{}"], 409, JSON) if "/sessions/" in request.url.path else None

    def answer(self, pieces: Sequence[str], session: str) -> Answer:
        said = [
            {"partial": True, "content": {"role": "model", "parts": [{"text": piece}]}}
            for piece in pieces
        ]
        return events(said)

    def test_a_connection_that_breaks_keeps_what_came(self) -> None:
        self._opened()
        super().test_a_connection_that_breaks_keeps_what_came()

    def test_a_pause_that_is_asked_for_is_told(self) -> None:
        self._opened()
        super().test_a_pause_that_is_asked_for_is_told()

    def _opened(self) -> None:
        """Only turns of a conversation that is open."""
        self.session = "opened"  # type: ignore[misc]
        turn = self.turn
        self.turn = lambda text="Hi", session="opened", **more: turn(text, session, **more)  # type: ignore[method-assign]
