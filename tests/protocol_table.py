"""The table of valid and invalid frames that both languages read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TABLE = json.loads((Path(__file__).parent / "fixtures" / "protocol.json").read_text("utf-8"))


def raw(case: dict[str, Any]) -> str:
    """The text of a case of the table."""
    if "repeat" in case:
        before, text, times, after = case["repeat"]
        return str(before + text * times + after)
    return str(case["raw"] if "raw" in case else json.dumps(case["frame"]))
