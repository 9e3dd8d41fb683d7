"""The demo shop: a page under a strict policy, with the widget at home on it."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.conftest import Serve
from tests.running import Server


@pytest.fixture
async def complaints(page: Page) -> list[str]:
    """What the browser has to say against the page: errors, warnings, refusals."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("requestfailed", lambda request: heard.append(request.url))
    return heard


async def test_asking_about_a_product(page: Page, server: Server, complaints: list[str]) -> None:
    await page.goto(server.url)
    mug = page.get_by_role("article").filter(has_text="Harbour mug")
    await mug.get_by_role("button", name="Ask about it").click()
    frame = page.frame_locator("iframe")
    log = frame.get_by_role("log", name="Conversation")
    await expect(log.get_by_text("Tell me about the Harbour mug.", exact=True)).to_be_visible()
    await expect(frame.get_by_role("button", name="Good reply").last).to_be_visible()
    await expect(page.get_by_role("button", name="Close chat")).to_be_attached()
    assert complaints == []


async def test_the_snippet_is_this_server_s(page: Page, server: Server) -> None:
    await page.goto(server.url)
    snippet = f'<script src="{server.url}/chatwidget/demo.js" async></script>'
    await expect(page.get_by_text(snippet)).to_be_visible()
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == snippet


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
async def test_nothing_is_wider_than_the_screen(page: Page, server: Server, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    await page.goto(server.url)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == width


async def test_without_scripts_it_is_still_a_shop(browser: Browser, server: Server) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(server.url)
    await expect(page.get_by_role("article")).to_have_count(6)
    await context.close()


async def test_as_it_is_deployed(page: Page, serve: Serve, complaints: list[str]) -> None:
    """Hashed, compressed files in place of the sources."""
    server = await serve({"DEBUG": "false"})
    await page.goto(server.url)
    await page.get_by_role("button", name="Open chat").click()
    frame = page.frame_locator("iframe")
    await frame.get_by_role("textbox", name="Message").fill("Hello")
    await frame.get_by_role("button", name="Send", exact=True).click()
    await expect(frame.get_by_role("button", name="Good reply").last).to_be_visible()
    assert complaints == []
