"""What a platform is asked and how its answer is read, as an owner writes it down in JSON.

docs/any-agent.md explains each word. What is not one of them, a path that is none, a placeholder
that does not exist, is refused here, by its name and its place, when the widget is saved.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from chatwidget.providers.generic import templates
from chatwidget.providers.generic.paths import All, Path, PathError

# Bytes of a description as JSON.
MAX_SIZE = 64 * 1024
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Headers that belong to the connection, or to us.
_OURS = ("connection", "content-length", "host", "te", "trailer", "transfer-encoding", "upgrade")

Code = Literal[
    "misconfigured",
    "provider_rejected",
    "provider_rate_limited",
    "provider_unavailable",
    "provider_timeout",
]

Paths = str | list[str]
When = str | list[str]


class Strict(Struct, frozen=True, forbid_unknown_fields=True):
    """An object that holds nothing but what it names."""


class Call(Strict, frozen=True):
    """One request."""

    url: str
    method: str = "POST"
    headers: dict[str, str] = {}
    body: dict[str, Any] | list[Any] | UnsetType = UNSET
    form: dict[str, str | bool | int | float] | UnsetType = UNSET

    @property
    def parts(self) -> Iterator[tuple[str, str, str]]:
        """Every text that may hold placeholders: the word it stands under, its place, itself."""
        yield "url", "url", self.url
        for name, text in self.headers.items():
            yield "headers", f"headers.{name}", text
        for name in ("body", "form"):
            if (given := getattr(self, name)) is not UNSET:
                for place, text in templates.leaves(given, name):
                    yield name, place, text


class Open(Call, frozen=True):
    """The request before a conversation's first message."""

    accept_status: list[int] = []
    session: Paths = []
    greeting: Paths = []


class Request(Call, frozen=True):
    """The request for each message, and those around it."""

    history_item: dict[str, Any] | str = msgspec.field(
        default_factory=lambda: {"role": "{role}", "content": "{text}"}
    )
    roles: dict[Literal["user", "assistant"], str] = {}
    open: Open | None = None
    stop: Call | None = None


class TextRule(Strict, frozen=True):
    """Where text stands in an event."""

    path: str
    when: When = []
    join: str = ""  # between several values of one event
    between: str = ""  # between this event's text and what was said before
    snapshot: bool = False  # it is the text so far, not a piece
    whole: bool = False  # it is used only if no piece came


class ErrorRule(Strict, frozen=True):
    """When an event says that the answer has failed, and where it says why."""

    when: When
    text: Paths = []
    code: Code = "provider_rejected"


class UIRule(Strict, frozen=True):
    """Where an event holds buttons, links or products: `items` are objects with these fields."""

    type: Literal["buttons", "links", "product-grid"]
    items: str
    title: str
    when: When = []
    payload: str = ""
    url: str = ""
    image: str = ""
    price: str = ""


class Answer(Strict, frozen=True):
    """How an answer is read."""

    framing: Literal["text", "sse", "ndjson", "json"]
    text: list[TextRule] = []
    session: Paths = []
    run: Paths = []
    error: list[ErrorRule] = []
    end: str | list[When] = []
    done: str | UnsetType = UNSET  # `[DONE]`, which may also be missing; given, it must come
    any_type: bool = False
    ui: list[UIRule] = []


class Description(Strict, frozen=True):
    """One platform."""

    request: Request
    answer: Answer
    recorded: list[str] = []  # a note: which recordings it was tried on

    @property
    def calls(self) -> Iterator[tuple[str, Call]]:
        """Its requests with their places."""
        yield "request", self.request
        if self.request.open is not None:
            yield "request.open", self.request.open
        if self.request.stop is not None:
            yield "request.stop", self.request.stop

    @property
    def placeholders(self) -> set[str]:
        """Every placeholder that is used somewhere."""
        return {
            name
            for _, call in self.calls
            for _, _, text in call.parts
            for name in templates.placeholders(text)
        }


def paths_of(given: Paths) -> list[Path]:
    return [Path(each) for each in ([given] if isinstance(given, str) else given)]


def ends_of(given: str | list[When]) -> list[All]:
    """Any of them ends an answer; a list in the list is of conditions that must all hold."""
    return [All(each) for each in ([given] if isinstance(given, str) else given)]


class DescriptionError(ValueError):
    """It is no description; the message names the place."""


def read_description(given: Any) -> Description:
    """The description, if all of it is right. Raises DescriptionError: what is not, the first."""
    for problem in problems(given):
        raise DescriptionError(problem)
    return _converted(_dumped(given))


def problems(given: Any) -> list[str]:
    """What is wrong with a description, each with its place; an empty list: nothing."""
    try:
        description = _converted(_dumped(given))
    except DescriptionError as error:
        return [str(error)]
    found: list[str] = []
    for place, call in description.calls:
        found.extend(_of_call(place, call))
    found.extend(_of_history(description.request))
    found.extend(_of_answer(description))
    return found


