"""SECURITY.md: each defence has a test, and it is there."""

from __future__ import annotations

import re

import pytest

from tests.running import ROOT

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
