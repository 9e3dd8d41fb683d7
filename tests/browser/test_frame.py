"""The frame as a visitor meets it, opened at its own address, against a real server."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import BrowserContext, Locator, Page, WebSocket, expect

from tests.browser.moments import moment
from tests.conftest import Serve
from tests.running import Server


class Chat:
    """The frame's parts by their accessible names."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.log = page.get_by_role("log", name="Conversation")
        self.articles = self.log.get_by_role("article")
        self.mine = self.log.get_by_role("article", name=re.compile("^You"))
        self.theirs = self.log.get_by_role("article", name=re.compile("^Demo"))
        self.text = page.get_by_role("textbox", name="Message")
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text))
        self.sockets: list[WebSocket] = []
        page.on("websocket", lambda socket: self.sockets.append(socket))

    async def open(self) -> None:
        await self.page.goto(self.url)
        await expect(self.theirs).to_have_count(1)

    async def send(self, text: str) -> None:
        await self.text.fill(text)
        await self.page.keyboard.press("Enter")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    @asynccontextmanager
    async def another_attempt(self) -> AsyncIterator[None]:
        """The frame is told of one; what it shows of it may be over before anybody has looked."""
        async with self.sockets[-1].expect_event(
            "framereceived", lambda text: '"attempt":2' in str(text)
        ):
            yield


@pytest.fixture
async def chat(page: Page, server: Server) -> AsyncIterator[Chat]:
    made = Chat(page, f"{server.url}/chatwidget/demo/")
    await made.open()
    yield made
    assert made.complaints == []


async def test_roles_and_names(chat: Chat) -> None:
    """What assistive technology finds."""
    await expect(chat.page.get_by_role("heading", level=1)).to_have_text("Demo")
    assert await chat.log.get_attribute("aria-live") == "off"
    await expect(chat.page.get_by_role("status")).to_be_attached()
    await chat.send("long please")
    await expect(chat.button("Stop")).to_be_visible()
    await expect(chat.mine).to_contain_text("long please")
    await expect(chat.theirs.last).to_contain_text("Chapter 1")
    await chat.button("Stop").click()
    await expect(chat.button("Retry")).to_be_visible()
    await expect(chat.button("Stop")).to_be_hidden()
    await expect(chat.button("Good reply")).to_have_attribute("aria-pressed", "false")
    for name in ("Send", "New conversation", "Bad reply", "Copy"):
        await expect(chat.button(name)).to_be_visible()
    children = await chat.log.evaluate(
        "(log) => [...log.querySelectorAll('article')].map((each) => each.parentElement === log)"
    )
    assert children == [True, True, True]


async def test_markdown_streams_into_elements(chat: Chat) -> None:
    await chat.send("**Not** bold in what I write <b>myself</b>")
    await expect(chat.button("Good reply")).to_be_visible()
    await expect(chat.mine.locator("strong, b")).to_have_count(0)
    await expect(chat.theirs.last.locator("strong").first).to_have_text("bold")
    await expect(chat.theirs.last.get_by_role("table")).to_be_visible()
    link = chat.theirs.last.get_by_role("link")
    assert await link.get_attribute("target") == "_blank"
    assert "noopener" in (await link.get_attribute("rel") or "")


async def test_columns_are_aligned_as_the_reply_says(chat: Chat) -> None:
    await chat.send("table")
    cells = chat.theirs.last.get_by_role("row").filter(has_text="Saturday").get_by_role("cell")
    for place, align in enumerate(("left", "right", "right")):
        await expect(cells.nth(place)).to_have_css("text-align", re.compile(f"{align}$"))


async def test_a_reload_shows_what_was(chat: Chat) -> None:
    await chat.send("slow")
    await expect(chat.theirs.last).to_contain_text("Every word")
    await chat.page.reload()
    await expect(chat.articles).to_have_count(3)
    await expect(chat.theirs.last).to_contain_text("as if I had to think hard.")


