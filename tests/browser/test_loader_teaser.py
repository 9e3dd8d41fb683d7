"""The teaser: a line beside the launcher."""

from __future__ import annotations

import httpx
import pytest
from playwright.async_api import expect

from tests.browser.shop import Shop, change
from tests.running import Server


async def test_a_teaser_is_sent_to_those_who_have_one(shop: Shop, server: Server) -> None:
    await server.manage("configure_widget", "teasing", "--provider", "demo", "--title", "Teasing")
    await change(server, "teasing", appearance={"teaser": "Need help choosing?", "teaser_delay": 0})
    async with httpx.AsyncClient(timeout=30) as client:
        plain = await client.get(f"{server.url}/chatwidget/demo.js")
        teasing = await client.get(f"{server.url}/chatwidget/teasing.js")
    assert "aside" not in plain.text
    assert "aside" in teasing.text
    tag = shop.tag.replace("demo.js", "teasing.js")
    await shop.show(body=tag)
    bubble = shop.page.get_by_role("button", name="Need help choosing?")
    await expect(bubble).to_be_visible()
    await shop.page.emulate_media(media="print")
    await expect(bubble).to_be_hidden()
    await shop.page.emulate_media(media="screen")
    await shop.page.get_by_role("button", name="Close", exact=True).click()
    await expect(bubble).to_have_count(0)
    assert await shop.page.evaluate("sessionStorage.length") == 0
    await shop.page.evaluate("localStorage.clear()")
    await shop.show(body=tag, path="/again")
    await bubble.click()
    await expect(shop.text).to_be_focused()
    await expect(bubble).to_have_count(0)
    # On a page of another language its button is named in that.
    await shop.page.evaluate("(document.documentElement.lang = 'de-AT', ChatWidget.destroy())")
    await shop.page.evaluate("sessionStorage.clear(), localStorage.clear()")
    await shop.page.add_script_tag(url=f"{server.url}/chatwidget/teasing.js")
    await expect(shop.page.get_by_role("button", name="Schließen", exact=True)).to_be_visible()


async def test_a_teaser_waits_and_not_for_those_who_chat(shop: Shop, server: Server) -> None:
    await server.manage("configure_widget", "patient", "--provider", "demo", "--title", "Patient")
    await change(
        server, "patient", appearance={"teaser": "Need help choosing?", "teaser_delay": 3600}
    )
    tag = shop.tag.replace("demo.js", "patient.js")
    bubble = shop.page.get_by_role("button", name="Need help choosing?")
    await shop.page.clock.install()
    await shop.show(body=tag)
    await expect(shop.launcher).to_be_visible()
    await shop.page.clock.fast_forward("50:00")
    await expect(bubble).to_have_count(0)
    await shop.page.clock.fast_forward("10:00")
    await expect(bubble).to_be_visible()
    await shop.show(body=tag, path="/again")
    await shop.open()
    await shop.page.clock.fast_forward("01:00:00")
    await expect(bubble).to_have_count(0)


@pytest.mark.parametrize("end", ["Close", "Need help choosing?"])
async def test_a_teaser_that_was_answered_is_not_back(shop: Shop, server: Server, end: str) -> None:
    """Waved away, or by a chat, it is not on the next page, nor in the next tab."""
    await server.manage("configure_widget", "answered", "--provider", "demo", "--title", "Answered")
    look = {"teaser": "Need help choosing?", "teaser_delay": 0}
    await change(server, "answered", appearance=look)
    tag = shop.tag.replace("demo.js", "answered.js")
    bubble = shop.page.get_by_role("button", name="Need help choosing?")
    await shop.show(body=tag)
    await shop.page.get_by_role("button", name=end, exact=True).click()
    await expect(bubble).to_have_count(0)
    await shop.page.evaluate("ChatWidget.close(), sessionStorage.clear()")
    await shop.show(body=tag, path="/next")
    # It would be there before the launcher is.
    await expect(shop.launcher).to_be_visible()
    await expect(bubble).to_have_count(0)
    await shop.page.evaluate("localStorage.clear()")
    await shop.show(body=tag, path="/new")
    await expect(bubble).to_be_visible()
