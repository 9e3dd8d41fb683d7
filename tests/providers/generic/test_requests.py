"""What is sent: address, headers, body and form, the open call, the stop call, the history."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from pytest_django import Settings

from chatwidget.providers.base import HistoryMessage, Turn, VisitorIdentity
from chatwidget.providers.generic.presets import PRESETS
from chatwidget.testing.transport import BROKEN, SILENCE, Answer, FakePlatform
from tests.providers.conftest import outcome
from tests.providers.generic.conftest import (
    CONVERSATION,
    JSON,
    KEY,
    PAGE,
    PERSON,
    SSE,
    asked,
    described,
    generic,
    turn,
)

REPLY = {"framing": "json", "text": [{"path": "reply"}]}
ANSWERED = Answer([b'{"reply": "Hi", "id": "s-7"}'], headers=JSON)


async def sent(request: dict[str, Any], to: Turn | None = None, **more: Any) -> httpx.Request:
    """The request that a description makes."""
    provider = generic(described(REPLY, **request), **more)
    found, platform = await asked(provider, ANSWERED, to)
    assert found.error is None, found.error
    [request_sent] = platform.requests
    return request_sent


async def test_every_placeholder() -> None:
    names = ["agent", "text", "session", "conversation", "visitor", "name", "email", "locale"]
    names += ["page_url", "page_title", "id", "role"]
    made = await sent(
        {"body": {name: f"{{{name}}}" for name in names}, "roles": {"user": "human"}},
        turn("Hello", "s-1", seq=2),
    )
    body = json.loads(made.content)
    assert body == {
        "agent": "agent 1",
        "text": "Hello",
        "session": "s-1",
        "conversation": CONVERSATION,
        "visitor": PERSON.id,
        "name": PERSON.name,
        "email": PERSON.email,
        "locale": "en",
        "page_url": PAGE.url,
        "page_title": PAGE.title,
        "id": body["id"],
        "role": "human",
    }
    assert made.method == "POST"
    assert made.url == "https://agent.example.com/base/chat"
    assert made.headers["content-type"] == "application/json"


async def test_an_empty_value_is_left_out_with_its_name() -> None:
    body: dict[str, Any] = {
        "session": "{session}",
        "deep": {"session": "{session}"},
        "list": ["{session}", "{text}"],
    }
    body |= {"said": "session {session}.", "state": {}, "none": None, "yes": True}
    made = await sent({"body": body})
    assert json.loads(made.content) == {
        "deep": {},
        "list": ["Hello"],
        "said": "session .",
        "state": {},
        "none": None,
        "yes": True,
    }


async def test_the_address() -> None:
    url = "{base}/a/{agent}/{text}?name={name}&session={session}&plain=1&q=a{text}"
    provider = generic(
        {"request": {"url": url, "method": "get"}, "answer": REPLY}, base_url="https://a.example"
    )
    found, platform = await asked(provider, ANSWERED, turn("ä/ö?&#"))
    assert found.error is None
    [request] = platform.requests
    assert request.method == "GET"
    assert str(request.url) == (
        "https://a.example/a/agent%201/%C3%A4%2F%C3%B6%3F%26%23?name=Ann&plain=1&q=a%C3%A4%2F%C3%B6%3F%26%23"
    )
    assert request.content == b""


@pytest.mark.parametrize("text", ["..", "."])
async def test_a_visitor_leads_no_request_elsewhere(text: str) -> None:
    found, platform = await asked(
        generic(described(REPLY, url="{base}/{text}/answer")), ANSWERED, turn(text)
    )
    assert (found.code, platform.requests) == ("provider_rejected", [])


async def test_an_address_that_needs_what_is_empty() -> None:
    found, platform = await asked(
        generic(described(REPLY, url="{base}/{name}/answer")),
        ANSWERED,
        replace(turn(), person=VisitorIdentity("visitor-1")),
    )
    assert found.code == "misconfigured"
    assert platform.requests == []


async def test_headers() -> None:
    made = await sent(
        {
            "headers": {
                "Authorization": "Bearer {key}",
                "X-Session": "{session}",
                "X-Name": "{name}",
                "accept": "text/x-own",
                "X-Fixed": "1",
            }
        },
        Turn("Hi", VisitorIdentity("v", "Ann\r\nX-Evil: ä"), CONVERSATION),
    )
    assert made.headers["authorization"] == f"Bearer {KEY}"
    assert "x-session" not in made.headers
    assert made.headers["x-name"] == "Ann%0D%0AX-Evil: %C3%A4"
    assert "x-evil" not in made.headers
    assert made.headers["accept"] == "text/x-own"
    assert made.headers["x-fixed"] == "1"


async def test_without_a_key_its_header_is_left_out() -> None:
    made = await sent({"headers": {"Authorization": "Bearer {key}"}}, key="")
    assert "authorization" not in made.headers


async def test_a_form() -> None:
    provider = generic(
        {
            "request": {
                "url": "{base}/runs",
                "form": {"message": "{text}", "session_id": "{session}", "stream": True, "n": 2},
            },
            "answer": REPLY,
        }
    )
    found, platform = await asked(provider, ANSWERED, turn("a & b = ü"))
    assert found.error is None
    [request] = platform.requests
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qsl(request.content.decode()) == [
        ("message", "a & b = ü"),
        ("stream", "true"),
        ("n", "2"),
    ]


HISTORY = (
    HistoryMessage("assistant", "Welcome!", 1),
    HistoryMessage("user", "one", 2),
    HistoryMessage("user", "two", 4),
    HistoryMessage("assistant", "<think>hm</think>\n\nyes", 5),
)


async def test_the_history() -> None:
    """In turns, the visitor's first, without thoughts; with names of roles as the platform's."""
    provider = generic(
        described(
            REPLY,
            body={"messages": "{history+text}", "before": "{history}"},
            history_item={"id": "{id}", "role": "{role}", "parts": [{"text": "{text}"}]},
            roles={"user": "human", "assistant": "ai"},
        )
    )
    assert provider.wants_history
    _, platform = await asked(provider, ANSWERED, turn("three", "", *HISTORY, seq=6))
    body = json.loads(platform.requests[0].content)
    said = [(each["role"], each["parts"][0]["text"]) for each in body["messages"]]
    assert said == [("human", "one\n\ntwo"), ("ai", "yes"), ("human", "three")]
    assert body["before"] == body["messages"][:-1]
    ids = [each["id"] for each in body["messages"]]
    assert len(set(ids)) == 3
    # The next time, what was said has the same ids.
    more = (*HISTORY, HistoryMessage("user", "three", 6), HistoryMessage("assistant", "ok", 7))
    _, platform = await asked(provider, ANSWERED, turn("four", "", *more, seq=8))
    again = json.loads(platform.requests[0].content)["messages"]
    assert [each["id"] for each in again][:3] == ids


async def test_the_first_history_is_an_empty_list() -> None:
    made = await sent({"body": {"history": "{history}", "text": "{text}"}})
    assert json.loads(made.content) == {"history": [], "text": "Hello"}


async def test_without_a_history_none_is_asked_for() -> None:
    provider = generic(described(REPLY))
    assert not provider.wants_history
    assert not provider.rewinds(provider.config.options)
    assert generic(preset="ag-ui").rewinds({"preset": "ag-ui"})


# --- the open call ----------------------------------------------------------------------------

OPEN = {
    "url": "{base}/start/{agent}",
    "body": {"user": "{visitor}", "conversation": "{conversation}"},
    "session": "id",
    "greeting": "messages[*].text",
    "accept_status": [409],
}
CONTINUE = {"url": "{base}/sessions/{session}", "open": OPEN}
STARTED = Answer(
    [b'{"id": "s-9", "messages": [{"text": "Hi!"}, {"text": "What is it?"}]}'], headers=JSON
)


def starting(request: httpx.Request) -> Answer:
    return STARTED if "/start/" in request.url.path else ANSWERED


async def test_it_is_opened_once() -> None:
    provider = generic(described(REPLY, **CONTINUE))
    found, platform = await asked(provider, starting)
    assert (found.text, found.session) == ("Hi", "s-9")
    assert [request.url.path for request in platform.requests] == [
        "/base/start/agent%201".replace("%20", " "),
        "/base/sessions/s-9",
    ]
    found, platform = await asked(provider, starting, turn("more", "s-9"))
    assert [request.url.path for request in platform.requests] == ["/base/sessions/s-9"]


async def test_it_greets() -> None:
    provider = generic(described(REPLY, **CONTINUE))
    platform = FakePlatform(starting)
    with platform.installed():
        profile = await provider.profile(VisitorIdentity("v", conversation=CONVERSATION))
    assert profile.greeting is not None
    assert (profile.greeting.text, profile.greeting.session) == ("Hi!\n\nWhat is it?", "s-9")
    assert json.loads(platform.requests[0].content) == {"user": "v", "conversation": CONVERSATION}


async def test_where_it_greets_not_nobody_is_asked() -> None:
    provider = generic(preset="google-adk")
    platform = FakePlatform(starting)
    with platform.installed():
        assert (await provider.profile(PERSON)).greeting is None
    assert platform.requests == []


async def test_that_it_is_open_is_remembered() -> None:
    """Where the platform names no session."""
    provider = generic(preset="google-adk")
    event = b'data: {"partial": true, "content": {"parts": [{"text": "Hi"}], "role": "model"}}\n\n'

    def answer(request: httpx.Request) -> Answer:
        return Answer([b"{}"], 409) if "/sessions/" in request.url.path else Answer([event])

    found, platform = await asked(provider, answer)
    assert (found.text, found.session) == ("Hi", CONVERSATION)
    assert len(platform.requests) == 2
    _, platform = await asked(provider, answer, turn("more", found.session))
    assert len(platform.requests) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer([b"{}"], 404), "misconfigured"),
        (Answer([b"{}"], headers=JSON), "provider_rejected"),
        (Answer([b"<html>"], headers=JSON), "provider_rejected"),
        (Answer([b"{}"], 500), "provider_unavailable"),
    ],
)
async def test_an_open_call_that_fails(answer: Answer, code: str) -> None:
    found, platform = await asked(generic(described(REPLY, **CONTINUE)), answer)
    assert found.code == code
    assert found.error is not None and "(in request.open)" in found.error.cause
    assert len(platform.requests) == 1


# --- the stop call ----------------------------------------------------------------------------

STOP = {"method": "PUT", "url": "{base}/stop/{run}", "body": {"session": "{session}"}}
STREAM = {"framing": "sse", "text": [{"path": "text"}], "run": "run", "end": "end"}


async def stopped(answer: Answer, **request: Any) -> list[httpx.Request]:
    """The requests of a reply that is closed after its first event, the first one's aside."""
    provider = generic(described(STREAM, **request))
    platform = FakePlatform(lambda request: Answer() if "/stop/" in request.url.path else answer)
    with platform.installed():
        events = provider.reply(turn("Hello", "s-1"))
        async for event in events:
            assert event
            break
        await events.aclose()
        for _ in range(20):
            await asyncio.sleep(0)
    assert platform.open == 0
    return platform.requests[1:]


