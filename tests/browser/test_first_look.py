"""What is there before the frame's script has come, and how that takes it over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.fake import GREETING, FakeServer, configure, message, ready
from tests.browser.shop import Shop

HELLO = "Hello! How can I help you?"


class Held:
    """The frame's script, which does not come before it is let go."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._come = asyncio.Event()

    async def hold(self) -> Held:
        await self.page.route("**/frame.js", self._wait)
        return self

    async def _wait(self, route: Route) -> None:
        await self._come.wait()
        await route.continue_()

    def let_go(self) -> None:
        self._come.set()


@pytest.fixture
async def held(page: Page) -> AsyncIterator[Held]:
    held = await Held(page).hold()
    yield held
    held.let_go()


async def test_it_greets_and_takes_what_is_written(shop: Shop, held: Held) -> None:
    await shop.show()
    await shop.open()
    articles = shop.frame.get_by_role("article")
    await expect(articles).to_have_count(1)
    await expect(articles).to_contain_text("demo")
    await expect(shop.page.get_by_role("button", name="Close", exact=True)).to_be_hidden()
    await shop.page.keyboard.type("say:first")
    await shop.page.keyboard.press("Enter")
    await shop.page.keyboard.type("half a thou")
    await expect(articles).to_have_count(2)
    await shop.inside("void (window.drawn = [...document.querySelectorAll('article')])")
    held.let_go()
    # The message, its answer, and what is still being written.
    await expect(shop.frame.get_by_role("button", name="Good reply")).to_have_count(1)
    await expect(articles).to_have_count(3)
    await expect(shop.text).to_have_value("half a thou")
    await expect(shop.text).to_be_focused()
    assert await shop.inside("drawn.every((each) => each.isConnected)"), "drawn twice"
    told = await shop.inside("document.getElementById('announcer').textContent")
    greeting = await articles.first.locator(".body").inner_text()
    assert told.count(greeting[:20]) == 1


async def test_the_panel_closes_without_the_script(shop: Shop, held: Held) -> None:
    await shop.show()
    for close in ("Escape", "Close"):
        await shop.open()
        if close == "Escape":
            await shop.page.keyboard.press("Escape")
        else:
            await shop.frame.get_by_role("button", name="Close", exact=True).click()
        await expect(shop.iframe).to_be_hidden()
        await expect(shop.launcher).to_be_focused()


async def test_a_script_that_does_not_come_is_tried_again(shop: Shop) -> None:
    await shop.page.route("**/frame.js", lambda route: route.fulfill(status=404))
    await shop.show()
    await shop.open()
    again = shop.frame.get_by_role("button", name="Try again")
    await expect(again).to_be_visible()
    await shop.page.unroute_all()
    await again.click()
    await expect(shop.frame.get_by_role("log")).to_be_visible()
    await expect(again).to_be_hidden()
    await shop.text.fill("say:hi")
    await shop.text.press("Enter")
    await expect(shop.frame.get_by_role("article")).to_have_count(3)
    shop.complaints.clear()


async def test_what_the_server_sends_takes_the_greetings_place(
    page: Page, fake: FakeServer, url: str
) -> None:
    fake.answer = lambda frame: [ready(conversation=None)] if frame["type"] == "hello" else []
    await configure(page, greeting="Hello!")
    await page.goto(url)
    await fake.heard("hello")
    article = page.get_by_role("article")
    await expect(article).to_have_count(1)
    drawn = await article.element_handle()
    await expect(page.locator("#dots")).to_be_hidden()
    fake.say({"type": "message", "message": GREETING})
    await page.evaluate("new Promise((shown) => requestAnimationFrame(() => setTimeout(shown)))")
    await expect(article).to_have_count(1)
    assert await drawn.evaluate("(each) => each.isConnected")


@pytest.mark.parametrize("greeting", ["", "**Hello!**"])
async def test_a_greeting_that_cannot_be_drawn_yet_is_dots(
    page: Page, held: Held, fake: FakeServer, url: str, greeting: str
) -> None:
    await configure(page, greeting=greeting)
    await page.goto(url, wait_until="commit")
    await expect(page.locator("#dots")).to_be_visible()
    await expect(page.get_by_role("article")).to_have_count(0)
    fake.answer = lambda frame: (
        [ready(message(1, "assistant", "**Hello!**"), conversation=None)]
        if frame["type"] == "hello"
        else []
    )
    held.let_go()
    await expect(page.get_by_role("article").locator("strong")).to_have_text("Hello!")
    await expect(page.locator("#dots")).to_be_hidden()


async def test_who_has_a_conversation_is_not_greeted_anew(
    page: Page, fake: FakeServer, url: str
) -> None:
    said = [message(1, "assistant", "Long ago"), message(2, "user", "Hi")]
    fake.answer = lambda frame: [ready(*said)] if frame["type"] == "hello" else []
    await configure(page, greeting="Hello!")
    await page.goto(url)
    await expect(page.get_by_role("article")).to_have_count(2)
    held = await Held(page).hold()
    await page.reload(wait_until="commit")
    await expect(page.locator("#dots")).to_be_visible()
    await expect(page.get_by_role("article")).to_have_count(0)
    held.let_go()
    await expect(page.get_by_role("article")).to_have_count(2)
