"""How an answer is read: framings, rules, ends and what is refused."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pytest_django import Settings

from chatwidget.testing.transport import BROKEN, SILENCE, Answer
from tests.providers.conftest import be_patient
from tests.providers.generic.conftest import JSON, SSE, asked, described, generic

REJECTED, UNAVAILABLE = "provider_rejected", "provider_unavailable"
TEXT = [{"when": "text", "path": "text"}]


async def read(
    answer: dict[str, Any],
    body: str | bytes,
    headers: dict[str, str] | None = None,
    *more: Any,
    status: int = 200,
) -> tuple[str, str]:
    """The text and the error's code, the same whole and byte by byte."""
    data = body.encode() if isinstance(body, str) else body
    whole = Answer([data, *more] if data else [*more], status, headers or {})
    results = []
    for played in (whole, Answer.cut(whole, 1)):
        found, _ = await asked(generic(described({"text": TEXT, **answer})), played)
        results.append((found.text, found.code))
    assert results[0] == results[1]
    return results[0]


SSE_BODIES = [
    'data: {"text": "Hé"}\n\ndata: {"text": "世😀"}\n\n',
    'data: {"text": "Hé"}\r\n\r\ndata: {"text": "世😀"}\r\n\r\n',
    'data: {"text": "Hé"}\r\rdata: {"text": "世😀"}\r\r',
    '\ufeff: ping\n\nmessage:\ndata:{"text": "Hé"}\n\n:beat\n\nid: 4\ndata: {"text": "世😀"}',
    'event: ping\n\ndata: {"text": "Hé"}\n\ndata:\n\ndata: {"text": "世😀"}\n\nevent: end\n\n',
    'data: {"text":\ndata:  "Hé"}\n\ndata: {"x": 1}\n\ndata: {"text": "世😀"}\n\ndata: [DONE] \n\n',
    'data: 7\n\ndata: plain\n\ndata: {"text": "Hé"}\n\ndata: null\n\ndata: {"text": "世😀"}\n\n',
]


@pytest.mark.parametrize("body", SSE_BODIES)
@pytest.mark.parametrize("kind", ["text/event-stream; charset=utf-8", "text/plain", ""])
async def test_events(body: str, kind: str) -> None:
    headers = {"content-type": kind} if kind else {}
    assert await read({"framing": "sse"}, body, headers) == ("Hé世😀", "")


async def test_events_by_their_names() -> None:
    rules = [{"when": "@event=token", "path": "$"}, {"when": "@event=token", "path": "content"}]
    answer = {"framing": "sse", "text": rules, "end": "@event=end"}
    body = 'event: token\ndata: "He"\n\nevent: tool\ndata: "no"\n\n'
    body += 'event: token\ndata: {"content": "llo"}'
    assert await read(answer, f"{body}\n\nevent: end\n\n") == ("Hello", "")
    assert await read(answer, f"{body}\n\n") == ("Hello", UNAVAILABLE)
    plain = "event: token\ndata: He\n\nevent: token\ndata: llo\n\nevent: end\n\n"
    assert await read(answer, plain) == ("Hello", "")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{"text": "He"}\n\n{"text": "llo"}\n\n', "Hello"),
        ('{"text": "He"}\r\n{"x": "\u2028"}\r\n{"text": "llo"}', "Hello"),
        ('\ufeff{"text": "Hello"}', "Hello"),
        ('{"text": "Hello"}\n[DONE]\n{"text": " no"}\n', "Hello"),
        ('{"text": "\\ud83d"}\n{"text": "\\ude00"}\n', "😀"),
    ],
)
async def test_lines(body: str, text: str) -> None:
    for kind in ("application/json", "text/event-stream", "application/x-ndjson"):
        for any_type in (True, False):
            answer = {"framing": "ndjson", "any_type": any_type}
            assert await read(answer, body, {"content-type": kind}) == (text, "")


async def test_lines_that_are_one_value_after_all() -> None:
    body = '{\n  "text": "Hello"\n}\n'
    assert await read({"framing": "ndjson"}, body, JSON) == ("Hello", "")
    strict = {"framing": "ndjson", "any_type": True}
    assert await read(strict, body, JSON) == ("", REJECTED)


async def test_one_value_instead_of_a_stream() -> None:
    """An error, or the whole reply of an agent that cannot stream; it needs no end mark."""
    answer = {"framing": "sse", "end": "end", "error": [{"when": "error", "text": "error"}]}
    assert await read(answer, '{\n"text": "Hello"\n}', JSON) == ("Hello", "")
    assert await read(answer, '{"error": "no"}', JSON) == ("", REJECTED)
    assert await read({**answer, "any_type": True}, '{"text": "Hello"}', JSON) == ("", REJECTED)


