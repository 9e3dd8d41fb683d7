"""The verbs of make, in a copy of the checkout whose Python only tells how it was called."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.running import ROOT, Completed, run

PYTHON = """#!/bin/sh
echo "$* DEBUG=${DEBUG-unset} parent=$(cat /proc/$PPID/comm)"
"""
LOCK = "chatwidget/frontend/package-lock.json"
Make = Callable[..., Awaitable[Completed]]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which everything is installed already."""
    (tmp_path / "chatwidget/frontend").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "constraints.txt", LOCK):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    python = tmp_path / ".venv/bin/python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    for stamp in ("created", "installed", "developed"):
        (tmp_path / ".venv" / stamp).touch()
    return tmp_path


@pytest.fixture
def make(checkout: Path) -> Make:
    async def make(*arguments: str, **variables: str) -> Completed:
        settings = " ".join(f"{key}={value}" for key, value in variables.items())
        # The tests' own DEBUG would be inherited.
        line = f"unset DEBUG; {settings} exec make --no-print-directory {' '.join(arguments)}"
        return await run(["sh", "-ec", line], env={}, cwd=checkout)

    return make


@pytest.fixture
def tools(checkout: Path) -> None:
    for tool in ("ruff", "mypy"):
        shutil.copy(checkout / ".venv/bin/python", checkout / ".venv/bin" / tool)


async def test_install_writes_a_secret_key_that_only_its_owner_reads(
    make: Make, checkout: Path
) -> None:
    await make("install")
    dotenv = checkout / ".env"
    assert stat.S_IMODE(dotenv.stat().st_mode) == 0o600
    name, _, key = dotenv.read_text().strip().partition("=")
    assert name == "SECRET_KEY" and len(key) >= 50
    await make("install")
    assert dotenv.read_text() == f"SECRET_KEY={key}\n"


@pytest.mark.parametrize(
    ("variable", "dotenv", "expected"),
    [({}, "", "true"), ({"DEBUG": "false"}, "", "false"), ({}, "DEBUG=false\n", "unset")],
    ids=["not set", "in the environment", "in .env"],
)
async def test_run_turns_debug_on_unless_it_is_set(
    make: Make, checkout: Path, variable: dict[str, str], dotenv: str, expected: str
) -> None:
    (checkout / ".env").write_text(dotenv)
    done = await make("run", **variable)
    assert f"manage.py serve DEBUG={expected} " in done.stdout


async def test_run_ends_in_exec(make: Make) -> None:
    """No shell is left between make and the server, which would keep signals to itself."""
    done = await make("run")
    assert done.stdout.splitlines()[-1].endswith("parent=make")


async def test_lint_needs_no_dotenv(make: Make, tools: None, checkout: Path) -> None:
    await make("lint")
    assert not (checkout / ".env").exists()


async def test_only_those_who_work_on_it_get_all_packages(
    make: Make, tools: None, checkout: Path
) -> None:
    (checkout / ".venv/developed").unlink()
    for verb in ("run", "wheel"):
        assert "npm" not in (await make(verb)).stdout
    assert "hatch_build.py npm install" in (await make("lint")).stdout
    # Until there are others.
    os.utime(checkout / LOCK, (time.time() + 5,) * 2)
    assert "hatch_build.py npm install" in (await make("lint")).stdout
