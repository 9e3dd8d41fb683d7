"""What was not seen stays so until it is looked at, over pages and tabs."""

from __future__ import annotations

from typing import Any

from playwright.async_api import expect

from tests.browser.fake import FakeServer, Frame, accepted, message, ready
from tests.browser.shop import Shop

ASKED = message(1, "user", "hello")
REPLY = message(2, "assistant", "So far", status="streaming")
ENDED = message(2, "assistant", "So far", status="complete")
DONE = {"type": "done", "id": "m2", "status": "complete", "length": 6}


def shows(*messages: Frame) -> Any:
    return lambda frame: [ready(*messages)] if frame["type"] == "hello" else []


async def close(shop: Shop) -> None:
    """Close the panel, and wait until the frame knows: what it is told comes in order."""
    await shop.launcher.click()
    await expect(shop.iframe).to_be_hidden()
    await shop.page.evaluate("ChatWidget.theme('dark')")
    await expect(shop.frame.locator("html")).to_have_attribute("data-theme", "dark")
    await shop.page.evaluate("ChatWidget.theme('auto')")
    await expect(shop.frame.locator("html")).not_to_have_attribute("data-theme", "dark")


async def ask(shop: Shop, fake: FakeServer) -> None:
    """The visitor asks, sees the answer begin, and closes the panel."""
    await shop.show()
    await shop.open()
    await shop.text.fill("hello")
    await shop.text.press("Enter")
    send = await fake.heard("send")
    fake.say(accepted(send, 1), {"type": "message", "message": REPLY})
    await expect(shop.frame.get_by_role("article").last).to_contain_text("So far")
    await close(shop)


async def badge(shop: Shop, text: str) -> None:
    await expect(shop.launcher).to_have_js_property("value", text)


async def test_an_unseen_reply_is_still_unseen_on_the_next_page(shop: Shop) -> None:
    fake = await FakeServer(shop.page).take()
    await ask(shop, fake)
    fake.say(DONE)
    await badge(shop, "1")
    fake.answer = shows(ASKED, ENDED)
    for path in ("/next", "/third"):
        await shop.show(path=path)
        await badge(shop, "1")
        await expect(shop.iframe).to_be_hidden()
    await shop.launcher.click()
    await badge(shop, "")
    await expect(shop.frame.get_by_role("article")).to_have_count(2)
    await shop.launcher.click()
    await shop.show(path="/last")
    await expect(shop.launcher).to_be_visible()
    await badge(shop, "")
    await expect(shop.iframe).to_have_count(0)


async def test_a_reply_that_ended_between_two_pages_is_counted(shop: Shop) -> None:
    fake = await FakeServer(shop.page).take()
    await ask(shop, fake)
    fake.answer = shows(ASKED, ENDED)
    await shop.show(path="/next")
    await badge(shop, "1")


async def test_a_reply_that_was_looked_at_while_it_ended_is_not(shop: Shop) -> None:
    fake = await FakeServer(shop.page).take()
    await ask(shop, fake)
    await shop.launcher.click()
    fake.say(DONE)
    await expect(shop.frame.get_by_role("button", name="Good reply")).to_be_visible()
    await shop.launcher.click()
    fake.answer = shows(ASKED, ENDED)
    await shop.show(path="/next")
    await expect(shop.launcher).to_be_visible()
    await badge(shop, "")


async def test_another_attempt_counts_and_so_do_several(shop: Shop) -> None:
    failed = message(2, "assistant", "", status="failed")
    fake = await FakeServer(shop.page).take()
    fake.answer = shows(ASKED, failed)
    await shop.show()
    await shop.open()
    await shop.frame.get_by_role("button", name="Retry").click()
    await fake.heard("retry")
    again = message(2, "assistant", "", status="pending", attempt=2)
    fake.say({"type": "message", "message": again})
    await expect(shop.frame.get_by_role("button", name="Stop")).to_be_visible()
    await close(shop)
    fake.say({**DONE, "length": 0})
    await badge(shop, "1")
    fake.say({"type": "message", "message": message(3, "assistant", "One more thing.")})
    await badge(shop, "2")


async def test_what_another_tab_looked_at_is_seen(shop: Shop) -> None:
    fake = await FakeServer(shop.page).take()
    await ask(shop, fake)
    fake.say(DONE)
    await badge(shop, "1")
    other = await shop.page.context.new_page()
    theirs = await FakeServer(other).take()
    theirs.answer = shows(ASKED, ENDED)
    await other.goto(f"{shop.url}/")
    await other.get_by_role("button", name="Open chat").click()
    await expect(other.frame_locator("iframe").get_by_role("article")).to_have_count(2)
    await other.close()
    fake.answer = shows(ASKED, ENDED)
    await shop.show(path="/next")
    await expect(shop.launcher).to_be_visible()
    await badge(shop, "")
