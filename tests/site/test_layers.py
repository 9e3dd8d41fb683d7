"""The house has floors: a file imports only from lower ones, or from its own package."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.running import ROOT

APP = ROOT / "chatwidget"
# The trip of a message, from the ground up. What is not named is on the top floor, so nothing that
# serves a visitor imports admin, commands or checks.
FLOORS = (
    ("errors", "conf", "text", "languages", "appearance", "signals", "telemetry"),
    ("protocol", "tokens", "db", "encryption"),
    ("models",),
    ("providers", "transcripts"),
    ("challenges", "notices"),
    ("relay",),
    ("sockets", "embed", "widgets"),
)
# The same within the packages that a reply passes.
STAIRS = {
    "relay": (
        ("admission", "batching", "caching", "reply", "events"),
        ("breaker", "drafts", "pubsub", "running"),
        ("asking", "room"),
        ("hub",),
        ("presence",),
        ("relay",),
        ("housekeeping",),
        ("lifecycle",),
    ),
    "sockets": (
        (
            "rate_limits",
            "origin",
            "backpressure",
            "serialize",
            "page_address",
            "window",
            "cursor",
            "turns",
        ),
        ("at_once", "client", "outbox", "staff", "staff_frames"),
        ("following", "identity", "line", "share"),
        ("subscription", "watching", "listing"),
        ("details", "sending"),
        ("session",),
        ("connection", "staff_line"),
        ("consumer", "event_stream", "own_data"),
    ),
}
FLOOR = {name: number for number, names in enumerate(FLOORS, 1) for name in names}
TOP = len(FLOORS) + 1
FILES = [path for path in sorted(APP.rglob("*.py")) if "node_modules" not in path.parts]


def room(path: Path) -> str:
    """The module or package right under chatwidget that a file belongs to."""
    return path.relative_to(APP).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and room of everything imported from chatwidget."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are written out"
            if node.module == "chatwidget":
                names = [f"chatwidget.{alias.name}" for alias in node.names]
            else:
                names = [node.module or ""]
        for name in names:
            parts = name.split(".")
            if parts[0] == "chatwidget" and len(parts) > 1 and not parts[1].startswith("__"):
                yield node.lineno, parts[1]  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(APP).as_posix())
def test_imports_go_down(path: Path) -> None:
    own = room(path)
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {own} imports {other}"
        for line, other in imported(ast.parse(path.read_text()))
        if other != own and FLOOR.get(other, TOP) >= FLOOR.get(own, TOP + 1)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", STAIRS)
def test_imports_go_down_within(package: str) -> None:
    stair = {name: step for step, names in enumerate(STAIRS[package]) for name in names}
    modules = {path.stem: path for path in (APP / package).glob("*.py") if path.stem != "__init__"}
    assert stair.keys() == modules.keys()
    wrong = [
        f"{package}/{name}.py imports {other}"
        for name, path in modules.items()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        for other in imported_modules(node, f"chatwidget.{package}")
        if stair[other] >= stair[name]
    ]
    assert not wrong, "\n".join(wrong)


def imported_modules(node: ast.ImportFrom, package: str) -> list[str]:
    """The modules of a package that a statement imports (from)."""
    if node.module == package:
        return [alias.name for alias in node.names]
    prefix, _, name = (node.module or "").rpartition(".")
    return [name] if prefix == package else []


def test_few_modules_lie_beside_the_packages() -> None:
    flat = {path.stem for path in APP.glob("*.py")} - {"__init__"}
    assert len(flat) <= 16, sorted(flat)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(APP).as_posix())
def test_nothing_is_imported_inside_a_function(path: Path) -> None:
    """But in AppConfig.ready, which Django calls when models may be imported."""
    inside = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        and not (path.name == "apps.py" and function.name == "ready")
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not inside


def test_every_floor_is_lived_on() -> None:
    """A name that no file has would let its imports go unseen."""
    rooms = {room(path) for path in FILES}
    assert not set(FLOOR) - rooms


def test_every_package_that_is_imported_is_a_dependency() -> None:
    """Of its own right, not as a dependency of another's that may change its mind."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    # What an extra brings is imported where it may be missing, by one module.
    given = [*project["dependencies"], *project["optional-dependencies"]["otel"]]
    named = {normal(re.split(r"[\[<>=]", each)[0]) for each in given}
    distributions = packages_distributions()
    imports = {
        name.split(".")[0]
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        for name in imported_names(node)
    }
    foreign = imports - set(sys.stdlib_module_names) - {"chatwidget"}
    missing = {name for name in foreign if not named & set(map(normal, distributions[name]))}
    assert not missing


def imported_names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def normal(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
