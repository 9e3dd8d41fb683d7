"""Platforms that nobody tuned anything to, described from docs/any-agent.md alone, in any cut."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from chatwidget.providers.generic.checks import problems
from chatwidget.testing.transport import Answer
from tests.providers.generic.conftest import CONVERSATION, asked, generic, turn

REJECTED, LIMITED, UNAVAILABLE = (
    "provider_rejected",
    "provider_rate_limited",
    "provider_unavailable",
)
SAID = "Hé世😀 there"


@dataclass
class Case:
    """What a platform answers to one message → the text, the error's code, the session."""

    body: str
    text: str = SAID
    code: str = ""
    session: str = ""
    kind: str = "text/event-stream"


def sse(*events: tuple[str, Any], end: str = "\n") -> str:
    lines = (
        f"event: {name}{end}data: {json.dumps(data, ensure_ascii=False)}{end}{end}"
        for name, data in events
    )
    return "".join(lines)


def lines(*values: Any) -> str:
    return "".join(json.dumps(value) + "\r\n" for value in values)


def delta(text: str) -> tuple[str, Any]:
    content = [{"kind": "text", "text": text}, {"kind": "citation", "text": "p. 4"}]
    return "message.delta", {"delta": {"content": content}}


# Typed events, the session in one of them, an end and an error by the event's name.
TYPED: dict[str, Any] = {
    "request": {
        "url": "{base}/threads/messages",
        "headers": {"X-Api-Key": "{key}", "X-Thread": "{session}"},
        "body": {"input": {"text": "{text}"}, "thread": {"id": "{session}"}},
    },
    "answer": {
        "framing": "sse",
        "text": [{"when": "@event=message.delta", "path": "delta.content[kind=text].text"}],
        "session": "thread.id",
        "error": [
            {"when": ["@event=failed", "error.type=busy"], "code": "provider_rate_limited"},
            {"when": "@event=failed", "text": ["error.message"]},
        ],
        "end": ["@event=message.done"],
    },
}
BEGUN = ("thread.ready", {"thread": {"id": "t-1"}})
DONE: tuple[str, Any] = ("message.done", {})

# Lines with snapshots, a session that is a number, an error in a 200, a mark of its own at the end.
SNAPSHOTS: dict[str, Any] = {
    "request": {
        "url": "{base}/bots/{agent}/talk?lang={locale}&s={session}",
        "headers": {"Cookie": "sid={conversation}"},
        "form": {"q": "{text}", "stream": True, "s": "{session}"},
    },
    "answer": {
        "framing": "ndjson",
        "text": [{"when": "reply", "path": "reply.text", "snapshot": True, "between": "\n\n"}],
        "session": ["sid"],
        "error": [{"when": ["ok", "ok!=1"], "text": "why"}, {"when": "ok=0", "text": "why"}],
        "done": "END",
    },
}

# One list, streamed in parts: the last object tells of the session, or of an error.
LIST: dict[str, Any] = {
    "request": {
        "url": "{base}/v2/generate",
        "body": {"contents": "{history+text}", "config": {"user": "{visitor}", "n": 1}},
        "history_item": {"role": "{role}", "parts": [{"text": "{text}"}]},
        "roles": {"assistant": "model"},
    },
    "answer": {
        "framing": "json",
        "text": [{"path": "[*].parts[*].text"}],
        "session": "[-1].session",
        "error": [{"when": "[*].error", "text": ["[*].error.reason"]}],
        "end": "[-1].last",
    },
}

# Words as they are, as the data of events: quotes, brackets, numbers and blanks are text.
WORDS: dict[str, Any] = {
    "request": {"url": "{base}", "method": "PUT", "body": ["{text}", "{conversation}"]},
    "answer": {
        "framing": "sse",
        "text": [{"when": "!@event", "path": "$"}],
        "error": [{"when": "@event=oops", "text": "$"}, {"when": "error", "text": "error"}],
        "done": "<end>",
    },
}

# A GET whose answer is the text, with the history kept by a cookie that is ours.
PLAIN: dict[str, Any] = {
    "request": {
        "url": "{base}/say?to={agent}&text={text}&at={page_url}",
        "method": "GET",
        "headers": {"Cookie": "chat={conversation}; v={visitor}"},
    },
    "answer": {"framing": "text"},
}

