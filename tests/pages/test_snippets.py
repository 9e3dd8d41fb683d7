"""The lines that the admin gives to copy, pasted where they belong."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from django.test import RequestFactory
from playwright.async_api import expect

from chatwidget.admin.snippets import snippets
from chatwidget.models import Widget
from tests.pages.node import node
from tests.pages.visit import FOLDER, Visit

PAGE = '<!doctype html><html lang="en"><head><meta charset="utf-8">{}</head><body>{}</body></html>'


@pytest.fixture
def code(visit: Visit) -> dict[str, str]:
    """Each snippet's lines, by its kind; those for any page by their title."""
    request = RequestFactory().get("/", headers={"host": urlsplit(visit.server.url).netloc})
    found = snippets(request, Widget(slug="demo"))
    return {each.kind or str(each.title): each.code for each in found}


async def chat_opens(visit: Visit) -> None:
    await visit.come()
    await expect(visit.launcher).to_have_count(1)
    await visit.open()
    await visit.chats()


@pytest.mark.parametrize("kind", ["On any page", "shopify", "webflow"])
async def test_a_line_in_a_page(visit: Visit, code: dict[str, str], kind: str) -> None:
    visit.pages["/"] = PAGE.format("", code[kind])
    await chat_opens(visit)


async def test_inside_a_page(visit: Visit, code: dict[str, str]) -> None:
    visit.pages["/"] = PAGE.format("", code["Inside the page"])
    await visit.come()
    await visit.chats()


@pytest.mark.parametrize("kind", ["gtm", "On any page"])
async def test_a_tag_manager(visit: Visit, code: dict[str, str], kind: str) -> None:
    """As Google's: it writes the lines into the page later, and has each script made again, of
    which text and address stay, and nothing else."""
    lines = json.dumps(code[kind]).replace("</", r"<\/")
    inject = (
        "setTimeout(() => { const box = document.createElement('div');"
        f"box.innerHTML = {lines};"
        "for (const old of [...box.childNodes]) {"
        "if (old.nodeName !== 'SCRIPT') { document.body.append(old); continue; }"
        "const script = document.createElement('script'); script.async = false;"
        "script.type = 'text/javascript'; script.text = old.text; script.id = old.id;"
        "if (old.src) script.src = old.src; document.body.append(script); } }, 100)"
    )
    visit.pages["/"] = PAGE.format("", f"<h1>Shop</h1><script>{inject}</script>")
    await chat_opens(visit)


async def test_a_component_of_react(visit: Visit, code: dict[str, str]) -> None:
    """StrictMode takes it away at once and renders it again."""
    script = await node(str(FOLDER / "react/snippet.mjs"), code["react"])
    visit.pages["/chat.js"] = script
    visit.pages["/"] = PAGE.format("", '<div id="root"></div><script src="/chat.js"></script>')
    await chat_opens(visit)
    visit.complaints.clear()  # React's own words


async def test_next(code: dict[str, str]) -> None:
    """`test_next` has the same line in a layout, with the address from its environment."""
    layout = (FOLDER / "next/app/layout.js").read_text()
    imported, _, element = code["next"].partition("\n\n")
    assert imported in layout
    assert element.startswith("<Script src=") and "<Script src=" in layout
