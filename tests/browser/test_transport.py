"""Where websockets do not open, the chat goes on by server-sent events in that tab."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.embedding import Visit, embed
from tests.conftest import OtherSite, Serve
from tests.old_proxy import OldProxy
from tests.running import Server


@pytest.fixture(params=["daphne", "uvicorn"])
async def server(request: pytest.FixtureRequest, serve: Serve) -> Server:
    return await serve({}, server=request.param)


@pytest.fixture(params=["refuses", "cuts"])
async def proxy(server: Server, request: pytest.FixtureRequest) -> AsyncIterator[OldProxy]:
    async with OldProxy(server.port) as made:
        made.cuts = request.param == "cuts"
        yield made


async def test_a_chat_behind_a_proxy_without_websockets(
    page: Page, proxy: OldProxy, server: Server
) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    await page.goto(f"{proxy.url}/chatwidget/demo/")
    message = page.get_by_role("textbox", name="Message")
    await message.fill("list")
    await message.press("Enter")
    replies = page.get_by_role("article")
    await expect(replies.last).to_contain_text("delivery by balloon")
    await expect(page.get_by_role("button", name="Good reply")).to_have_count(1)
    # Two that did not open, and one that was under way when the second was known to be refused.
    refused = proxy.refused
    assert 2 <= refused <= 3
    assert any("server-sent events" in text for text in said)

    # A reload does not try websockets again, and shows what was said; a reply can be stopped.
    await page.reload()
    await expect(replies).to_have_count(3)
    await message.fill("slow")
    await message.press("Enter")
    await expect(replies.last).to_contain_text("Every word")
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_text("You stopped this answer.", exact=True)).to_be_visible()
    assert proxy.refused == refused


async def test_staff_behind_such_a_proxy(
    page: Page, context: BrowserContext, proxy: OldProxy, server: Server
) -> None:
    await page.goto(f"{server.url}/chatwidget/demo/")
    await page.get_by_role("textbox", name="Message").fill("Hello?")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Good reply")).to_be_visible()
    await context.add_cookies(await server.admin_cookies())  # type: ignore[arg-type]
    staff = await context.new_page()
    await staff.goto(f"{proxy.url}/admin/chatwidget/handover/")
    await staff.locator(".cw-live-list a").click()
    await staff.get_by_role("button", name="Take over").click()
    reply = staff.get_by_role("textbox", name="Reply to the visitor")
    await reply.fill("I am a person.")
    await reply.press("Enter")
    await expect(page.get_by_text("I am a person.", exact=True)).to_be_visible()
    await expect(staff.get_by_role("article").last).to_contain_text("I am a person.")
    # Its time is written as the server writes those of the messages before.
    await expect(staff.locator(".cw-meta time").last).to_have_text(
        re.compile(r"\d\d:\d\d:\d\d UTC")
    )
    # The list's two that did not open; the conversation's page, in the same tab, tried none.
    assert proxy.refused == 2


async def test_a_server_that_is_gone_is_not_taken_for_such_a_proxy(
    page: Page, server: Server, other_site: OtherSite
) -> None:
    site = await embed(other_site, server, "demo")
    chat = Visit(page, site.url, "Demo")
    await chat.open()
    await server.kill()
    await expect(chat.status).to_contain_text("Reconnecting")
    await server.restart()
    await chat.send("list")
    await expect(chat.theirs.last).to_contain_text("delivery by balloon")
    kept = await chat.frame.locator("body").evaluate("() => JSON.stringify({...sessionStorage})")
    assert "stream" not in kept
