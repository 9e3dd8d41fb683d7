"""A visitor takes what is kept of them with them, and has it erased, from the chat."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.async_api import expect

from tests.browser.shop import Shop
from tests.running import Server


async def test_downloaded_and_erased(shop: Shop, server: Server) -> None:
    """In the frame of another site's page, which has other rights than a page of its own."""
    await server.manage("configure_widget", "owned", "--provider", "demo", "--own-data")
    shop.pages["/"] = f'<title>Shop</title><script src="{server.url}/chatwidget/owned.js"></script>'
    page = shop.page
    await page.goto(shop.url)
    await page.get_by_role("button", name="Open chat").click()
    frame = page.frame_locator("iframe")
    await frame.get_by_role("textbox", name="Message").fill("My number is 4711")
    await page.keyboard.press("Enter")
    await expect(frame.get_by_role("button", name="Good reply")).to_be_visible()

    await frame.get_by_role("button", name="Your data").click()
    dialog = frame.get_by_role("dialog", name="Your data")
    async with page.expect_download() as downloading:
        await dialog.get_by_role("button", name="Download as a file").click()
    path = await (await downloading.value).path()
    [conversation] = json.loads(Path(path).read_text())["conversations"]
    assert conversation["messages"][1]["text"] == "My number is 4711"

    # Escape closes this, and not the chat.
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await frame.get_by_role("button", name="Your data").click()
    await dialog.get_by_role("button", name="Delete my conversations").click()
    await expect(dialog.get_by_text("deleted for good")).to_be_visible()
    await dialog.get_by_role("button", name="Delete for good").click()
    await expect(dialog).to_be_hidden()
    log = frame.get_by_role("log", name="Conversation")
    await expect(log.get_by_text("4711")).to_be_hidden()
    await frame.get_by_role("textbox", name="Message").fill("Somebody new")
    await page.keyboard.press("Enter")
    await expect(frame.get_by_role("button", name="Good reply")).to_be_visible()
    exported = await server.manage("export_transcripts", "owned")
    assert "is 4711" not in exported.stdout and "Somebody new" in exported.stdout