RUNNING = Answer([b'data: {"run": "r 1", "text": "one"}\n\n', SILENCE], headers=SSE)


async def test_who_leaves_says_so() -> None:
    [request] = await stopped(RUNNING, stop=STOP)
    assert request.method == "PUT"
    assert str(request.url) == "https://agent.example.com/base/stop/r%201"
    assert json.loads(request.content) == {"session": "s-1"}


async def test_there_is_nothing_to_stop() -> None:
    assert await stopped(RUNNING) == []
    nameless = Answer([b'data: {"text": "one"}\n\n', SILENCE], headers=SSE)
    assert await stopped(nameless, stop=STOP) == []


@pytest.mark.parametrize("last", [b'data: {"end": 1}\n\n', b""])
async def test_an_answer_that_is_over_is_not_stopped(last: bytes) -> None:
    answer = Answer([b'data: {"run": "r 1", "text": "one"}\n\n', last], headers=SSE)
    provider = generic(described(STREAM, stop=STOP))
    _, platform = await asked(provider, answer)
    assert len(platform.requests) == 1


async def test_what_broke_off_is_stopped() -> None:
    answer = Answer([b'data: {"run": "r 1", "text": "one"}\n\n', BROKEN], headers=SSE)
    provider = generic(described(STREAM, stop=STOP))
    platform = FakePlatform(lambda request: Answer() if "/stop/" in request.url.path else answer)
    with platform.installed():
        found = await outcome(provider, turn())
        for _ in range(20):
            await asyncio.sleep(0)
    assert (found.text, found.code) == ("one", "provider_unavailable")
    assert len(platform.requests) == 2


