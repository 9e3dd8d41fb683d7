"""Each option of the appearance reaches the visitors, and what draws it has its default."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation
from msgspec import inspect

from chatwidget.appearance import (
    FROM_PAGE,
    OPTIONS,
    TYPES,
    Appearance,
    read_appearance,
    store_appearance,
)
from chatwidget.embed import loader_script
from chatwidget.embed.frame_page import frame_config, frame_context, frame_language
from chatwidget.models import Widget
from tests.readme import docs
from tests.running import ROOT

FRONTEND = ROOT / "chatwidget/frontend"
LANGUAGE = "de"
TEXTS = ("#112233", "/own.svg", LANGUAGE, "Georgia", "7")


def other(name: str) -> Any:
    """A value that the option may have, and not its default."""
    default = getattr(Appearance(), name)
    candidates: list[Any] = []
    match TYPES[name]:
        case inspect.BoolType():
            candidates = [True, False]
        case inspect.LiteralType(values=values):
            candidates = list(values)
        case inspect.IntType():
            candidates = [default + 1, default - 1]
        case inspect.VarTupleType():
            candidates = [("One?",)]
        case inspect.StrType():
            candidates = [LANGUAGE] if name == "language" else list(TEXTS)
    for value in candidates:
        try:
            read_appearance({name: value})
        except msgspec.ValidationError:
            continue
        if value != default:
            return value
    raise AssertionError(f"{name}: no other value")


def sent(appearance: dict[str, Any]) -> str:
    """All that a visitor's browser is sent of a widget that looks like this."""
    widget = Widget(slug="own", title="Own", provider="demo", appearance=appearance)
    request = RequestFactory().get("/")
    with translation.override(frame_language(request, widget)):
        page = render_to_string("chatwidget/frame.html", frame_context(request, widget))
    return loader_script.loader(widget) + re.sub(r'"token":"[^"]*"', "", page)


FULL = {name: other(name) for name in OPTIONS}


@pytest.mark.parametrize("name", OPTIONS)
def test_it_is_stored_and_reaches_the_visitor(name: str) -> None:
    assert store_appearance(read_appearance(FULL)).keys() == OPTIONS.keys()
    rest = {each: value for each, value in FULL.items() if each != name}
    assert sent(rest) != sent(FULL)


def test_the_loaders_style_has_the_same_defaults() -> None:
    """What is left out of its configuration is in loader.css."""
    css = "".join((FRONTEND / "loader" / name).read_text() for name in ("loader.css", "teaser.css"))
    told = re.findall(r"var\(--(\w+), (\w+)\)|^ *--(\w+): (#\w+);", css, re.M)
    declared = {o.loader: str(getattr(Appearance(), name)) for name, o in OPTIONS.items()}
    drawn = {(name or property, value or color) for name, value, property, color in told}
    ours = {(name, value) for name, value in drawn if name in declared}
    assert ours == {(name, declared[name]) for name in ("color", "x", "y", "radius")}


def test_the_frames_style_knows_each_property() -> None:
    css = (FRONTEND / "frame/css/colours.css").read_text()
    assert [o.style for o in OPTIONS.values() if o.style and f"  {o.style}: " not in css] == []


def test_the_frame_knows_all_that_it_is_sent() -> None:
    source = (FRONTEND / "frame/config.ts").read_text().partition("interface Config {")[2]
    typed = set(re.findall(r"^  (\w+)\??:", source.partition("\n}")[0], re.M))
    widget = Widget(slug="own", title="Own", provider="demo")
    assert typed == frame_config(widget, Appearance(), "en").keys()


def test_what_a_page_may_set_is_told() -> None:
    table = docs("javascript-api").partition("## Attributes")[2].partition("## Methods")[0]
    told = set(re.findall(r"`data-(\w+)`", table))
    assert told >= {*FROM_PAGE, *(o.loader for o in OPTIONS.values() if o.loader)}