async def test_one_value() -> None:
    rule = {"path": "messages[*].text", "join": "\n\n"}
    answer = {"framing": "json", "text": [rule]}
    body = '{"messages": [{"text": "One"}, {"image": "x"}, {"text": "two"}]}'
    assert await read(answer, body) == ("One\n\ntwo", "")
    marked = {"framing": "json", "text": [{"path": "t"}], "end": "ok=True"}
    assert await read(marked, '{"t": "Hi", "ok": true}') == ("Hi", "")
    assert await read(marked, '{"t": "Hi", "ok": false}') == ("Hi", UNAVAILABLE)


@pytest.mark.parametrize(
    ("kind", "body", "found"),
    [
        ("text/plain; charset=utf-8", "Hé世😀", ("Hé世😀", "")),
        ("", " Hé\n", (" Hé\n", "")),
        ("text/html", "<h1>Log in</h1>", ("", REJECTED)),
        ("", "\n<!DOCTYPE html><h1>Log in</h1>", ("", REJECTED)),
        ("application/json", '{"error": "x"}', ("", REJECTED)),
        ("text/plain", "", ("", REJECTED)),
    ],
)
async def test_plain_text(kind: str, body: str, found: tuple[str, str]) -> None:
    headers = {"content-type": kind} if kind else {}
    assert await read({"framing": "text", "text": []}, body, headers) == found


async def test_plain_text_of_any_type() -> None:
    answer = {"framing": "text", "text": [], "any_type": True}
    assert await read(answer, "<b>Hi</b>", {"content-type": "text/html"}) == ("<b>Hi</b>", "")


async def test_snapshots() -> None:
    rule = {"path": "text", "snapshot": True, "between": "\n\n"}
    answer = {"framing": "ndjson", "text": [rule]}
    said = ["H", "Hel", "Hel", "He", "Hello", "A", "A second", "A second one"]
    lines = "\n".join(f'{{"text": "{text}"}}' for text in said)
    assert await read(answer, lines) == ("Hello\n\nA second one", "")


async def test_a_whole_text_is_used_only_if_no_piece_came() -> None:
    rules = [{"when": "piece", "path": "piece"}, {"when": "all", "path": "all", "whole": True}]
    answer = {"framing": "ndjson", "text": rules}
    pieces = '{"piece": "He"}\n{"all": "Hello"}\n{"piece": "llo"}\n{"all": "Hello"}\n'
    assert await read(answer, pieces) == ("Hello", "")
    assert await read(answer, '{"all": "Hel"}\n{"all": "Hello"}\n{"all": ""}') == ("Hello", "")
    assert await read(answer, '{"all": "Hello"}\n', None, BROKEN) == ("Hello", UNAVAILABLE)


async def test_between() -> None:
    rules = [{"when": "a", "path": "a"}, {"when": "b", "path": "b", "between": " / "}]
    answer = {"framing": "ndjson", "text": rules}
    assert await read(answer, '{"b": "1"}\n{"a": "2"}\n{"b": ""}\n{"b": "3"}\n') == ("12 / 3", "")


async def test_numbers_are_text_and_truth_is_not() -> None:
    answer = {"framing": "json", "text": [{"path": "a"}, {"path": "b"}]}
    assert await read(answer, '{"a": true, "b": 42}') == ("42", "")


ERRORS = {
    "framing": "sse",
    "end": "end",
    "error": [
        {"when": "busy", "text": "busy", "code": "provider_rate_limited"},
        {"when": ["error", "fatal"], "code": "misconfigured"},
        {"when": "error", "text": ["nothing", "error.message"]},
    ],
}


@pytest.mark.parametrize(
    ("event", "code", "cause"),
    [
        ('{"error": {"message": "broke"}}', REJECTED, "broke"),
        ('{"error": {"other": "why"}}', REJECTED, "why"),
        ('{"error": 1, "fatal": true, "text": "not for visitors"}', "misconfigured", "fatal"),
        ('{"busy": "later"}', "provider_rate_limited", "later"),
    ],
)
async def test_an_error_stays_one(event: str, code: str, cause: str) -> None:
    """Whatever comes after it; and before the connection breaks, it is what counts."""
    first = 'data: {"text": "He"}\n\n'
    after = 'data: {"text": "llo"}\n\ndata: {"end": 1}\n\ndata: [DONE]\n\n'
    assert await read(ERRORS, f"{first}data: {event}\n\n{after}") == ("He", code)
    assert await read(ERRORS, f"{first}data: {event}\n\n", None, BROKEN) == ("He", code)
    assert await read(ERRORS, f"{first}data: {event}", None, BROKEN) == ("He", code)
    found, _ = await asked(
        generic(described({"text": TEXT, **ERRORS})), Answer([f"data: {event}\n\n".encode()])
    )
    assert found.error is not None
    assert cause in found.error.cause