WORD_STREAM = (
    'data: He said "yes",\n\ndata:  \n\ndata: "no"-\n\ndata: [x](y) {z}\n\n: alive\n\n'
    "data: 1.0\n\ndata: true\n\ndata:\n\ndata: 007\n\n"
)
CASES: list[tuple[str, dict[str, Any], Case]] = [
    ("typed", TYPED, Case(sse(BEGUN, delta("Hé世"), delta("😀 there"), DONE), session="t-1")),
    ("typed", TYPED, Case(sse(BEGUN, delta(SAID), DONE, end="\r\n"), session="t-1")),
    ("typed", TYPED, Case(sse(BEGUN, delta(SAID)), code=UNAVAILABLE, session="t-1")),
    (
        "typed",
        TYPED,
        Case(sse(delta("Hé"), ("failed", {"error": {"type": "busy"}}), DONE), "Hé", LIMITED),
    ),
    ("typed", TYPED, Case(sse(("failed", {"error": {"message": "x"}})), "", REJECTED)),
    (
        "typed, yet JSON",
        TYPED,
        Case('{"error": {"type": "auth"}}', "", REJECTED, kind="text/plain"),
    ),
    (
        "snapshots",
        SNAPSHOTS,
        Case(
            lines(
                {"sid": 12, "ok": 1},
                {"reply": {"text": "Hé"}},
                {"thought": "…"},
                {"reply": {"text": SAID}},
            )
            + "END",
            session="12",
        ),
    ),
    (
        "snapshots",
        SNAPSHOTS,
        Case(lines({"reply": {"text": SAID}}), code=UNAVAILABLE),
    ),
    (
        "snapshots",
        SNAPSHOTS,
        Case('{\n "ok": 0,\n "why": "full"\n}', "", REJECTED, kind="application/json"),
    ),
    (
        "list",
        LIST,
        Case(
            '[{"parts": [{"text": "Hé世"}]}\n,\r\n{"parts": [{"text": "😀 there"}, {"call": 1}]},'
            '\n{"last": true, "session": "s 1"}]',
            session="s 1",
            kind="application/json",
        ),
    ),
    ("list", LIST, Case('[{"parts": [{"text": "Hé"}]}]', "Hé", UNAVAILABLE)),
    ("list", LIST, Case('[{"error": {"reason": "quota"}}]', "", REJECTED)),
    ("list", LIST, Case("[]", "", REJECTED)),
    ("list", LIST, Case('[{"parts": [{"text": "Hé"}]}', "", REJECTED)),
    (
        "words",
        WORDS,
        Case(WORD_STREAM + "data: <end>\n\n", 'He said "yes", "no"-[x](y) {z}1.0true007'),
    ),
    ("words", WORDS, Case("data: Hé\n\nevent: oops\ndata: down\n\n", "Hé", REJECTED)),
    ("words", WORDS, Case("data: Hé\n\n", "Hé", UNAVAILABLE)),
    ("plain", PLAIN, Case(SAID, kind="text/plain; charset=utf-8")),
    ("plain", PLAIN, Case("", "", REJECTED, kind="text/plain")),
    ("plain", PLAIN, Case("<html>Log in", "", REJECTED, kind="text/plain")),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
async def test_strangers(case: tuple[str, dict[str, Any], Case]) -> None:
    _, description, told = case
    assert problems(description) == []
    whole = Answer([told.body.encode()], headers={"content-type": told.kind})
    for played in (whole, *(Answer.cut(whole, size) for size in (1, 2, 7))):
        found, _ = await asked(generic(description), played)
        assert (found.text, found.code, found.session) == (told.text, told.code, told.session), (
            found.error
        )


async def test_what_they_are_sent() -> None:
    made: list[httpx.Request] = []
    for description in (TYPED, SNAPSHOTS, LIST, WORDS, PLAIN):
        for session in ("", "s 1"):
            _, platform = await asked(generic(description), Answer(), turn("A & é", session))
            made += platform.requests
    bodies = [request.content.decode() for request in made]
    assert json.loads(bodies[0]) == {"input": {"text": "A & é"}, "thread": {}}
    assert json.loads(bodies[1])["thread"] == {"id": "s 1"}
    assert ("x-thread" in made[0].headers, made[1].headers["x-thread"]) == (False, "s 1")
    assert str(made[2].url).endswith("/bots/agent%201/talk?lang=en")
    assert str(made[3].url).endswith("/bots/agent%201/talk?lang=en&s=s%201")
    assert bodies[2:4] == [
        "q=A%20%26%20%C3%A9&stream=true",
        "q=A%20%26%20%C3%A9&stream=true&s=s%201",
    ]
    assert made[2].headers["cookie"] == f"sid={CONVERSATION}"
    said = {"role": "user", "parts": [{"text": "A & é"}]}
    config = {"user": "visitor-1", "n": 1}
    assert json.loads(bodies[4]) == {"contents": [said], "config": config}
    assert (made[6].method, json.loads(bodies[6])) == ("PUT", ["A & é", CONVERSATION])
    assert (made[8].method, bodies[8]) == ("GET", "")
    assert "&text=A%20%26%20%C3%A9&at=https%3A%2F%2Fshop" in str(made[8].url)