# --- what holds for every adapter -------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "requests"),
    [(429, {}, 1), (503, {}, 1), (429, {"retry-after": "0"}, 3), (500, {"retry-after": "0"}, 1)],
)
async def test_it_is_tried_again_only_where_the_platform_says_when(
    status: int, headers: dict[str, str], requests: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatwidget.providers.http._pause", lambda attempt, after: 0)
    _, platform = await asked(generic(described(REPLY)), Answer([b"{}"], status, headers))
    assert len(platform.requests) == requests


@pytest.mark.parametrize("status", [400, 401, 200])
async def test_the_key_is_in_no_cause_and_no_log(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def echoes(request: httpx.Request) -> Answer:
        return Answer([str(dict(request.headers)).encode()], status, {"content-type": "text/plain"})

    provider = generic(described(REPLY, headers={"X-Key": "{key}"}))
    found, _ = await asked(provider, echoes)
    assert found.error is not None
    assert "[key]" in found.error.cause
    assert KEY not in found.error.cause + caplog.text + repr(provider.config)


@pytest.mark.parametrize("url", ["{base}/chat", "http://127.0.0.1:9/chat"])
async def test_private_addresses_are_refused(settings: Settings, url: str) -> None:
    provider = generic(described(REPLY, url=url), base_url="https://127.0.0.1:9")
    settings.CHATWIDGET = {**settings.CHATWIDGET, "ALLOW_PRIVATE_PROVIDERS": False}
    found = await outcome(provider, turn())
    assert found.code == "misconfigured"


@pytest.mark.parametrize("name", PRESETS)
async def test_what_the_presets_ask(name: str) -> None:
    """JSON that holds the message, to the platform's own address, with the key in headers alone."""
    provider = generic(preset=name)
    opened = b'{"sessionId": "s", "sessionKey": "s"}'
    platform = FakePlatform(lambda request: Answer([opened], headers=JSON))
    with platform.installed():
        await outcome(provider, turn("Is it blue?"))
    last = platform.requests[-1]
    assert "Is it blue?" in json.dumps(json.loads(last.content))
    for request in platform.requests:
        assert str(request.url).startswith("https://agent.example.com/base")
        assert KEY not in f"{request.url}{request.content.decode()}"
    used = "key" in provider.description.placeholders
    assert used == any(KEY in str(dict(request.headers)) for request in platform.requests)
