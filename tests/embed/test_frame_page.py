"""The frame's configuration in the page."""

from __future__ import annotations

import json

import pytest
from django.test import RequestFactory
from hypothesis import example, given
from hypothesis import strategies as st

from chatwidget.embed.frame_page import frame_appearance, script_json
from chatwidget.models import Widget


@given(st.text())
@example("</script><script>alert(1)</script>")
@example("<!--<script>")
@example("हिन्दी & \u2028")
def test_nothing_in_it_ends_its_script(text: str) -> None:
    written = script_json({"title": text})
    assert not {"<", ">", "&"} & set(written)
    assert json.loads(written) == {"title": text}


def test_letters_of_any_script_are_written_as_they_are() -> None:
    assert script_json("हिन्दी") == '"हिन्दी"'


@pytest.mark.parametrize(
    ("query", "appearance"),
    [
        ({}, ("#112233", "auto", 16)),
        ({"color": "#ff0000", "theme": "dark", "radius": "4"}, ("#ff0000", "dark", 4)),
        ({"color": "red", "theme": "dim", "radius": "round"}, ("#112233", "auto", 16)),
        ({"color": "#ff0000", "radius": "-1"}, ("#ff0000", "auto", 16)),
        ({"logo": "https://evil.example/x", "subtitle": "Pay here"}, ("#112233", "auto", 16)),
    ],
)
def test_a_script_tag_changes_what_it_may(
    query: dict[str, str], appearance: tuple[str, str, int]
) -> None:
    widget = Widget(slug="shop", title="Shop", appearance={"color": "#112233"})
    shown = frame_appearance(RequestFactory().get("/", query), widget)
    assert (shown.color, shown.theme, shown.radius) == appearance
    assert (shown.logo, shown.subtitle) == ("", "")
