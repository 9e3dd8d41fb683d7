"""Any colour an owner may choose can be read."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from chatwidget.appearance import Appearance
from chatwidget.embed.theme import AA, DARK, LIGHT, contrast, properties, readable, text_on
from tests.running import ROOT

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_contrast_is_wcags() -> None:
    assert contrast("#000000", "#ffffff") == 21
    assert abs(contrast("#767676", "#ffffff") - 4.54) < 0.01


@given(COLOURS)
@example("#777777")
@example("#ff0000")
def test_text_on_any_colour_has_aa(color: str) -> None:
    assert contrast(text_on(color), color) >= AA


@given(COLOURS, st.sampled_from([LIGHT, DARK]))
@example("#ffff00", LIGHT)
@example("#000080", DARK)
def test_any_colour_as_text_has_aa(color: str, surface: str) -> None:
    assert contrast(readable(color, surface), surface) >= AA


def test_a_colour_that_can_be_read_is_left_alone() -> None:
    assert readable("#1d4ed8", LIGHT) == "#1d4ed8"


def test_the_style_sheet_knows_the_surfaces_and_the_properties() -> None:
    css = (ROOT / "chatwidget/frontend/frame/css/colours.css").read_text()
    soft = re.findall(r"--soft: (#\w+);", css)
    assert set(soft) == {LIGHT, DARK}
    for name in properties(Appearance(font="Inter")):
        assert f"  {name}: " in css