async def test_a_failed_reply_is_explained_and_tried_again(chat: Chat) -> None:
    await chat.send("fail")
    await expect(chat.theirs.last).to_contain_text("cannot be reached")
    async with chat.another_attempt():
        await chat.button("Retry").click()
    await expect(chat.button("Retry")).to_be_visible()
    await expect(chat.articles).to_have_count(3)
    await expect(chat.text).to_be_focused()


async def test_a_whole_reply_is_answered_again_where_the_platform_can(chat: Chat) -> None:
    await chat.send("list")
    await expect(chat.theirs.last).to_contain_text("delivery by balloon")
    async with chat.another_attempt():
        await chat.button("Answer again").click()
    await expect(chat.theirs.last).to_contain_text("delivery by balloon")
    await expect(chat.articles).to_have_count(3)


async def test_products_are_articles_with_title_price_and_link(chat: Chat) -> None:
    await chat.send("products")
    grid = chat.page.get_by_role("list", name="Products")
    await expect(grid.get_by_role("article")).to_have_count(3)
    first = grid.get_by_role("article", name="Harbour mug")
    await expect(first).to_contain_text("€24")
    await expect(first.get_by_role("link")).to_have_attribute("href", "https://example.com/mug")


async def test_products_are_words_where_what_draws_them_cannot_be_loaded(chat: Chat) -> None:
    await chat.page.route(re.compile("rich.js"), lambda route: route.abort())
    await chat.send("products")
    await expect(chat.theirs.last.locator(".ui")).to_contain_text("title: Harbour mug")
    chat.complaints.clear()


async def test_rating_and_a_comment(chat: Chat, server: Server) -> None:
    await chat.send("table")
    await chat.button("Bad reply").click()
    await expect(chat.button("Bad reply")).to_have_attribute("aria-pressed", "true")
    await chat.page.get_by_role("textbox", name="Tell us more").fill("Too short.")
    await chat.button("Send feedback").click()
    await expect(chat.page.get_by_text("Thank you")).to_be_visible()
    await chat.page.reload()
    await expect(chat.button("Bad reply")).to_have_attribute("aria-pressed", "true")
    await chat.button("Bad reply").click()
    await expect(chat.button("Bad reply")).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_reply_is_copied_as_it_was_written(
    chat: Chat, context: BrowserContext, allowed: bool
) -> None:
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    if not allowed:  # as in a frame without the permission, or a page without https
        await chat.page.evaluate(
            "() => { navigator.clipboard.writeText = () => Promise.reject(Error('denied')); }"
        )
    await chat.send("table")
    async with moment(chat.button("Copy"), "ariaLabel", "Copied"):
        await chat.button("Copy").click()
    copied = await chat.page.evaluate("() => navigator.clipboard.readText()")
    assert copied.startswith("Here are our opening hours:\n\n| Day | Opens | Closes |\n|:---")


async def test_tabs_are_in_step_and_begin_anew_together(
    chat: Chat, context: BrowserContext
) -> None:
    await chat.send("code")
    await expect(chat.button("Good reply")).to_be_visible()
    other = Chat(await context.new_page(), chat.url)
    await other.page.goto(other.url)
    await expect(other.articles).to_have_count(3)
    await other.send("long")
    await expect(chat.mine.last).to_contain_text("long")
    await chat.button("Stop").click()
    await expect(other.button("Retry")).to_be_visible()
    await chat.button("New conversation").click()
    for each in (chat, other):
        await expect(each.articles).to_have_count(1)
    # What was begun anew stays so over a reload, before anything is said in it.
    await chat.page.reload()
    await expect(chat.articles).to_have_count(1)
    assert other.complaints == []


async def test_enter_sends_and_shift_enter_breaks_the_line(chat: Chat) -> None:
    await chat.text.focus()
    await chat.page.keyboard.type("one")
    await chat.page.keyboard.press("Shift+Enter")
    await chat.page.keyboard.type("two")
    await expect(chat.text).to_have_value("one\ntwo")
    # While an input method composes, Enter chooses a word.
    await chat.text.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    await expect(chat.mine).to_have_count(0)
    await chat.page.keyboard.press("Enter")
    await expect(chat.mine).to_contain_text("one\ntwo")
    await expect(chat.text).to_have_value("")
    await chat.page.keyboard.press("Enter")
    await expect(chat.mine).to_have_count(1)


