"""Older messages, and where one is in them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.fake import FakeServer, Frame, greet, message, ready


@pytest.fixture
def fake(fake: FakeServer) -> FakeServer:
    fake.answer = greet
    return fake


async def test_older_messages_come_on_scrolling_up_and_nothing_jumps(
    page: Page, fake: FakeServer, url: str
) -> None:
    old = [message(seq, "user", f"message {seq}") for seq in range(1, 151)]

    def answer(frame: Frame) -> list[Frame]:
        if frame["type"] == "hello":
            return [ready(*old[100:], more=True)]
        if frame["type"] == "history":
            end = int(frame["before"][1:]) - 1
            return [{"type": "history", "messages": old[end - 50 : end], "more": end > 50}]
        return []

    fake.answer = answer
    await page.emulate_media(reduced_motion="reduce")  # what rises is somewhere else meanwhile
    await page.set_viewport_size({"width": 380, "height": 600})
    await page.goto(url)
    await expect(page.get_by_text("message 150", exact=True)).to_be_in_viewport()
    scroller = page.locator("#scroller")
    seen = page.get_by_text("message 101", exact=True)
    before: Any = await scroller.evaluate(
        """async (each) => {
          each.scrollTo(0, 60);
          await new Promise(requestAnimationFrame);
          return [...document.querySelectorAll(".body")]
            .find((body) => body.textContent === "message 101").getBoundingClientRect().top;
        }"""
    )
    await fake.heard("history")
    await expect(page.get_by_role("article")).to_have_count(100)
    at = await seen.evaluate("(each) => each.getBoundingClientRect().top")
    assert abs(at - before) < 2
    await scroller.evaluate("(each) => each.scrollTo(0, 0)")
    await expect(page.get_by_role("article")).to_have_count(150)
    assert [frame["before"] for frame in fake.of("history")] == ["m101", "m51"]
    await expect(page.get_by_text("message 1", exact=True)).to_be_attached()


# In a picture: by then it has noted where the one before left it.
SCROLL_UP = "async (each) => { await new Promise(requestAnimationFrame); each.scrollTo(0, 300); }"


async def test_what_comes_while_one_reads_above_is_told(
    page: Page, fake: FakeServer, url: str
) -> None:
    old = [message(seq, "user", f"message {seq}") for seq in range(1, 31)]
    fake.answer = lambda frame: [ready(*old)] if frame["type"] == "hello" else []
    await page.set_viewport_size({"width": 380, "height": 500})
    await page.goto(url)
    await expect(page.get_by_role("article")).to_have_count(30)
    await page.locator("#scroller").evaluate(SCROLL_UP)
    await expect(page.get_by_role("button", name="Scroll to the latest message")).to_be_visible()
    fake.say({"type": "message", "message": message(31, "assistant", "News!")})
    await page.get_by_role("button", name="New messages").click()
    await expect(page.get_by_text("News!").first).to_be_in_viewport()
    await expect(page.get_by_role("button", name="New messages")).to_be_hidden()
    await expect(page.get_by_role("textbox", name="Message")).to_be_focused()


async def test_the_way_back_to_the_end_is_short(page: Page, fake: FakeServer, url: str) -> None:
    old = [message(seq, "user", f"message {seq}") for seq in range(1, 31)]
    fake.answer = lambda frame: [ready(*old)] if frame["type"] == "hello" else []
    await page.set_viewport_size({"width": 380, "height": 500})
    await page.goto(url)
    await expect(page.get_by_role("article")).to_have_count(30)
    scroller = page.locator("#scroller")
    await scroller.evaluate(SCROLL_UP)
    await expect(page.get_by_role("button", name="Scroll to the latest message")).to_be_visible()
    left = await scroller.evaluate(
        """(each) => {
          document.getElementById("latest").click();
          return each.scrollHeight - each.clientHeight - each.scrollTop;
        }"""
    )
    assert left < 2
