"""The worked examples of CONTRIBUTING.md, each followed in a copy of the checkout."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.running import ROOT, run

EXAMPLE = re.compile(r"^### (Add [^\n]+)\n(.*?)(?=^##)", re.M | re.S)
EXAMPLES = dict(EXAMPLE.findall((ROOT / "CONTRIBUTING.md").read_text()))
# What is large is linked, and what other runs leave behind is theirs.
LINKED = (".venv", "chatwidget/frontend/node_modules")
LEFT = shutil.ignore_patterns(
    *(".git", ".venv", ".*_cache", ".fuzz", "node_modules", "__pycache__"),
    *("shots", "site-packages", "*.sqlite3*", "dist", "build"),
)


def test_there_are_four() -> None:
    assert list(EXAMPLES) == [
        "Add a platform",
        "Add a frame",
        "Add an option of appearance",
        "Add a filter",
    ]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", EXAMPLES)
async def test_a_worked_example_works(name: str, tmp_path: Path) -> None:
    [diff] = re.findall(r"```diff\n(.*?)```", EXAMPLES[name], re.S)
    [commands] = re.findall(r"```sh\n(.*?)```", EXAMPLES[name], re.S)
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT, checkout, ignore=LEFT)
    for linked in LINKED:
        (checkout / linked).symlink_to(ROOT / linked)
    await run(["git", "apply", "-"], env={}, input=diff, cwd=checkout)
    for command in commands.splitlines():
        done = await run(["sh", "-euc", command], env={}, cwd=checkout)
        assert "pytest" not in command or re.search(r"\d passed", done.stdout), done.stdout
