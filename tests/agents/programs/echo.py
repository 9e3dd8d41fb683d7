"""What every echo agent says: pieces of text, to a message and the number of its turn.

`FAIL` breaks before the first word, `BREAK` after two; `SLOW` says a word each 50 ms, a thousand of
them, and writes into the file STOPPED when nobody listens any more.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path


async def pieces(text: str, turn: int) -> AsyncIterator[str]:
    if text.endswith("FAIL"):
        raise RuntimeError("broke before the first word")
    if text.endswith("SLOW"):
        try:
            for number in range(1000):
                yield f"w{number} "
                await asyncio.sleep(0.05)
        except BaseException:
            stopped()
            raise
        return
    yield f"Echo {turn}"
    yield ": "
    if text.endswith("BREAK"):
        await asyncio.sleep(0.1)
        raise RuntimeError("broke in the midst")
    yield text
    yield " é世😀"
    yield " end"


def stopped() -> None:
    Path(os.environ["STOPPED"]).write_text("stopped")
