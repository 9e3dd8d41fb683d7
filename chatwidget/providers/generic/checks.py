"""What is wrong with a description, each with its place, before it is saved."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from msgspec import UNSET

from chatwidget.providers.generic import templates
from chatwidget.providers.generic.description import (
    Call,
    Description,
    DescriptionError,
    Request,
    converted,
    ends_of,
    paths_of,
)
from chatwidget.providers.generic.paths import All, Path, PathError

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Headers that belong to the connection, or to us.
_OURS = ("connection", "content-length", "host", "te", "trailer", "transfer-encoding", "upgrade")


def read_description(given: Any) -> Description:
    """The description, if all of it is right. Raises DescriptionError: what is not, the first."""
    for problem in problems(given):
        raise DescriptionError(problem)
    return converted(given)


def problems(given: Any) -> list[str]:
    """What is wrong with a description, each with its place; an empty list: nothing."""
    try:
        description = converted(given)
    except DescriptionError as error:
        return [str(error)]
    found: list[str] = []
    for place, call in description.calls:
        found.extend(_of_call(place, call))
    found.extend(_of_history(description.request))
    found.extend(_of_times(description))
    found.extend(_of_answer(description))
    return found


def _of_call(place: str, call: Call) -> Iterator[str]:
    if call.method.upper() not in _METHODS:
        yield f"{place}.method: {call.method!r} is none of {', '.join(_METHODS)}"
    both = call.body is not UNSET and call.form is not UNSET
    if both:
        yield f"{place}: there is a body and a form; a request has one of them"
    if call.method.upper() == "GET" and (call.body is not UNSET or call.form is not UNSET):
        yield f"{place}: a GET has no body"
    yield from _of_url(f"{place}.url", call.url)
    for status in getattr(call, "accept_status", ()):
        if not 100 <= status < 600:
            yield f"{place}.accept_status: {status} is no status"
    typed = {name.lower(): text.lower() for name, text in call.headers.items()}
    if call.body is not UNSET and "form" in typed.get("content-type", ""):
        yield f"{place}: a body is sent as JSON; what goes as a form is called 'form'"
    given = Counter(name.lower() for name in call.headers)
    for name, text in call.headers.items():
        if given[name.lower()] > 1:
            yield f"{place}.headers.{name}: this header is there twice"
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
    if any(segment in (".", "..") for segment in unquote(rest.partition("?")[0]).split("/")):
        yield f"{place}: it must not lead out of its folder"


def _of_text(word: str, place: str, text: str) -> Iterator[str]:
    """A text with placeholders: which may stand under this word of a request."""
    for written, name in templates.foreign(text):
        yield f"{place}: a placeholder is written {{{name}}}, not {written}"
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


def _of_times(description: Description) -> Iterator[str]:
    """What is not known yet when a call is made, or never."""
    request, opened = description.request, description.request.open
    early = {"request.open": ("session", "run"), "request": ("run",)}
    if opened is None:
        early["request"] = ("session", "run")
    for place, call in description.calls:
        for name in templates.placeholders(call.url.partition("?")[0]):
            if name in early.get(place, ()):
                yield f"{place}.url: {{{name}}} is still empty before the first message"
    stop = request.stop
    used = {n for _, _, text in stop.parts for n in templates.placeholders(text)} if stop else ()
    if "run" in used and not description.answer.run:
        yield "request.stop: {run} is never known, since answer.run names no path"


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
        if ui.type == "activity" and not ui.when:
            yield f"answer.ui[{at}]: 'when' is missing: an activity is not in every event"
        elif ui.type != "activity" and not ui.title:
            yield f"answer.ui[{at}]: 'title' is missing"
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
            hint = "; a mark that is no JSON is answer.done" if place == "answer.end" else ""
            yield f"{place}: {error}{hint}"
    for place, parse, given in places if answer.framing != "sse" else ():
        if parse in (All, ends_of) and "@event" in json.dumps(given):
            yield f"{place}: @event is a server-sent event's name; in {answer.framing} is none"
    shows = answer.text or any(ui.type != "activity" for ui in answer.ui)
    if not shows and answer.framing != "text":
        yield "answer.text: without a rule for it no text is ever found"
    if answer.done is not UNSET and (not answer.done or answer.framing in ("text", "json")):
        yield "answer.done: it is a line or the data of an event, which sse and ndjson have"
    elif answer.done is not UNSET and answer.done != " ".join(answer.done.splitlines()).strip():
        yield "answer.done: no data is so, without blanks around it and on one line"
    ends = [answer.end] if isinstance(answer.end, str) else answer.end
    for name, whens in (("end", ends), ("error", [error.when for error in answer.error])):
        for at, when in enumerate(whens):
            if when == []:
                yield f"answer.{name}[{at}]: a condition is missing: anything would be it"
    if answer.end and answer.framing == "text":
        yield "answer.end: a body that is the text has no end but its own"
    for at, rule in enumerate(answer.text):
        if rule.whole and rule.snapshot:
            yield f"answer.text[{at}]: a rule is for the whole text or for snapshots, not for both"