def _dumped(given: Any) -> bytes:
    try:
        dumped = json.dumps(given, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise DescriptionError(f"the description is no JSON: {error}") from None
    if len(dumped) > MAX_SIZE:
        raise DescriptionError(f"the description is longer than {MAX_SIZE} bytes")
    return dumped


@lru_cache(maxsize=256)
def _converted(dumped: bytes) -> Description:
    try:
        return msgspec.json.decode(dumped, type=Description)
    except (msgspec.ValidationError, RecursionError) as error:
        raise DescriptionError(_placed(str(error))) from None


def _placed(said: str) -> str:
    """msgspec's message, with the place first, as the others have it."""
    what, _, place = said.partition(" - at `$")
    place = place.rstrip("`").lstrip(".").removesuffix(".") or "the description"
    unknown = re.search(r"unknown field `(.*)`", what)
    if unknown:
        return f"{place}: there is no word {unknown[1]!r} here"
    missing = re.search(r"missing required field `(.*)`", what)
    if missing:
        return f"{place}: {missing[1]!r} is missing"
    return f"{place}: {what[:1].lower()}{what[1:]}"


def _of_call(place: str, call: Call) -> Iterator[str]:
    if call.method.upper() not in _METHODS:
        yield f"{place}.method: {call.method!r} is none of {', '.join(_METHODS)}"
    both = call.body is not UNSET and call.form is not UNSET
    if both:
        yield f"{place}: there is a body and a form; a request has one of them"
    if call.method.upper() == "GET" and (call.body is not UNSET or call.form is not UNSET):
        yield f"{place}: a GET has no body"
    yield from _of_url(f"{place}.url", call.url)
    for name, text in call.headers.items():
        if not _TOKEN.fullmatch(name):
            yield f"{place}.headers: {name!r} is no header's name"
        elif name.lower() in _OURS:
            yield f"{place}.headers.{name}: this header is not for a description to set"
        elif not (text.isprintable() and text.isascii()):
            yield f"{place}.headers.{name}: a header holds printable ASCII, and no line break"
    try:
        parts = list(call.parts)
    except ValueError as error:
        yield f"{place}.{error}"
        return
    for word, where, text in parts:
        yield from _of_text(word, f"{place}.{where}", text)


def _of_url(place: str, url: str) -> Iterator[str]:
    start = templates.origin(url)
    if not start:
        yield (
            f"{place}: it must begin with {{base}}, or with https:// and a host that holds no "
            "placeholder, user or password; then a slash"
        )
    rest = url[len(start) :]
    if "#" in rest or not rest.isprintable() or " " in rest:
        yield f"{place}: an address holds no blank, no line break and no #"
    if any(segment in (".", "..") for segment in rest.partition("?")[0].split("/")):
        yield f"{place}: it must not lead out of its folder"


def _of_text(word: str, place: str, text: str) -> Iterator[str]:
    """A text with placeholders: which may stand under this word of a request."""
    for name in templates.placeholders(text):
        if name not in templates.PLACEHOLDERS:
            known = " ".join(f"{{{each}}}" for each in templates.PLACEHOLDERS)
            yield f"{place}: there is no placeholder {{{name}}} (there are: {known})"
        elif place.endswith(", the name"):
            yield f"{place}: a placeholder stands in a value, not in a name"
        elif name == "key" and word != "headers":
            yield f"{place}: {{key}} may stand in headers alone, where it is in no log"
        elif name == "base" and (word != "url" or "{base}" in text[1:]):
            yield f"{place}: {{base}} may only begin an address"
        elif name in templates.LISTS and word != "body":
            yield f"{place}: {{{name}}} may stand in a body alone"
        elif name in templates.LISTS and text != f"{{{name}}}":
            yield f"{place}: {{{name}}} is a list, and must stand alone"


def _of_history(request: Request) -> Iterator[str]:
    try:
        parts = list(templates.leaves(request.history_item, "request.history_item"))
    except ValueError as error:
        yield str(error)
        return
    for place, text in parts:
        for name in templates.placeholders(text):
            if name not in templates.PLACEHOLDERS:
                yield f"{place}: there is no placeholder {{{name}}}"
            elif name in (*templates.LISTS, "key", "base"):
                yield f"{place}: {{{name}}} must not stand in an item of the history"


def _of_answer(description: Description) -> Iterator[str]:
    answer = description.answer
    checks: list[tuple[str, Any, Any]] = []
    for at, rule in enumerate(answer.text):
        checks += [(f"text[{at}].path", Path, rule.path), (f"text[{at}].when", All, rule.when)]
    for at, error in enumerate(answer.error):
        checks += [(f"error[{at}].when", All, error.when)]
        checks += [(f"error[{at}].text", paths_of, error.text)]
    for at, ui in enumerate(answer.ui):
        checks += [(f"ui[{at}].when", All, ui.when), (f"ui[{at}].items", Path, ui.items)]
        checks += [
            (f"ui[{at}].{name}", Path, getattr(ui, name))
            for name in ("title", "payload", "url", "image", "price")
            if getattr(ui, name)
        ]
    checks += [("session", paths_of, answer.session), ("run", paths_of, answer.run)]
    checks += [("end", ends_of, answer.end)]
    places = [(f"answer.{place}", parse, given) for place, parse, given in checks]
    if opened := description.request.open:
        places += [
            (f"request.open.{n}", paths_of, getattr(opened, n)) for n in ("session", "greeting")
        ]
    for place, parse, given in places:
        try:
            parse(given)
        except PathError as error:
            yield f"{place}: {error}"
    if not answer.text and not answer.ui and answer.framing != "text":
        yield "answer.text: without a rule for it no text is ever found"
    for at, rule in enumerate(answer.text):
        if rule.whole and rule.snapshot:
            yield f"answer.text[{at}]: a rule is for the whole text or for snapshots, not for both"
