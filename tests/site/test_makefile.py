"""The verbs of make, in a copy of the checkout whose Python only tells how it was called."""

from __future__ import annotations

import os
import re
import shutil
import socket
import stat
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.running import ROOT, Completed, free_port, run

PYTHON = """#!/bin/sh
echo "$* DEBUG=${DEBUG-unset} parent=$(cat /proc/$PPID/comm)"
"""
LOCK = "chatwidget/frontend/package-lock.json"
Make = Callable[..., Awaitable[Completed]]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which everything is installed already."""
    (tmp_path / "chatwidget/frontend").mkdir(parents=True)
    (tmp_path / "project").mkdir()
    scripts = ("project/port.py", "project/progress.py")
    for name in ("Makefile", "pyproject.toml", "constraints.txt", LOCK, *scripts):
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
    async def make(*arguments: str, check: bool = True, **variables: str) -> Completed:
        settings = " ".join(f"{key}={value}" for key, value in variables.items())
        # The tests' own DEBUG would be inherited.
        settings = settings if "PORT" in variables else f"PORT={free_port()} {settings}"
        line = f"unset DEBUG; {settings} exec make --no-print-directory {' '.join(arguments)}"
        return await run(["sh", "-ec", line], env={}, cwd=checkout, check=check)

    return make


@pytest.fixture
def tools(checkout: Path) -> None:
    for tool in ("ruff", "mypy", "mkdocs"):
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
    # A second terminal's commands see what the server sees.
    written = "DEBUG=true\n" if expected == "true" else dotenv
    assert (checkout / ".env").read_text() == written
    again = await make("run")
    assert (checkout / ".env").read_text() == (written or "DEBUG=true\n"), again.stdout


async def test_a_port_that_is_taken_is_said_before_anything_is_installed(
    make: Make, checkout: Path
) -> None:
    (checkout / ".venv/installed").unlink()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        port = taken.getsockname()[1]
        done = await make("run", check=False, PORT=str(port))
        (checkout / ".env").write_text(f"PORT={port}\n")
        from_dotenv = await make("run", check=False, PORT="")
    for each in (done, from_dotenv):
        assert each.returncode and "Installing" not in each.stdout
        assert re.search(rf"port {port}: .* `make run PORT=\d+`", each.stderr), each


@pytest.mark.parametrize("code", [0, 3])
async def test_an_install_says_how_far_it_is_and_all_where_it_fails(code: int) -> None:
    lines = "".join(f"Collecting package-{number}\n" for number in range(25))
    command = [sys.executable, "-c", f"print({lines!r}); raise SystemExit({code})"]
    done = await run([sys.executable, "project/progress.py", *command], env={}, check=False)
    assert done.returncode == code
    assert "20 packages: collecting package-19" in done.stdout
    assert ("Collecting package-7\n" in done.stdout) is bool(code)


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
