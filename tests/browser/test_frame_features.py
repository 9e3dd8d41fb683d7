"""What a widget's settings and a reply's parts bring."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.fake import GREETING, FakeServer, configure, greet, message, ready
from tests.browser.moments import moment


@pytest.fixture
def fake(fake: FakeServer) -> FakeServer:
    fake.answer = greet
    return fake


async def test_suggestions_are_sent_and_gone(page: Page, fake: FakeServer, url: str) -> None:
    await configure(page, suggestions=["Where is my order?", "Do you ship?"])
    await page.goto(url)
    chips = page.get_by_role("list", name="Suggestions")
    await chips.get_by_role("button", name="Do you ship?").click()
    assert (await fake.heard("send"))["text"] == "Do you ship?"
    await expect(chips).to_be_hidden()


async def test_the_focus_outlives_the_button_that_had_it(
    page: Page, fake: FakeServer, url: str
) -> None:
    await configure(page, suggestions=["Do you ship?"])
    await fake.wait_to_be_told()
    await page.goto(url)
    text = page.get_by_role("textbox", name="Message")
    await page.get_by_role("button", name="Do you ship?").press("Enter")
    await expect(text).to_be_focused()
    fake.say({"type": "message", "message": message(3, "assistant", "", status="pending")})
    stop = page.get_by_role("button", name="Stop")
    await stop.focus()
    fake.say({"type": "done", "id": "m3", "status": "complete", "length": 0})
    await expect(stop).to_be_hidden()
    await expect(text).to_be_focused()
    fake.open = False
    await fake.cut()
    again = page.get_by_role("button", name="Try again")
    await again.focus()
    fake.open = True
    await again.press("Enter")
    await expect(again).to_be_hidden()
    await expect(text).to_be_focused()


async def test_a_draft_is_kept_when_a_suggestion_is_sent(
    page: Page, fake: FakeServer, url: str
) -> None:
    await configure(page, suggestions=["Do you ship?"])
    await page.goto(url)
    await page.get_by_role("textbox", name="Message").fill("half a thought")
    await page.get_by_role("button", name="Do you ship?").click()
    await fake.heard("send")
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("half a thought")


@pytest.mark.parametrize("can", [True, False])
async def test_a_whole_reply_is_answered_again_only_where_it_can_be(
    page: Page, fake: FakeServer, url: str, can: bool
) -> None:
    shown = [GREETING, message(2, "user", "Hi"), message(3, "assistant", "Yes.")]
    fake.answer = lambda frame: [ready(*shown)] if frame["type"] == "hello" else []
    await configure(page, regenerate=can)
    await page.goto(url)
    await expect(page.get_by_role("button", name="Good reply")).to_be_visible()
    again = page.get_by_role("button", name="Answer again")
    await expect(again).to_have_count(1 if can else 0)
    if can:
        await again.click()
        assert await fake.heard("retry") == {"type": "retry", "id": "m3", "attempt": 1}


async def test_an_answer_without_words_can_be_judged_and_one_that_changed_is_shown(
    page: Page, fake: FakeServer, url: str
) -> None:
    ui = {"type": "product-grid", "data": [{"title": "Mug", "price": "$9", "payload": "The mug!"}]}
    asked, cards = message(2, "user", "Hi"), message(3, "assistant", "", ui=ui)
    failed = message(5, "assistant", "", status="failed")
    shown = [GREETING, asked, cards, message(4, "user", "And?"), failed]
    fake.answer = lambda frame: [ready(*shown)] if frame["type"] == "hello" else []
    await page.goto(url)
    await expect(page.get_by_role("button", name="Good reply")).to_have_count(1)
    await expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    # What another process has found out since.
    fake.say({"type": "message", "message": {**failed, "status": "complete", "text": "**Yes** "}})
    log = page.get_by_role("log")
    await expect(log.get_by_text("Yes", exact=True)).to_be_visible()
    fake.say({"type": "message", "message": {**failed, "status": "complete", "text": "**Yes**, 2"}})
    await expect(log.get_by_text("Yes, 2")).to_have_count(1)
    await expect(page.get_by_role("button", name="Retry")).to_be_hidden()
    await expect(page.get_by_role("button", name="Good reply")).to_have_count(2)
    await expect(page.get_by_role("button", name="Copy")).to_have_count(1)
    await page.get_by_role("article", name="Mug").get_by_role("button", name="Mug").click()
    assert (await fake.heard("send"))["text"] == "The mug!"


async def test_what_the_agent_does_is_said_under_its_reply(
    page: Page, fake: FakeServer, url: str
) -> None:
    running = message(3, "assistant", "", status="streaming")
    shown = [GREETING, message(2, "user", "Hi"), running]
    fake.answer = lambda frame: [ready(*shown)] if frame["type"] == "hello" else []
    await page.goto(url)
    reply = page.get_by_role("article").last
    await expect(reply).to_have_attribute("aria-busy", "true")
    fake.say({"type": "activity", "id": "m3", "text": "<b>Searching…</b>"})
    await expect(reply.get_by_text("<b>Searching…</b>")).to_be_visible()
    fake.say({"type": "delta", "id": "m3", "offset": 0, "text": "Found"})
    await expect(reply.get_by_text("Found")).to_be_visible()
    await expect(reply.get_by_text("Searching")).to_have_count(0)
    fake.say({"type": "activity", "id": "m3", "text": "Reading…"})
    await expect(reply.get_by_text("Reading…")).to_be_visible()
    fake.say({"type": "done", "id": "m3", "status": "complete", "length": 5})
    await expect(reply.get_by_text("Reading…")).to_have_count(0)


async def test_buttons_send_and_links_lead(page: Page, fake: FakeServer, url: str) -> None:
    choices = [
        {"title": "Yes", "payload": "/confirm"},
        {"title": "No"},
        {"title": "Terms", "url": "https://shop.example/terms"},
        {"title": "Odd", "url": "javascript:alert(1)"},
    ]
    pages = [
        {"title": "Returns", "url": "https://shop.example/returns"},
        {"title": "Bare", "url": "javascript:alert(1)"},
    ]
    shown = [
        GREETING,
        message(2, "user", "Hi"),
        message(3, "assistant", "Sure?", ui={"type": "buttons", "data": choices}),
        message(4, "user", "Hm"),
        message(5, "assistant", "See:", ui={"type": "links", "data": pages}),
    ]
    fake.answer = lambda frame: [ready(*shown)] if frame["type"] == "hello" else []
    await page.goto(url)
    offered = page.get_by_role("list", name="Suggestions")
    await expect(offered.get_by_role("button")).to_have_count(2)
    await offered.get_by_role("button", name="Yes").click()
    assert (await fake.heard("send"))["text"] == "/confirm"
    terms = offered.get_by_role("link", name="Terms")
    await expect(terms).to_have_attribute("href", "https://shop.example/terms")
    await expect(terms).to_have_attribute("target", "_blank")
    returns = page.get_by_role("article").get_by_role("link", name="Returns")
    await expect(returns).to_have_attribute("href", "https://shop.example/returns")
    await expect(page.get_by_text("Odd")).to_be_visible()
    await expect(page.get_by_text("Bare")).to_be_visible()
    await expect(page.get_by_role("link")).to_have_count(2)


async def test_nothing_a_reply_holds_runs_or_loads(page: Page, fake: FakeServer, url: str) -> None:
    """Through the whole frame: text, product cards, unknown things."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    hostile = (
        "<img src=x onerror=alert(1)> [x](javascript:alert(1)) ![y](https://evil.example/y.png)"
    )
    card = {
        "title": "<b>x</b>",
        "image": "https://evil.example/i.png",
        "url": "javascript:alert(1)",
    }
    grid = {"type": "product-grid", "data": [{**card, "price": "<i>1</i>"}]}
    other = {"type": "<script>", "data": {"__proto__": 1, "html": "<img src=x>"}}
    shown = [
        message(1, "user", hostile),
        message(2, "assistant", hostile, ui=grid),
        message(3, "assistant", hostile, status="odd", ui=other),
        message(4, "stranger", hostile, ui="<img src=x>"),
        message(5, "assistant", "", ui={"type": "product-grid", "data": [{"name": "no title"}]}),
        message(6, "assistant", "", ui={"type": "buttons", "data": [{"title": {}}, None]}),
        message(7, "assistant", hostile, ui={"type": "buttons", "data": [card]}),
        message(8, "assistant", hostile, ui={"type": "links", "data": [card]}),
    ]
    fake.answer = lambda frame: [ready(*shown)] if frame["type"] == "hello" else []
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    await page.goto(url)
    await expect(page.get_by_role("log").get_by_role("article")).to_have_count(9)
    await expect(page.locator("#log img, #log script, #log a[href^=javascript]")).to_have_count(0)
    assert dialogs == []
    assert not [each for each in asked if "evil" in each]


