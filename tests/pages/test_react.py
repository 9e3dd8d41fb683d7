"""React that renders `<html>` itself, as Remix and Hydrogen have it: what is no child of its own
may be thrown away when it takes the page over."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.pages.node import node
from tests.pages.visit import FOLDER, Visit

VERSIONS = {"react 18": "-18", "react 19": ""}


@pytest.fixture(scope="module")
async def builds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {name: tmp_path_factory.mktemp("react") for name in VERSIONS}
    for name, version in VERSIONS.items():
        arguments = [version] if version else []
        await node(str(FOLDER / "react/build.mjs"), str(made[name]), *arguments)
    return made


async def build(visit: Visit, folder: Path, **options: str) -> None:
    query = urlencode({"loader": f"{visit.server.url}/chatwidget/demo.js", **options})
    visit.pages["/client.js"] = (folder / "client.js").read_text()
    visit.pages["/"] = await node(str(folder / "server.cjs"), query)


@pytest.mark.parametrize("text", ["Rendered", "Translated"])
@pytest.mark.parametrize("version", VERSIONS)
async def test_the_launcher(visit: Visit, builds: dict[str, Path], version: str, text: str) -> None:
    await build(visit, builds[version], text=text)
    await visit.trip()
    assert any("ydrat" in line for line in visit.complaints) == (text == "Translated")
    visit.complaints.clear()  # React's own words


@pytest.mark.parametrize("text", ["Rendered", "Translated"])
@pytest.mark.parametrize("version", VERSIONS)
async def test_an_inline_chat(
    visit: Visit, builds: dict[str, Path], version: str, text: str
) -> None:
    await build(visit, builds[version], text=text, target="#help")
    await visit.inline_trip()
    visit.complaints.clear()
