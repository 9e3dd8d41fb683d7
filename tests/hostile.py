"""What a hostile model writes, and whether a page of HTML holds any of it as more than text."""

from __future__ import annotations

import json
from html.parser import HTMLParser

from tests.running import ROOT

# No server lets a NUL pass.
TEXTS = [
    case["markdown"].replace("\0", "")
    for case in json.loads((ROOT / "tests/fixtures/markdown_hostile.json").read_text("utf-8"))
]


class Elements(HTMLParser):
    """The elements of a page, each with its attributes' names, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[tuple[str, ...]] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.add((tag, *sorted(name for name, _ in attributes)))

    def handle_data(self, data: str) -> None:
        self.text += data


def same_elements(hostile: str, harmless: str) -> bool:
    """Has a page no element and no attribute that another one, of harmless words, has not?"""
    return Elements(hostile).found == Elements(harmless).found