async def test_code_is_read_from_the_left_in_any_language(
    page: Page, fake: FakeServer, url: str
) -> None:
    text = "شغّل `npm install -g x` الآن:\n\n```\nls -la\n```"
    fake.answer = lambda frame: [ready(message(1, "assistant", text))]
    await page.goto(url)
    body = page.locator("#log .body")
    # The paragraph around it begins at the right, as its letters do.
    begins = """(p) => {
      const letter = document.createRange();
      letter.setStart(p.firstChild, 0);
      letter.setEnd(p.firstChild, 1);
      return p.getBoundingClientRect().right - letter.getBoundingClientRect().right;
    }"""
    await expect(body.locator("pre")).to_have_css("direction", "ltr")
    assert abs(await body.locator("p").evaluate(begins)) < 2
    await expect(body.locator("p code")).to_have_css("direction", "ltr")
    await expect(body.locator("p code")).to_have_css("unicode-bidi", "isolate")


async def test_unread_replies_are_in_the_title_of_a_hidden_page(
    page: Page, fake: FakeServer, url: str
) -> None:
    await page.goto(url)
    await fake.heard("hello")
    await page.evaluate(
        "() => Object.defineProperty(document, 'hidden', {value: true, configurable: true})"
    )
    fake.say({"type": "message", "message": message(2, "assistant", "", status="pending")})
    fake.say({"type": "delta", "id": "m2", "offset": 0, "text": "News"})
    fake.say({"type": "done", "id": "m2", "status": "complete", "length": 4})
    await expect(page).to_have_title(re.compile(r"^\(1\) "))
    await page.evaluate(
        """() => {
          delete document.hidden;
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    await expect(page).to_have_title("Demo")


async def test_a_rating_that_cannot_be_told_is_not_taken(
    page: Page, fake: FakeServer, url: str
) -> None:
    shown = [message(1, "user", "Hi"), message(2, "assistant", "Yes.")]
    fake.answer = lambda frame: [ready(*shown)] if frame["type"] == "hello" else []
    await fake.wait_to_be_told()
    await page.goto(url)
    good = page.get_by_role("button", name="Good reply")
    await good.click()
    assert (await fake.heard("rate"))["value"] == 1
    await expect(good).to_have_attribute("aria-pressed", "true")
    await page.get_by_role("textbox", name="Tell us more").fill("Short and true.")
    fake.open = False
    await fake.cut()
    await expect(page.get_by_role("status")).to_contain_text("Reconnecting")
    await page.get_by_role("button", name="Send feedback").click()
    await expect(page.get_by_role("textbox", name="Tell us more")).to_have_value("Short and true.")
    await page.get_by_role("button", name="Bad reply").click()
    await expect(good).to_have_attribute("aria-pressed", "true")
    fake.open = True
    async with moment(page.get_by_role("status"), "textContent", "connected again"):
        await page.get_by_role("button", name="Try again").click()
    await page.get_by_role("button", name="Send feedback").click()
    assert (await fake.heard("rate", 2))["comment"] == "Short and true."
    await expect(page.get_by_text("Thank you for your feedback.")).to_be_visible()


@pytest.mark.parametrize("sound", [True, False])
async def test_a_soft_sound_only_where_it_is_wanted(
    page: Page, fake: FakeServer, url: str, sound: bool
) -> None:
    await page.add_init_script(
        """window.played = 0;
        const { start } = OscillatorNode.prototype;
        OscillatorNode.prototype.start = function () { played += 1; start.call(this); };
        Object.defineProperty(document, "hidden", { value: true });"""
    )
    await configure(page, sound=sound)
    await page.goto(url)
    await fake.heard("hello")
    fake.say({"type": "message", "message": message(2, "assistant", "", status="pending")})
    fake.say({"type": "done", "id": "m2", "status": "complete", "length": 0})
    await expect(page).to_have_title(re.compile(r"^\(1\) "))
    assert await page.evaluate("played") == (1 if sound else 0)