@pytest.mark.parametrize(
    ("answer", "last", "code"),
    [
        ({"end": "end"}, 'data: {"end": 1}\n\n', ""),
        ({"end": ["no", "end"]}, 'data: {"end": 1}\n\n', ""),
        ({"end": [["end", "sure"]]}, 'data: {"end": 1}\n\n', UNAVAILABLE),
        ({"end": [["end", "sure"]]}, 'data: {"end": 1, "sure": 1}\n\n', ""),
        ({"end": "end"}, "data: [DONE]\n\n", UNAVAILABLE),
        ({"end": "end"}, "", UNAVAILABLE),
        ({}, "", ""),
        ({}, "data: [DONE]\n\n", ""),
        ({"done": "<end>"}, "data: <end>\n\n", ""),
        ({"done": "<end>"}, "", UNAVAILABLE),
    ],
)
async def test_end_marks(answer: dict[str, Any], last: str, code: str) -> None:
    body = f'data: {{"text": "Hello"}}\n\n{last}'
    assert await read({"framing": "sse", **answer}, body) == ("Hello", code)


async def test_after_the_end_nothing_is_waited_for(settings: Settings) -> None:
    be_patient(settings, first=30, between=30)
    answer = {"framing": "sse", "end": "end", "text": TEXT}
    body = b'data: {"text": "Hello", "end": true}\n\n'
    found, platform = await asked(generic(described(answer)), Answer([body, SILENCE]))
    assert (found.text, found.code) == ("Hello", "")
    assert platform.read_to_the_end == 0


@pytest.mark.parametrize(
    ("framing", "body", "cause"),
    [
        ("sse", "<!doctype html><h1>Please log in</h1>", "Please log in"),
        ("sse", "data: {broken\n\n", "{broken"),
        ("ndjson", "<!doctype html><h1>Please log in</h1>", "Please log in"),
        ("ndjson", '{"x": 1}\n{"y": 2}', '{"x": 1} {"y": 2}'),
        ("json", '{"reply": "unfinished', "unfinished"),
        ("json", '{"other": "shape"}', '{"other": "shape"}'),
        ("json", "", "it is empty"),
        ("sse", 'data: {"tool": "x"}\n\n', '{"tool": "x"}'),
    ],
)
async def test_what_no_rule_takes_is_shown_to_its_owner(
    framing: str, body: str, cause: str
) -> None:
    provider = generic(described({"framing": framing, "text": TEXT}))
    found, _ = await asked(provider, Answer([body.encode()]))
    assert (found.text, found.code) == ("", REJECTED)
    assert found.error is not None
    assert cause in found.error.cause


async def test_the_cause_holds_the_first_two_kilobytes() -> None:
    body = '{"filler": "' + "x" * 1900 + 'THE-END"}'
    found, _ = await asked(
        generic(described({"framing": "json", "text": TEXT})), Answer([body.encode()])
    )
    assert found.error is not None
    assert "THE-END" in found.error.cause


async def test_an_event_without_end_is_cut_off() -> None:
    """A platform that sends without a line end costs two megabytes, not its hundred."""
    piece = b"x" * 65536
    for framing, start in (("sse", b"data: "), ("ndjson", b'"'), ("json", b'"')):
        provider = generic(described({"framing": framing, "text": TEXT}))
        found, platform = await asked(provider, Answer([start, *[piece] * 1600]))
        assert found.code == REJECTED
        assert platform.read_to_the_end == 0


async def test_a_reply_over_the_cap(settings: Settings) -> None:
    settings.CHATWIDGET = {**settings.CHATWIDGET, "MAX_REPLY_LENGTH": 1000}
    event = b'data: {"text": "' + b"y" * 300 + b'"}\n\n'
    provider = generic(described({"framing": "sse", "text": TEXT}))
    found, _ = await asked(provider, Answer([event] * 100))
    assert (found.code, len(found.text)) == (REJECTED, 1000)


