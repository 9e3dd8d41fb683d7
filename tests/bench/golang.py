"""The relay in Go, built by the Go and gorilla's websocket of Debian, where they are installed."""

import os
import shutil
from pathlib import Path

from tests.running import run

SOURCE = Path(__file__).parent / "baselines" / "relay.go"
PACKAGES = Path("/usr/share/gocode")
"""Of golang-github-gorilla-websocket-dev."""


async def build(folder: Path) -> Path | None:
    """The program; None, with a word, where it cannot be built."""
    gorilla = PACKAGES / "src/github.com/gorilla/websocket"
    if not (shutil.which("go") and gorilla.exists()):
        print("  no Go relay: golang-go, golang-github-gorilla-websocket-dev", flush=True)
        return None
    program = folder / "go-relay"
    where = {"GO111MODULE": "off", "GOPATH": str(PACKAGES), "GOCACHE": str(folder / "go-cache")}
    if not program.exists():
        await run(["go", "build", "-o", str(program), str(SOURCE)], env={**os.environ, **where})
    return program
