"""Paths, conditions, and what of a description is refused, by name and place."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from chatwidget.conf import ProviderConfig, Secret
from chatwidget.errors import PlatformMisconfigured
from chatwidget.providers.generic import Generic
from chatwidget.providers.generic.checks import problems
from chatwidget.providers.generic.paths import All, Condition, Event, Path, PathError
from chatwidget.providers.registry import config_problems, make_provider

EVENT: dict[str, Any] = {
    "type": "item",
    "a": {"b": "deep", "__error__": 1},
    "list": [{"type": "text", "text": "one"}, {"type": "image"}, {"type": "text", "text": "two"}],
    "partial": False,
    "done": True,
    "nothing": None,
    "number": 7,
    "half": 0.5,
    "empty": "",
    "text": "a text",
    "@context": "x",
}


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("type", ["item"]),
        ("a.b", ["deep"]),
        ("a.__error__", ["1"]),
        ("list[0].text", ["one"]),
        ("list[-1].text", ["two"]),
        ("list[*].text", ["one", "two"]),
        ("list[type=text].text", ["one", "two"]),
        ("list[type=image].text", []),
        ("list[7].text", []),
        ("list[-7]", []),
        ("list.text", []),
        ("text.length", []),  # a path into a text leads nowhere
        ("text[0]", []),
        ("a[0]", []),
        ("a[*]", []),
        ("number", ["7"]),
        ("half", ["0.5"]),
        ("empty", [""]),
        ("done", []),  # what is no text is none
        ("nothing", []),
        ("a", []),
        ("missing.at.all", []),
        ("@context", ["x"]),
        ("$", []),
    ],
)
def test_paths(path: str, texts: list[str]) -> None:
    assert Path(path).texts(EVENT) == texts


@pytest.mark.parametrize("value", ["a text", [], [[["x"]]], None, 3, True, {}])
def test_a_path_into_anything_leads_nowhere_or_somewhere(value: Any) -> None:
    for path in ("a", "a.b[0]", "[0]", "[*].a", "[-1]", "[a=b].c", "$"):
        assert isinstance(Path(path).texts(value), list)


def test_the_event_itself_may_be_the_text() -> None:
    assert Path("$").texts("Hello") == ["Hello"]
    assert Path("[0].content").texts([{"content": "Hi"}]) == ["Hi"]


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "a[",
            "a]",
            "a[]",
            "a[b]",
            "[x",
            "a[0]b",
            "a b",
            "$.a",
            "$[0]",
        ),
        *("a[*", "a[1:2]", "a[?(@.b)]", "length(a)", "a|b", "a*", "{a}", "'a'", "a[0.5]", "a[--1]"),
    ],
)
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(PathError):
        Path(path)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("type", True),
        ("missing", False),
        ("empty", False),
        ("partial", False),
        ("nothing", False),
        ("!partial", True),
        ("!missing", True),
        ("!type", False),
        ("type=item", True),
        ("type=items", False),
        ("type=", False),
        ("empty=", True),
        ("type!=item", False),
        ("type!=other", True),
        ("missing!=x", True),
        ("missing=x", False),
        ("partial=False", True),
        ("partial=false", True),
        ("done=True", True),
        ("done=true", True),
        ("done=1", False),
        ("nothing=None", True),
        ("nothing=null", True),
        ("number=7", True),
        ("number=7.0", False),
        ("list[*].text=two", True),
        ("list[type=text].text=one", True),
        ("list[type=image].text=one", False),
        ("list[type=text].text!=one", False),
        ("@event", True),
        ("!@event", False),
        ("@event=data", True),
        ("@event!=data", False),
        ("$", True),
    ],
)
def test_conditions(condition: str, holds: bool) -> None:
    assert Condition(condition).holds(Event("data", EVENT)) is holds


def test_a_list_is_and() -> None:
    event = Event("data", EVENT)
    assert All([]).hold(event)
    assert All(["type=item", "!partial"]).hold(event)
    assert not All(["type=item", "partial"]).hold(event)


@pytest.mark.parametrize("condition", ["", "!", "=x", "!=x", "!a=b", "a b=c", "a<3", "a and b"])
def test_what_is_no_condition(condition: str) -> None:
    with pytest.raises(PathError):
        Condition(condition)


GOOD: dict[str, Any] = {
    "request": {"url": "{base}/chat", "body": {"message": "{text}"}},
    "answer": {"framing": "json", "text": [{"path": "reply"}]},
}


def changed(place: str, value: Any) -> dict[str, Any]:
    """GOOD with another value at a place."""
    made: dict[str, Any] = {name: dict(part) for name, part in GOOD.items()}
    *outer, name = place.split(".")
    part: Any = made
    for each in outer:
        part = part.setdefault(each, {})
    part[name] = value
    return made


def test_what_is_right() -> None:
    assert problems(GOOD) == []
    assert problems({**GOOD, "recorded": ["my-own"]}) == []


LOOP: dict[str, Any] = {}
LOOP["again"] = LOOP
DEEP: Any = "x"
for _ in range(2000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("colour", "red", "the description: there is no word 'colour'"),
        ("request.retries", 3, "request: there is no word 'retries'"),
        ("request.open", {"url": "{base}", "wait": 1}, "request.open: there is no word 'wait'"),
        ("open", {}, "the description: there is no word 'open' here; it stands in request"),
        ("answer.when", [], "'when' here; it stands in answer.text or answer.error or answer.ui"),
        ("request.roles", {"human": "user"}, "request.roles: 'human' is none of user, assistant"),
        (
            "request.headers",
            {"content-type": "application/x-www-form-urlencoded"},
            "request: a body is sent as JSON",
        ),
        ("answer.if", [], "answer: there is no word 'if'"),
        ("answer.framing", "xml", "answer.framing: 'xml' is none of text, sse, ndjson, json"),
        (
            "answer.text",
            [{"path": "a", "regex": "b"}],
            "answer.text[0]: there is no word 'regex'",
        ),
        ("answer.text", [{"when": "a"}], "answer.text[0]: 'path' is missing"),
        (
            "answer.text",
            [{"path": "a"}, {"path": "a..b"}],
            "answer.text[1].path: 'a..b' is no path",
        ),
        ("answer.text", [{"path": "a", "when": "!a=b"}], "answer.text[0].when: '!a=b'"),
        ("answer.text", [], "answer.text: without a rule"),
        ("answer.text", [{"path": "a", "whole": True, "snapshot": True}], "answer.text[0]: a rule"),
        ("answer.session", ["a", "b["], "answer.session: 'b[' is no path"),
        ("answer.run", "a b", "answer.run: 'a b' is no path"),
        ("answer.end", ["a", "(b)"], "answer.end: '(b)'"),
        ("answer.end", "[DONE]", "a mark that is no JSON is answer.done"),
        ("answer.error", [{"when": "a", "text": ["b c"]}], "answer.error[0].text: 'b c'"),
        ("answer.error", [{"when": "a", "code": "teapot"}], "answer.error[0].code: "),
        ("answer.ui", [{"type": "carousel", "items": "a", "title": "b"}], "answer.ui[0].type"),
        ("answer.ui", [{"type": "links", "items": "a*", "title": "b"}], "answer.ui[0].items: 'a*'"),
        ("answer.ui", [{"type": "links", "items": "a"}], "answer.ui[0]: 'title' is missing"),
        ("answer.ui", [{"type": "activity"}], "answer.ui[0]: 'when' is missing"),
        ("request.url", "{base}/{flow}", "request.url: there is no placeholder {flow}"),
        ("request.url", "/chat", "request.url: it must begin with {base}"),
        ("request.url", "{base}.evil.example", "request.url: it must begin with {base}"),
        ("request.url", "https://{text}.example.com/x", "request.url: it must begin with {base}"),
        ("request.url", "https://user:pass@example.com/x", "request.url: it must begin with"),
        ("request.url", "ftp://example.com/x", "request.url: it must begin with {base}"),
        ("request.url", "{base}/a\nb", "request.url: an address holds no blank"),
        ("request.url", "{base}/a#b", "request.url: an address holds no blank"),
        ("request.url", "{base}/../admin", "request.url: it must not lead out"),
        ("request.url", "{base}/%2e%2E/admin", "request.url: it must not lead out"),
        ("request.url", "{base}/a/..%2fadmin", "request.url: it must not lead out"),
        ("request.headers", {"X-A": "a", "x-a": "b"}, "request.headers.X-A: this header is there"),
        ("answer.end", ["a", []], "answer.end[1]: a condition is missing"),
        ("answer.error", [{"when": [], "text": "a"}], "answer.error[0]: a condition is missing"),
        ("request.url", "{base}/?key={key}", "request.url: {key} may stand in headers alone"),
        ("request.url", "{base}/{base}", "request.url: {base} may only begin an address"),
        ("request.method", "BREW", "request.method: 'BREW'"),
        ("request.method", "GET", "request: a GET has no body"),
        ("request.form", {"a": "b"}, "request: there is a body and a form"),
        (
            "request.headers",
            {"X-A": "a\r\nX-B: b"},
            "request.headers.X-A: a header holds printable",
        ),
        ("request.headers", {"X A": "a"}, "request.headers: 'X A' is no header's name"),
        ("request.headers", {"Host": "a"}, "request.headers.Host: this header is not for"),
        ("request.headers", {"X": "{nope}"}, "request.headers.X: there is no placeholder {nope}"),
        ("request.body", "no JSON", "request.body: "),
        (
            "request.body",
            {"a": [{"b": "{key}"}]},
            "request.body.a[0].b: {key} may stand in headers",
        ),
        ("request.body", {"a": "x {history}"}, "request.body.a: {history} is a list"),
        ("request.body", {"{text}": 1}, "request.body, the name: a placeholder stands in a value"),
        (
            "request.body",
            {"a": "{text|upper}"},
            "request.body.a: there is no placeholder {text|upper}",
        ),
        ("request.body", {"a": DEEP}, "description"),
        ("request.body", LOOP, "the description is no JSON: "),
        ("request.body", {"a": {1, 2}}, "the description is no JSON: "),
        ("request.body", {"a": "x" * 70_000}, "the description is longer than 65536 bytes"),
        ("request.history_item", {"a": "{history}"}, "request.history_item.a: {history} must not"),
        (
            "request.history_item",
            {"a": "{what}"},
            "request.history_item.a: there is no placeholder",
        ),
        ("request.roles", {"system": "x"}, "request.roles"),
        ("request.stop", {"url": "{base}/{runs}"}, "request.stop.url: there is no placeholder"),
        ("request.open", {"url": "{base}", "session": ["a["]}, "request.open.session: 'a['"),
        ("request.open", {"url": "{base}", "accept_status": [4090]}, "request.open.accept_status"),
        ("request.open", {"url": "{base}/{session}"}, "request.open.url: {session} is still empty"),
        ("request.url", "{base}/{session}/say", "request.url: {session} is still empty"),
        ("request.stop", {"url": "{base}/{run}"}, "request.stop: {run} is never known"),
        # As other languages would write it: to be taken at its word it would fail without a word.
        ("request.body", {"a": "Say {{text}}"}, "a placeholder is written {text}, not {{text}}"),
        ("request.body", {"a": "${name}"}, "a placeholder is written {name}, not ${name}"),
        ("answer.text", [{"path": "$.a"}], "$ is the event itself, and stands alone"),
        ("answer.text", [{"path": "a[b.c=d]"}], "'a[b.c=d]' is no path"),
        ("answer.text", [{"path": "a[b!=d]"}], "'a[b!=d]' is no path"),
        ("answer.text", [{"path": "@event"}], "@event is a name, which conditions compare"),
        ("answer.text", [{"path": "a", "when": "b==c"}], "after the = stands a value"),
        ("answer.text", [{"path": "a", "when": 'b="c"'}], "after the = stands a value"),
        ("answer.text", [{"path": "a", "when": "b=c && d=e"}], "several conditions are a list"),
        ("answer.done", "", "answer.done: it is a line or the data"),
        ("answer.done", "bye", "answer.done: it is a line or the data"),  # of JSON
        ("request.body", {"a": "\0"}, "the description holds a NUL"),
        ("request.body", {"a": "\ud800"}, "the description holds half of a character"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(place: str, value: Any, said: str) -> None:
    found = problems(changed(place, value))
    assert any(problem.startswith(said) or said in problem for problem in found), found


@pytest.mark.parametrize("done", [" [DONE]", "a\nb"])
def test_a_mark_that_can_never_come(done: str) -> None:
    answer = {"framing": "sse", "text": [{"path": "a"}], "done": done}
    assert problems({**GOOD, "answer": answer}) == [
        "answer.done: no data is so, without blanks around it and on one line"
    ]


@pytest.mark.parametrize("given", [None, [], "x", 3, {}, {"request": {}}])
def test_what_is_no_description(given: Any) -> None:
    assert problems(given)


@pytest.mark.parametrize(
    ("options", "base_url", "agent", "key", "said"),
    [
        ({}, "https://a.example.com", "x", "k", "it needs a description, or a preset"),
        ({"preset": "teapot"}, "https://a.example.com", "x", "k", "must be one of"),
        ({"preset": "n8n-stream"}, "", "x", "k", "has no default base URL"),
        ({"preset": "n8n-stream"}, "https://a.example.com", "", "k", "needs an agent"),
        ({"preset": "anthropic"}, "", "x", "", "needs an API key"),
        ({"preset": "ag-ui"}, "https://u:p@a.example.com", "", "", "must not hold a user"),
        ({"preset": "ag-ui"}, "https://a..example.com", "", "", "names no host"),
        ({"description": changed("request.url", "https://../a")}, "", "", "", "names no host"),
        ({"description": changed("request.url", "https://a.example:0/")}, "", "", "", "or port"),
        ({"description": {"request": {}}}, "https://a.example.com", "", "", "'url' is missing"),
        ({"description": "x"}, "https://a.example.com", "", "", "must be of type dict"),
    ],
)
def test_what_keeps_a_widget_from_working(
    options: dict[str, Any], base_url: str, agent: str, key: str, said: str
) -> None:
    config = ProviderConfig("generic", base_url, agent, Secret(key), options)
    assert said in " ".join(config_problems(Generic, config))
    with pytest.raises(PlatformMisconfigured):
        make_provider(config)


@pytest.mark.parametrize(
    ("options", "base_url", "agent", "key"),
    [
        ({"preset": "anthropic"}, "", "model", "k"),
        ({"preset": "ag-ui"}, "https://a.example.com/agent", "", ""),
        ({"description": GOOD}, "https://a.example.com", "", ""),
        ({"description": changed("request.url", "https://x.example/chat")}, "", "", ""),
    ],
)
def test_what_a_widget_needs_is_what_its_description_uses(
    options: dict[str, Any], base_url: str, agent: str, key: str
) -> None:
    config = ProviderConfig("generic", base_url, agent, Secret(key), options)
    assert config_problems(Generic, config) == []


@pytest.mark.parametrize(
    "base_url",
    [
        "https://a.example\n.com",
        "https://a.example/b c",
        "https://{agent}.example",
        "https://a\\@b",
    ],
)
def test_a_base_url_with_what_no_address_holds(base_url: str) -> None:
    config = ProviderConfig("generic", base_url, options={"description": GOOD})
    assert "which no address does" in " ".join(config_problems(Generic, config))


def test_what_is_written_like_something_else_and_is_not() -> None:
    """A query in another language goes as it stands, where its names have blanks around them."""
    body = {"query": "mutation { say(text: $t) { id } }", "t": "{text}", "price": "$5 {text}"}
    assert problems(changed("request.body", body)) == []
    rule = [{"path": "a", "when": ["why=It is 'so' and thus", "b=c|d", "a[@type=x].y"]}]
    assert problems(changed("answer.text", rule)) == []


def test_an_address_in_the_description_is_https_too(settings: Settings) -> None:
    settings.CHATWIDGET = {**settings.CHATWIDGET, "ALLOW_PRIVATE_PROVIDERS": False}
    options = {"description": changed("request.url", "http://x.example/chat")}
    [problem] = config_problems(Generic, ProviderConfig("generic", options=options))
    assert "must be https" in problem


def test_another_description_is_another_configuration() -> None:
    """The platform's session is dropped with it."""
    prints = {
        ProviderConfig("generic", "https://a.example", "x", options=options).fingerprint
        for options in (
            {"preset": "flowise"},
            {"preset": "langflow"},
            {"description": GOOD},
            {"description": changed("request.url", "{base}/other")},
        )
    }
    assert len(prints) == 4
    assert all(len(each) < 800 for each in prints)