async def test_a_session_that_cannot_be_stored() -> None:
    provider = generic(described({"framing": "json", "text": TEXT, "session": "s"}))
    body = b'{"text": "Hi", "s": "' + b"s" * 501 + b'"}'
    found, _ = await asked(provider, Answer([body]))
    assert found.code == REJECTED


async def test_the_last_session_counts() -> None:
    answer = {"framing": "ndjson", "text": TEXT, "session": ["a.id", "b"]}
    body = b'{"a": {"id": "one"}}\n{"text": "Hi"}\n{"b": 2}\n{"b": null}\n'
    found, _ = await asked(generic(described(answer)), Answer([body]))
    assert (found.text, found.session) == ("Hi", "2")


@pytest.mark.parametrize("life", [b": ping\n\n", b'data: {"thinking": 1}\n\n'])
async def test_comments_and_other_events_are_life(settings: Settings, life: bytes) -> None:
    """An agent may be as silent between two events as before the first."""
    be_patient(settings, first=2.0, between=0.05)
    answer = {"framing": "sse", "text": TEXT}
    waited = Answer([life, b'data: {"text": "Hi"}\n\n', SILENCE])
    found, _ = await asked(generic(described(answer)), waited)
    assert (found.text, found.code) == ("Hi", "provider_timeout")
    assert found.error is not None
    assert found.error.cause == "the platform was silent for more than 2 s"


async def test_rich_elements() -> None:
    ui = [
        {"when": "type=card", "type": "product-grid", "items": "cards[*]", "title": "name"}
        | {"url": "link", "price": "cost", "image": "picture"},
        {"when": "links", "type": "links", "items": "links", "title": "t", "url": "u"},
    ]
    answer = {"framing": "ndjson", "text": TEXT, "ui": ui}
    card = '{"name": "Mug", "link": "https://a.example/m", "cost": 24, "picture": null}'
    body = f'{{"text": "See"}}\n{{"type": "card", "cards": [{card}, {{"cost": 1}}]}}\n'
    body += '{"links": [{"t": "Shop", "u": "https://a.example"}]}\n'
    found, _ = await asked(generic(described(answer)), Answer([body.encode()]))
    assert found.finished is not None
    assert found.finished.ui == {
        "type": "product-grid",
        "data": [
            {"title": "Mug", "url": "https://a.example/m", "price": "24"},
            {"title": "Shop", "url": "https://a.example"},  # links go along with any
        ],
    }


async def test_rich_elements_are_bounded() -> None:
    """A reply has some; what is said beside them stands, however many there are."""
    ui = [{"type": "buttons", "items": "items[*]", "title": "$"}]
    lines = b'{"items": ["a", "b"]}\n' * 5000 + b'{"text": "Choose"}\n'
    answer = {"framing": "ndjson", "text": TEXT, "ui": ui}
    found, _ = await asked(generic(described(answer)), Answer([lines]))
    assert found.text == "Choose" and found.finished is not None and found.finished.ui is not None
    assert len(found.finished.ui["data"]) == 200


@pytest.mark.parametrize("framing", ["sse", "ndjson"])
async def test_a_long_line_in_small_pieces_costs_no_more_than_its_length(framing: str) -> None:
    line = b'{"text": "Hi", "image": "%s"}\n\n' % (b"x" * 1_900_000)
    line = b"data: " + line if framing == "sse" else line
    took = []
    for size in (1000, 100_000):
        pieces = [line[at : at + size] for at in range(0, len(line), size)]
        began = time.process_time()
        found, _ = await asked(
            generic(described({"framing": framing, "text": TEXT})), Answer(pieces)
        )
        took.append(time.process_time() - began)
        assert found.text == "Hi"
    assert took[0] < 20 * took[1] + 1


async def test_a_rich_element_needs_no_words() -> None:
    ui = [{"type": "links", "items": "links[*]", "title": "t", "url": "u"}]
    body = '{"links": [{"t": "Shop", "u": "https://a.example"}, {"t": "X", "u": "javascript:1"}]}'
    found, _ = await asked(
        generic(described({"framing": "json", "text": TEXT, "ui": ui})), Answer([body.encode()])
    )
    assert found.finished is not None
    assert found.finished.ui == {
        "type": "links",
        "data": [{"title": "Shop", "url": "https://a.example"}, {"title": "X"}],
    }


async def test_headers_and_types_of_an_answer_that_is_no_200() -> None:
    assert await read({"framing": "sse"}, "", SSE, status=204) == ("", REJECTED)
    assert await read({"framing": "json"}, '{"text": "yes"}', JSON, status=201) == ("yes", "")
