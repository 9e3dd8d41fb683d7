"""README and docs as the tests read them: their sections, and the code in them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.running import ROOT

README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^(?P<intro>[^\n]+)\n\n```(?P<language>\w+)\n(?P<code>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A piece of code in the docs, and the line before it, which says where it goes."""

    intro: str
    language: str
    code: str


def docs(name: str) -> str:
    """A page of docs/."""
    return (ROOT / "docs" / f"{name}.md").read_text()


def section(heading: str) -> str:
    """The text under a heading of the README's second level."""
    return README.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def blocks(page: str) -> list[Block]:
    return [Block(**found.groupdict()) for found in BLOCK.finditer(docs(page))]
