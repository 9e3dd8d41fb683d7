"""The valid and invalid frames that both languages read: the docs' examples, and a table."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = (HERE.parent / "docs/protocol.md").read_text("utf-8")
DESK = (HERE.parent / "docs/desk.md").read_text("utf-8")


def examples(title: str) -> list[dict[str, Any]]:
    """The frames under a heading of docs/protocol.md: one of each type."""
    [block] = re.findall(rf"### {title}\n.*?```jsonl\n(.*?)```", PAGE, re.S)
    return [json.loads(line) for line in block.splitlines()]


def section(title: str, page: str = PAGE) -> list[list[str]]:
    """The rows of the table under a heading, as their cells."""
    text = page.split(f"### {title}\n", 1)[1].split("\n#", 1)[0]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def fields_of(cell: str) -> set[str]:
    """The names in a cell, without those of an object's own fields."""
    return set(re.findall(r"`(\w+)`", re.sub(r"\{[^}]*\}", "", cell)))


TABLE = json.loads((HERE / "fixtures/protocol.json").read_text("utf-8"))
for direction, title in (("client", "Client to server"), ("server", "Server to client")):
    shown = examples(title)
    TABLE[direction]["valid"] += [{"name": frame["type"], "frame": frame} for frame in shown]


def raw(case: dict[str, Any]) -> str:
    """The text of a case of the table."""
    if "repeat" in case:
        before, text, times, after = case["repeat"]
        return str(before + text * times + after)
    return str(case["raw"] if "raw" in case else json.dumps(case["frame"]))
