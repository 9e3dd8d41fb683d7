"""What the frame weighs when it opens."""

from __future__ import annotations

import re
from pathlib import Path

import brotli
import pytest

from chatwidget.languages import LANGUAGES
from tests.running import Server

STATIC = Path(__file__).resolve().parents[2] / "chatwidget/static/chatwidget"
BUDGET = 24_000
# The same where the first open shows replies that have formats: what reads them is loaded, too.
FORMATTED = 31_000
# What the page itself holds: all that the first look needs, in the first flight of a connection.
FIRST_LOOK = 14_000


@pytest.mark.parametrize("language", LANGUAGES)
async def test_everything_on_open_is_within_its_budget(server: Server, language: str) -> None:
    """The frame's page and script in bytes, as brotli makes them at its best; the English page
    also as it is sent, by brotli at its quickest."""
    async with server.client(headers={"Accept-Encoding": "br"}) as client:
        page = await client.get("/chatwidget/demo/", params={"lang": language})
    assert page.headers["Content-Encoding"] == "br"
    assert f'lang="{language}"' in page.text
    loaded = re.findall(r'(?:src|href)="/static/chatwidget/([\w.]+)"', page.text)
    assert loaded == ["icon.svg", "frame.js"]
    sizes = {name: len(brotli.compress((STATIC / name).read_bytes())) for name in loaded[1:]}
    sent = int(page.headers["Content-Length"])
    sizes["html"] = sent if language == "en" else len(brotli.compress(page.content))
    assert sizes["html"] <= FIRST_LOOK
    assert sum(sizes.values()) <= BUDGET, sizes
    sizes["markdown.js"] = len(brotli.compress((STATIC / "markdown.js").read_bytes()))
    assert sum(sizes.values()) <= FORMATTED, sizes
