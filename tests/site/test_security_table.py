"""Papers of safety: each defence has its test, and each dependency its reason."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.running import ROOT

SHIPPED = ("server", "uvicorn", "scale", "mysql")
TABLE = (ROOT / "SECURITY.md").read_text()
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TABLE)))


@pytest.mark.parametrize(("path", "name"), TESTS)
def test_a_defence_has_its_test(path: str, name: str) -> None:
    assert re.search(rf"def {name or 'test_'}", (ROOT / path).read_text())


def test_every_threat_names_one() -> None:
    rows = TABLE.split("| threat | defence | test |")[1].splitlines()[2:]
    rows = [row for row in rows if row.startswith("|")]
    assert len(rows) > 20
    assert all("`tests/" in row.rsplit("|", 2)[1] for row in rows)


def test_each_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    named = [*project["dependencies"], *(each for extra in SHIPPED for each in extras[extra])]
    reasons = (ROOT / "docs" / "dependencies.md").read_text()
    names = {re.split(r"[^\w-]", each)[0] for each in named}
    assert {name for name in names if not re.search(rf"^\|[^|]*\b{name}\b", reasons, re.M)} == set()
