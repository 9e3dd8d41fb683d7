"""What every echo agent says: pieces of text, to a message and the number of its turn.

A word at the message's end asks for more: `FAIL` breaks before the first word, `BREAK` after two;
`SLOW` says a word each 50 ms, a thousand of them, and notes when nobody listens any more; `THINK`
thinks before it answers; `EMPTY` says nothing. What is noted is in files beside STOPPED.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path


async def pieces(text: str, turn: int) -> AsyncIterator[str]:
    if text.endswith("FAIL"):
        raise RuntimeError("broke before the first word")
    if text.endswith("EMPTY"):
        return
    if text.endswith("SLOW"):
        noted("begun")
        try:
            for number in range(1000):
                yield f"w{number} "
                await asyncio.sleep(0.05)
        except BaseException:
            stopped()
            raise
        return
    if text.endswith("THINK"):
        for piece in ("<thi", "nk>\nThey want", " an echo.\n</", "think>\n\n"):
            yield piece
    yield f"Echo {turn}"
    yield ": "
    if text.endswith("BREAK"):
        await asyncio.sleep(0.1)
        raise RuntimeError("broke in the midst")
    yield text
    yield " é世😀"
    yield " end"


def noted(what: str) -> None:
    """A line in the file STOPPED.what."""
    with Path(f"{os.environ['STOPPED']}.{what}").open("a") as file:
        file.write("once\n")


def stopped() -> None:
    Path(os.environ["STOPPED"]).write_text("stopped")
