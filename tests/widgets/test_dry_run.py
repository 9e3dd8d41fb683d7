"""Two messages to an agent by a description, and what an owner reads of them."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from chatwidget.conf import Secret
from chatwidget.models import Widget
from chatwidget.testing.transport import Answer, FakePlatform
from chatwidget.widgets.diagnostics import Diagnosis, diagnose
from chatwidget.widgets.dry_run import Exchange, dry_run
from tests.providers.generic.conftest import JSON, KEY, SSE, described

STREAM = {
    "framing": "sse",
    "text": [{"when": "text", "path": "text"}],
    "session": "thread",
    "error": [{"when": "error", "text": "error"}],
    "end": "end",
}
EVENTS = (
    b'data: {"thread": "t-1"}\n\n: beat\n\ndata: {"tool": "search"}\n\n'
    b'data: {"text": "He"}\n\ndata: {"text": "llo"}\n\ndata: {"end": true}\n\n'
)


def widget(description: dict[str, Any]) -> Widget:
    made = Widget(slug="shop", title="Shop", provider="generic", base_url="https://agent.example")
    made.options = {"description": description}
    made.key = Secret(KEY)
    return made


async def run(
    description: dict[str, Any], answer: Answer
) -> tuple[list[Exchange], FakePlatform, Diagnosis]:
    """The dry run, and what a check says of the same platform."""
    platform = FakePlatform(lambda request: answer)
    with platform.installed():
        exchanges = await dry_run(widget(description).provider_config)
        requests = list(platform.requests)
        found = await diagnose(widget(description))
    platform.requests = requests
    return exchanges, platform, found


def body(request: httpx.Request) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(request.content)
    return made


async def test_all_is_shown() -> None:
    description = described(STREAM, body={"said": "{text}", "thread": "{session}"})
    description["request"]["headers"] = {"X-Key": "{key}"}
    exchanges, platform, found = await run(description, Answer([EVENTS], headers=SSE))
    first, second = exchanges
    assert [body(request) for request in platform.requests] == [
        {"said": "Hello"},
        {"said": "What have I just written?", "thread": "t-1"},
    ]
    [call] = first.calls
    assert call.line == "POST https://agent.example/chat"
    assert ("X-Key", "[key]") in call.headers
    assert json.loads(call.body) == {"said": "Hello"}
    assert (call.status, dict(call.answer_headers)) == (200, SSE)
    assert call.raw == EVENTS.decode()
    assert [(step.rules, step.text) for step in first.steps] == [
        ("session", ""),
        ("", ""),
        ("text[0]", "He"),
        ("text[0]", "llo"),
        ("end[0]", ""),
    ]
    assert first.steps[1].value == '{"tool":"search"}'
    assert (first.text, first.session, first.error) == ("Hello", "t-1", None)
    assert (second.text, second.session) == ("Hello", "t-1")
    assert found.ok
    said = "\n".join(found.lines)
    assert "POST https://agent.example/chat: 200, text/event-stream" in said
    assert "Events: 5; by rule: session 1, no rule 1, text[0] 2, end[0] 1" in said
    assert "Session: t-1" in said
    assert "“Hello”" in said
    assert KEY not in said + repr(exchanges)


@pytest.mark.parametrize(
    ("answer", "request_body", "said"),
    [
        (Answer([b'{"other": 1}'], headers=JSON), {"a": "{text}"}, "no rule of the description"),
        (Answer([b"no"], 401), {"a": "{text}"}, "Wrong key"),
        (Answer([b"no"], 401), {"a": "{text}"}, "no header holds {key}"),
        (Answer([b"no"], 404), {"a": "{text}"}, "POST https://agent.example/chat"),
        (Answer([b'data: {"error": "broke"}\n\n']), {"a": "{text}"}, "the platform says: broke"),
        (Answer([EVENTS]), {"a": "{conversation}"}, "{text} is missing"),
        (Answer([EVENTS]), {"a": "{text}"}, "Nothing in the request names the conversation"),
        (
            Answer([EVENTS.replace(b"thread", b"other")]),
            {"a": "{text}", "s": "{session}"},
            "No session was returned",
        ),
    ],
)
async def test_what_is_wrong(answer: Answer, request_body: dict[str, Any], said: str) -> None:
    _, _, found = await run(described(STREAM, body=request_body), answer)
    assert not found.ok
    assert said in "\n".join(found.lines)


async def test_a_refusal_is_shown_as_it_came() -> None:
    refused = Answer([b'{"detail": "a: missing"}'], 422, JSON)
    [exchange], _, found = await run(described(STREAM, body={"a": "{text}"}), refused)
    [call] = exchange.calls
    assert (call.status, call.raw) == (422, '{"detail": "a: missing"}')
    assert dict(call.answer_headers) == JSON
    assert found.lines[0] == "✗ POST https://agent.example/chat: 422, application/json"


async def test_what_is_kept_is_bounded() -> None:
    event = b'data: {"text": "' + b"x" * 4000 + b'"}\n\n'
    answer = Answer([event * 50, event * 200, b'data: {"end": 1}\n\n'])
    exchanges, _, _ = await run(
        described(STREAM, body={"a": "{text}", "c": "{conversation}"}), answer
    )
    assert len(exchanges[0].steps) == 200
    assert all(len(step.value) <= 501 for step in exchanges[0].steps)
    assert len(exchanges[0].calls[0].raw) == 2048


async def test_a_second_message_after_a_failure_is_not_sent() -> None:
    exchanges, platform, _ = await run(described(STREAM), Answer([b""], 500))
    assert len(exchanges) == len(platform.requests) == 1
    assert exchanges[0].cause.startswith("provider_unavailable: HTTP 500")
