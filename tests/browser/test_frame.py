"""The frame as a visitor meets it, at its own address, against the demo widget."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.running import Server


async def test_roles_and_names(page: Page, server: Server) -> None:
    """What assistive technology is told: contract §5."""
    await page.goto(f"{server.url}/chatwidget/demo/")
    log = page.get_by_role("log", name="Conversation")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(log.get_by_role("article")).to_have_count(1)
    await page.get_by_role("textbox", name="Message").fill("Hello")
    await page.keyboard.press("Enter")
    await expect(log.get_by_role("article", name=re.compile("^You"))).to_contain_text("Hello")
    await expect(page.get_by_role("button", name="Good reply")).to_be_visible()
    for name in ("Send", "New conversation", "Bad reply", "Copy"):
        await expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()