async def test_a_draft_survives_a_reload(chat: Chat) -> None:
    await chat.text.fill("half a thou")
    await chat.page.reload()
    await expect(chat.text).to_have_value("half a thou")


async def test_the_keyboard_alone_reaches_everything(chat: Chat) -> None:
    await chat.send("table")
    await expect(chat.button("Good reply")).to_be_visible()
    await chat.button("New conversation").focus()
    reached = ["New conversation"]
    for _ in range(12):
        await chat.page.keyboard.press("Tab")
        reached.append(
            await chat.page.evaluate("() => document.activeElement.ariaLabel ?? ''"),
        )
    expected = ["New conversation", "Copy", "Good reply", "Bad reply", "Message", "Send"]
    assert [name for name in reached if name in expected][: len(expected)] == expected


async def test_replies_are_announced_by_sentences_and_never_the_history(chat: Chat) -> None:
    announcer = chat.page.locator("#announcer")
    await expect(announcer).to_contain_text("I am the demo agent")
    await chat.send("slow")
    await expect(announcer).to_contain_text("as if I had to think hard.")
    assert (await announcer.inner_text()).count("Every word") == 1
    await chat.page.reload()
    await expect(chat.articles).to_have_count(3)
    await expect(announcer).to_be_empty()


async def test_a_server_that_dies_and_comes_back(page: Page, serve: Serve) -> None:
    server = await serve()
    chat = Chat(page, f"{server.url}/chatwidget/demo/")
    await chat.open()
    await chat.send("long")
    await expect(chat.theirs.last).to_contain_text("Chapter 1")
    await server.kill()
    status = page.get_by_role("status")
    await expect(status).to_contain_text("Connection lost")
    await chat.send("table")
    await expect(chat.mine.last).to_contain_text("Waiting to be sent")
    async with moment(status, "textContent", "connected again"):
        await server.restart()
    # What was asked before is cut off, and says so; what waited is answered.
    await expect(chat.theirs.nth(1)).to_contain_text("cut off", timeout=30_000)
    await expect(chat.theirs.last).to_contain_text("Saturday", timeout=30_000)
    await expect(chat.articles).to_have_count(5)
    await page.reload()
    await expect(chat.articles).to_have_count(5)


async def at_the_end(page: Page) -> None:
    """It is there before long: it follows with the next picture, and may still be on its way."""
    await page.wait_for_function(
        """() => {
          const { scrollTop, scrollHeight, clientHeight } = document.getElementById("scroller");
          return scrollHeight - clientHeight - scrollTop < 2;
        }"""
    )


async def test_it_follows_at_the_end_and_stays_put_elsewhere(chat: Chat) -> None:
    await chat.page.set_viewport_size({"width": 380, "height": 420})
    await chat.send("long")
    await expect(chat.theirs.last).to_contain_text("Chapter 2")
    await at_the_end(chat.page)
    scroller = chat.page.locator("#scroller")
    await scroller.evaluate("(each) => each.scrollTo(0, 60)")
    await expect(chat.button("Scroll to the latest message")).to_be_visible()
    await expect(chat.theirs.last).to_contain_text("Chapter 3")
    assert await scroller.evaluate("(each) => each.scrollTop") == 60
    # Its place is kept when the panel gets another shape.
    at_the_top = chat.mine.last
    before = await at_the_top.evaluate("(each) => each.getBoundingClientRect().top")
    await chat.page.set_viewport_size({"width": 340, "height": 360})
    await chat.page.wait_for_function("innerWidth === 340 && innerHeight === 360")
    for _ in range(2):  # the first picture in this shape, and one after it
        await chat.page.evaluate("() => new Promise(requestAnimationFrame)")
    after = await at_the_top.evaluate("(each) => each.getBoundingClientRect().top")
    assert abs(after - before) < 2
    await chat.button("Scroll to the latest message").click()
    await expect(chat.button("Scroll to the latest message")).to_be_hidden()
    await expect(chat.theirs.last).to_contain_text("Chapter 4")
    await at_the_end(chat.page)
    await chat.button("Stop").click()
