"""What the frame takes from the embedding page."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.fake import FakeServer, greet
from tests.conftest import OtherSite
from tests.running import Server


@pytest.fixture
def fake(fake: FakeServer) -> FakeServer:
    fake.answer = greet
    return fake


async def test_what_the_embedding_page_says_is_made_fit(
    server: Server, other_site: OtherSite, page: Page, fake: FakeServer
) -> None:
    """A number for an id, and an address too long for a frame of the protocol, break nothing."""
    tag = f'<script src="{server.url}/chatwidget/demo.js"></script>'
    site = await other_site({"/": f"<!doctype html><title>Shop</title><body>{tag}</body>"})
    await page.goto(site.url)
    await page.evaluate("location.hash = 'x'.repeat(70_000)")
    await page.evaluate("ChatWidget.identify({id: 42, name: null, email: 'ada@example.com'})")
    await page.evaluate("ChatWidget.send(42)")
    hello = await fake.heard("hello")
    assert hello["identity"] == {"id": "42", "email": "ada@example.com"}
    assert len(hello["page"]["url"]) == 2000
    assert (await fake.heard("send"))["text"] == "42"
    # A name alone is something to know somebody by; somebody who has logged out is nobody.
    await page.evaluate("void ChatWidget.on('identify', (detail) => { window.known = detail; })")
    await page.evaluate("ChatWidget.identify({name: 'Ada'})")
    assert (await fake.heard("hello", 2))["identity"] == {"name": "Ada"}
    await page.wait_for_function("window.known?.name === 'Ada'")
    await page.evaluate("ChatWidget.identify(null)")
    assert "identity" not in await fake.heard("hello", 3)


async def test_a_script_tag_s_colours_are_the_frame_s(
    server: Server, other_site: OtherSite, page: Page, fake: FakeServer
) -> None:
    tag = f'<script src="{server.url}/chatwidget/demo.js" data-color="#b45309" data-theme="dark">'
    site = await other_site({"/": f"<!doctype html><title>Shop</title><body>{tag}</script></body>"})
    await page.goto(site.url)
    await page.get_by_role("button", name="Open chat").click()
    root = page.frame_locator("iframe").locator("html")
    await expect(root).to_have_attribute("data-theme", "dark")
    await fake.heard("hello")
    read = "(root) => getComputedStyle(root).getPropertyValue('--accent')"
    assert await root.evaluate(read) == "#b45309"
