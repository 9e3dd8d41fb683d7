"""The texts have one list, and those who use them agree with it."""

from __future__ import annotations

import re

from chatwidget.embed.strings import OWN_DATA, PAGE, SCRIPT
from tests.running import ROOT

TYPES = ROOT / "chatwidget/frontend/frame/strings.ts"
TEMPLATE = ROOT / "chatwidget/templates/chatwidget/frame.html"


def test_the_script_has_the_keys_that_it_names() -> None:
    names = re.findall(r'^  \| "(\w+)"', TYPES.read_text(), re.MULTILINE)
    assert sorted(names) == sorted(SCRIPT)


def test_the_template_uses_the_pages_texts() -> None:
    used = set(re.findall(r"strings\.(\w+)", TEMPLATE.read_text()))
    assert set(PAGE) <= used <= {*PAGE, *SCRIPT, *OWN_DATA}


def test_no_text_is_in_both_lists() -> None:
    assert not PAGE.keys() & SCRIPT.keys()
