"""Daphne on uvloop: `python -m project.daphne`, with Daphne's own options.

Daphne takes the reactor that there is; where uvloop is missing, it makes one on asyncio's own loop,
which costs a chunk of a reply half as much again.
"""

from __future__ import annotations

import runpy
from typing import Any

from twisted.internet import asyncioreactor

try:
    import uvloop
except ImportError:  # Windows has none
    uvloop = None  # type: ignore[assignment]

if __name__ == "__main__":
    if uvloop is not None:
        reactors: Any = asyncioreactor
        reactors.install(uvloop.new_event_loop())
    runpy.run_module("daphne", run_name="__main__", alter_sys=True)
