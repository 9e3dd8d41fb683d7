"""A request from a description: its address, headers and body, with what is known filled in.

A leaf of the body that is exactly one placeholder keeps that value's type, and is left out with its
name while the value is empty; within a longer text an empty value is nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

from chatwidget.errors import PlatformMisconfigured, PlatformRejected

PLACEHOLDERS = (
    *("base", "agent", "key", "text", "session", "conversation", "visitor", "name", "email"),
    *("locale", "page_url", "page_title", "uuid", "id", "role", "history", "history+text", "run"),
)
LISTS = ("history", "history+text")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][^{}\s\"':,;]*)\}")
# The same as other languages write it.
_FOREIGN = re.compile(r"\$\{([^{}]+)\}|\{\{([^{}]+)\}\}")
# A literal origin: no placeholder of a visitor's may become part of a host.
_ORIGIN = re.compile(r"(?:\{base\}|https?://[^/?#@\\{}\s]+)(?=[/?]|\Z)")

Values = dict[str, Any]


def placeholders(text: str) -> list[str]:
    """The names of the placeholders in a text, those that do not exist too."""
    return _PLACEHOLDER.findall(text)


def foreign(text: str) -> list[tuple[str, str]]:
    """Placeholders of ours that are written in another way: how, and the name."""
    found = ((each[0], (each[1] or each[2]).strip()) for each in _FOREIGN.finditer(text))
    return [(written, name) for written, name in found if name in PLACEHOLDERS]


def leaves(value: Any, place: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Every text of a template with its place, the names of objects' fields too."""
    if depth > 32:
        raise ValueError(f"{place}: it is nested too deeply")
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield f"{place}, the name", str(name)
            yield from leaves(each, f"{place}.{name}", depth + 1)
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from leaves(each, f"{place}[{at}]", depth + 1)


def filled(text: str, values: Values) -> str:
    """A text with its placeholders filled in."""
    return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), text)


def _alone(text: str) -> str:
    """The placeholder that is all of this text; empty: it is none."""
    found = _PLACEHOLDER.fullmatch(text)
    return found[1] if found else ""


def body(template: Any, values: Values) -> Any:
    """A body's value."""
    if isinstance(template, str):
        alone = _alone(template)
        return values[alone] if alone else filled(template, values)
    if isinstance(template, dict):
        return {
            name: body(each, values)
            for name, each in template.items()
            if not _is_left_out(each, values)
        }
    if isinstance(template, list):
        return [body(each, values) for each in template if not _is_left_out(each, values)]
    return template


def _is_left_out(template: Any, values: Values) -> bool:
    return isinstance(template, str) and bool(alone := _alone(template)) and values[alone] == ""


def form(template: dict[str, Any], values: Values) -> str:
    """A form's body, application/x-www-form-urlencoded."""
    pairs = body(template, values).items()
    return "&".join(
        f"{quote(name, safe='')}={quote(_field(each), safe='')}" for name, each in pairs
    )


def _field(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def headers(template: dict[str, str], values: Values) -> dict[str, str]:
    """Headers; one of which a placeholder is empty is left out."""
    return {
        name: _PLACEHOLDER.sub(lambda found: _header_safe(str(values[found[1]])), text)
        for name, text in template.items()
        if all(values[each] != "" for each in placeholders(text))
    }


def _header_safe(text: str) -> str:
    """A value as a header may hold it: what is no printable ASCII is percent-encoded."""
    return "".join(c if " " <= c <= "~" else quote(c, safe="") for c in text).strip()


def origin(template: str) -> str:
    """The part of an address that no placeholder but {base} may be in; empty: it has none."""
    found = _ORIGIN.match(template)
    return found[0] if found else ""


def url(template: str, values: Values) -> str:
    """An address, each value percent-encoded. Raises PlatformMisconfigured, PlatformRejected."""
    start = origin(template)
    path, asked, query = template[len(start) :].partition("?")
    where = _PLACEHOLDER.sub(lambda found: _segment(found[1], values), path)
    if any(unquote(segment) in (".", "..") for segment in where.split("/")):
        raise PlatformRejected(f"the address would lead elsewhere: {where}")
    pairs = [
        _PLACEHOLDER.sub(lambda found: quote(str(values[found[1]]), safe=""), pair)
        for pair in query.split("&")
        if not _is_left_out(pair.partition("=")[2], values)
    ]
    return filled(start, values) + where + (asked and "?" + "&".join(pairs))


def _segment(name: str, values: Values) -> str:
    value = str(values[name])
    if not value:
        raise PlatformMisconfigured(f"the address needs {{{name}}}, which is empty")
    return quote(value, safe="")
