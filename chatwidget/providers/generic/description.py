"""What a platform is asked and how its answer is read, as an owner writes it down in JSON.

docs/any-agent.md explains each word. What is not one of them, a path that is none, a placeholder
that does not exist, is refused here, by its name and its place, when the widget is saved.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal, get_args

import msgspec
from msgspec import UNSET, Struct, UnsetType

from chatwidget.providers.generic import templates
from chatwidget.providers.generic.paths import All, Path

# Bytes of a description as JSON.
MAX_SIZE = 64 * 1024

Code = Literal[
    "misconfigured",
    "provider_rejected",
    "provider_rate_limited",
    "provider_unavailable",
    "provider_timeout",
]

Framing = Literal["text", "sse", "ndjson", "json"]
Element = Literal["buttons", "links", "product-grid", "activity"]
Role = Literal["user", "assistant"]
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
    roles: dict[Role, str] = {}
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
    """Where an event holds buttons, links or products: `items` are objects with these fields.

    `activity`: the agent does something until it goes on writing; `title` says what, if anything.
    """

    type: Element
    items: str = "$"
    title: str = ""
    when: When = []
    payload: str = ""
    url: str = ""
    image: str = ""
    price: str = ""


class Answer(Strict, frozen=True):
    """How an answer is read."""

    framing: Framing
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


# What to add where a word is missing that there must be: half a description is none.
_ADD = {
    "request": (
        ": add what is sent (a preset of the same platform has it), such as "
        '"request": {"url": "{base}/chat", "body": {"message": "{text}"}}'
    ),
    "answer": (
        ": add how the answer is read, such as "
        '"answer": {"framing": "sse", "text": [{"path": "delta"}]}'
    ),
    "framing": ": it is sse, ndjson, json or text",
}

# Where words stand, for one that stands elsewhere.
_HOLD: dict[str, type[Struct]] = {
    "the description": Description,
    "request": Request,
    "request.open": Open,
    "answer": Answer,
    "answer.text": TextRule,
    "answer.error": ErrorRule,
    "answer.ui": UIRule,
}
_ONE_OF = {
    "answer.framing": get_args(Framing),
    "answer.ui.type": get_args(Element),
    "answer.error.code": get_args(Code),
    "request.roles": get_args(Role),
}


class DescriptionError(ValueError):
    """It is no description; the message names the place."""


def converted(given: Any) -> Description:
    """The description, as far as its shape is right. Raises DescriptionError."""
    return _converted(_dumped(given))


def _dumped(given: Any) -> bytes:
    try:
        dumped = json.dumps(given, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise DescriptionError(f"the description is no JSON: {error}") from None
    if len(dumped) > MAX_SIZE:
        raise DescriptionError(f"the description is longer than {MAX_SIZE} bytes")
    if b"\\u0000" in dumped.replace(b"\\\\", b""):
        raise DescriptionError("the description holds a NUL")
    return dumped


@lru_cache(maxsize=256)
def _converted(dumped: bytes) -> Description:
    try:
        return msgspec.json.decode(dumped, type=Description)
    except (msgspec.ValidationError, RecursionError) as error:
        raise DescriptionError(_placed(str(error))) from None
    except msgspec.DecodeError:  # which Python's json writes and reads
        raise DescriptionError("the description holds half of a character (\\ud800)") from None


def _placed(said: str) -> str:
    """msgspec's message, with the place first, as the others have it."""
    what, _, place = said.partition(" - at `$")
    place = place.rstrip("`").lstrip(".").removesuffix(".") or "the description"
    unknown = re.search(r"unknown field `(.*)`", what)
    if unknown:
        known = [at for at, holds in _HOLD.items() if unknown[1] in holds.__struct_fields__]
        hint = f"; it stands in {' or '.join(known)}" if known else ""
        return f"{place}: there is no word {unknown[1]!r} here{hint}"
    value = re.match(r"Invalid enum value '(.*)'(?: - at `key` in `\$\.(.*)`)?", what)
    if value:
        place = value[2] or place
        words = _ONE_OF.get(re.sub(r"\[\d+\]", "", place), ())
        return f"{place}: {value[1]!r} is none of {', '.join(words)}"
    missing = re.search(r"missing required field `(.*)`", what)
    if missing:
        return f"{place}: {missing[1]!r} is missing{_ADD.get(missing[1], '')}"
    return f"{place}: {what[:1].lower()}{what[1:]}"
