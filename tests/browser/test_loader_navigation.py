"""The panel from one page to the next."""

from __future__ import annotations

import pytest
from playwright.async_api import async_playwright, expect

from tests.browser.fake import FakeServer, accepted, message, ready
from tests.browser.shop import HTML, TAG, Shop
from tests.conftest import CHROMIUM, OtherSite
from tests.needs import chromium
from tests.running import Server


async def test_the_next_page_finds_the_panel_as_it_was(shop: Shop) -> None:
    await shop.show()
    await shop.open()
    await shop.text.fill("hello")
    await shop.text.press("Enter")
    await expect(shop.frame.get_by_role("button", name="Good reply")).to_be_visible()
    await shop.show(path="/next")
    await expect(shop.frame.get_by_role("article")).to_have_count(3)
    await expect(shop.launcher).to_have_accessible_name("Close chat")
    assert await shop.page.evaluate("document.activeElement.localName") == "body"  # not taken
    await shop.launcher.click()
    await expect(shop.iframe).to_be_hidden()
    await shop.show(path="/last")
    await expect(shop.launcher).to_have_accessible_name("Open chat")
    await expect(shop.iframe).to_have_count(0)


async def test_a_running_reply_brings_the_conversation_to_the_next_page(shop: Shop) -> None:
    fake = await FakeServer(shop.page).take()
    await shop.show()
    await shop.open()
    await shop.text.fill("hello")
    await shop.text.press("Enter")
    send = await fake.heard("send")
    reply = message(2, "assistant", "So far", status="streaming")
    fake.say(accepted(send, 1), {"type": "message", "message": reply})
    await expect(shop.frame.get_by_role("article").last).to_contain_text("So far")
    await shop.launcher.click()
    await expect(shop.iframe).to_be_hidden()
    fake.answer = lambda frame: (
        [ready(message(1, "user", "hello"), reply)] if frame["type"] == "hello" else []
    )
    await shop.show(path="/next")
    await expect(shop.iframe).to_be_attached()
    await expect(shop.iframe).to_be_hidden()
    await expect(shop.launcher).to_have_accessible_name("Open chat")
    await fake.heard("hello", 2)
    done = {"type": "done", "id": "m2", "status": "complete", "length": 6}
    fake.say(done)
    await expect(shop.launcher).to_have_js_property("value", "1")  # the badge
    assert (
        await shop.launcher.evaluate("button => getComputedStyle(button, '::after').content")
        == '"1"'
    )
    await shop.launcher.click()
    await expect(shop.launcher).to_have_js_property("value", "")


@pytest.mark.parametrize(
    "storage",
    [
        """for (const name of ["sessionStorage", "localStorage"]) {
          Object.defineProperty(window, name, {
            get() { throw new DOMException("denied", "SecurityError"); },
          });
        }""",
        # As in an Android app's web view.
        """for (const name of ["sessionStorage", "localStorage"]) {
          Object.defineProperty(window, name, { value: null });
        }""",
        """for (let size = 1 << 23; size; size >>= 1) {
          try { sessionStorage[size] = "x".repeat(size); } catch {}
        }""",
    ],
    ids=["denied", "null", "full"],
)
async def test_without_storage_it_works_until_the_page_is_left(shop: Shop, storage: str) -> None:
    await shop.page.add_init_script(storage)
    await shop.show()
    await shop.open()
    await shop.text.fill("hello")
    await shop.text.press("Enter")
    await expect(shop.frame.get_by_role("article")).to_have_count(3)
    await shop.show(path="/next")
    await expect(shop.launcher).to_have_accessible_name("Open chat")


@pytest.mark.parametrize("opened", [False, True])
async def test_the_back_button_s_cache_is_kept(
    server: Server, other_site: OtherSite, opened: bool
) -> None:
    html = HTML.format(head="", body=TAG.format(url=server.url))
    site = await other_site({"/": html, "/other": "<!doctype html><title>Other</title>"})
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium(windows=True),
            args=CHROMIUM,
            ignore_default_args=["--disable-back-forward-cache"],
        )
        page = await browser.new_page(locale="en-US")
        await page.goto(f"{site.same_site_url}/")
        await page.evaluate(
            "addEventListener('pageshow', event => { window.kept = event.persisted })"
        )
        launcher = page.locator("chat-widget button[aria-expanded]")
        await expect(launcher).to_be_visible()
        frame = page.frame_locator("chat-widget iframe")
        if opened:
            await launcher.click()
            await expect(frame.get_by_role("article")).to_have_count(1)
        await page.goto(f"{site.same_site_url}/other")
        await page.evaluate("history.back()")
        await page.wait_for_function("window.kept !== undefined")
        assert await page.evaluate("window.kept") is True
        if opened:
            # The frame comes back with the page, and finds a connection again.
            await page.evaluate(
                "void ChatWidget.on('message', ({ role }) => { window.role = role })"
            )
            await page.evaluate("ChatWidget.send('hello')")
            await page.wait_for_function("window.role === 'assistant'")
        await browser.close()
