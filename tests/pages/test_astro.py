"""Astro's own router, in a site that Astro has built."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages.node import node
from tests.pages.visit import FOLDER, MODULES, PATHS, PLACE, Visit

ASTRO = MODULES / "astro/bin/astro.mjs"
pytestmark = pytest.mark.skipif(not ASTRO.exists(), reason="npm install, without --omit=dev")


@pytest.fixture(scope="module")
async def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("astro")
    await node(str(ASTRO), "build", "--outDir", str(folder), cwd=FOLDER / "astro")
    return folder


def build(visit: Visit, built: Path, **values: str) -> None:
    visit.site.folder = built
    for path in PATHS.values():
        html = (built / path.strip("/") / "index.html").read_text()
        for name in ("HEAD", "PLACE", "BODY"):
            html = html.replace(f"__{name}__", values.get(name, ""))
        visit.pages[path] = html


@pytest.mark.parametrize("where", ["HEAD", "BODY"])
async def test_the_launcher(visit: Visit, built: Path, where: str) -> None:
    build(visit, built, **{where: visit.tag})
    await visit.trip()


@pytest.mark.parametrize("where", ["HEAD", "BODY"])
async def test_an_inline_chat(visit: Visit, built: Path, where: str) -> None:
    build(visit, built, PLACE=PLACE, **{where: visit.inline_tag})
    await visit.inline_trip()
