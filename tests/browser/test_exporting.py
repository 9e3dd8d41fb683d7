"""An export from the admin's list, whose page says how far it is."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.async_api import BrowserContext, expect

from tests.client import Chat
from tests.running import Server


async def test_it_says_how_far_it_is(context: BrowserContext, server: Server) -> None:
    async with Chat(server.url) as chat:
        await chat.hello()
        await chat.ask("What is to be exported?")
    await context.add_cookies(await server.admin_cookies())  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(f"{server.url}/admin/chatwidget/conversation/")
    await page.locator("#result_list tbody .action-select").first.check()
    await page.locator("select[name=action]").select_option("export_selected")
    await page.get_by_role("button", name="Go").click()
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="JSON lines", exact=True).click()
    download = await downloading.value
    assert download.suggested_filename.endswith(".jsonl")
    assert (
        "to be exported"
        in json.loads(Path(await download.path()).read_text())["messages"][1]["text"]
    )
    await expect(page.get_by_role("status")).to_have_text("1 / 1")
    # Where it fails here, the browser downloads it plainly.
    await page.evaluate("() => { window.fetch = () => Promise.reject(new Error()); }")
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Table").click()
    assert (await downloading.value).suggested_filename.endswith(".csv")
