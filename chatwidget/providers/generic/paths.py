"""Where in an event something stands, and what holds of it: the description's paths and conditions.

    a.b  [0]  [-1]  [*]  [key=value]  $        a path; `$` is the event itself
    path  !path  path=value  path!=value       a condition; `@event` is the event's name
    ["type=item", "!partial"]                  all of them

There is no more: no arithmetic, no expressions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# A word that is none of these is refused, so that an expression of another language is not taken
# for a name that happens to be missing.
_NAME = re.compile(r"[^.\[\](){}=!$*|?<>&,;'\"\s]+")
_INDEX = re.compile(rf"\[(?:(-?\d{{1,9}})|(\*)|({_NAME.pattern})=([^\[\]]*))\]")
# How other languages would go on after what is a value here.
_FOREIGN = re.compile(r"=|\".*\"\Z|'.*'\Z|.*(?:&&|\|\|)", re.DOTALL)


class PathError(ValueError):
    """It is no path, or no condition."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of an answer: its name, where the framing gives one, and its value."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class _Filter:
    """The objects of a list of which a field has a value."""

    key: str
    value: str


_ALL = object()


class Path:
    """A path, parsed once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._steps: list[Any] = []
        if text == "$":
            return
        if text.startswith("$"):
            raise PathError(f"{text!r} is no path: $ is the event itself, and stands alone")
        if text.startswith("@event"):
            raise PathError(f"{text!r} is no path: @event is a name, which conditions compare")
        rest = text
        while rest or not self._steps:
            if found := _INDEX.match(rest):
                index, every, key, value = found.groups()
                self._steps.append(
                    int(index) if index else _ALL if every else _Filter(key, value or "")
                )
            else:
                if self._steps:
                    if not rest.startswith("."):
                        raise PathError(f"{text!r} is no path: {rest!r} was not expected")
                    rest = rest[1:]
                found = _NAME.match(rest)
                if found is None:
                    raise PathError(f"{text!r} is no path: a name was expected at {rest!r}")
                self._steps.append(found[0])
            rest = rest[found.end() :]

    def values(self, root: Any) -> Iterator[Any]:
        """Everything that stands there; nothing where the event is of another shape."""
        found = iter((root,))
        for step in self._steps:
            found = _follow(step, found)
        return found

    def texts(self, root: Any) -> list[str]:
        """The texts and numbers that stand there, as texts."""
        return [
            value if isinstance(value, str) else json.dumps(value)
            for value in self.values(root)
            if isinstance(value, str | int | float) and not isinstance(value, bool)
        ]


def _follow(step: Any, nodes: Iterator[Any]) -> Iterator[Any]:
    for node in nodes:
        if isinstance(step, str):
            if isinstance(node, dict) and step in node:
                yield node[step]
        elif not isinstance(node, list):
            continue
        elif isinstance(step, int):
            if -len(node) <= step < len(node):
                yield node[step]
        elif isinstance(step, _Filter):
            for each in node:
                if isinstance(each, dict) and _is(each.get(step.key, _ALL), step.value):
                    yield each
        else:
            yield from node


def _is(value: Any, text: str) -> bool:
    """Is this value what a description writes as `text`? True and true are the same."""
    if value is True or value is False or value is None:
        return text in (str(value), json.dumps(value))
    return isinstance(value, str | int | float) and str(value) == text


class Condition:
    """One condition, parsed once."""

    def __init__(self, text: str) -> None:
        self.text = text
        left, operator, right = _split(text)
        self._not = left.startswith("!") or operator == "!="
        if left.startswith("!") and operator:
            raise PathError(f"{text!r} is no condition: write {left[1:]}!={right}")
        if _FOREIGN.match(right):
            raise PathError(
                f"{text!r} is no condition: after the = stands a value, without quotes, and "
                "several conditions are a list"
            )
        left = left.removeprefix("!")
        self._path = None if left == "@event" else Path(left)
        self._equals = right if operator else None

    def holds(self, event: Event) -> bool:
        values = iter((event.name,)) if self._path is None else self._path.values(event.value)
        if self._equals is None:
            return any(values) is not self._not
        return any(_is(value, self._equals) for value in values) is not self._not


def _split(text: str) -> tuple[str, str, str]:
    """A condition's two sides, and what stands between them outside of brackets."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "[") - (char == "]")
        if depth == 0 and char == "=":
            left = text[:at]
            if left.endswith("!"):
                return left[:-1], "!=", text[at + 1 :]
            return left, "=", text[at + 1 :]
    return text, "", ""


class All:
    """Conditions that must all hold; none at all holds always."""

    def __init__(self, given: str | list[str]) -> None:
        self.conditions = [Condition(each) for each in ([given] if type(given) is str else given)]

    def hold(self, event: Event) -> bool:
        return all(condition.holds(event) for condition in self.conditions)
