"""What a widget's settings bring, and older messages, with the server in the test's own hand."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.fake import FakeServer, Frame, accepted, configure, message, ready
from tests.browser.moments import moment
from tests.conftest import OtherSite
from tests.running import Server

GREETING = message(1, "assistant", "Hello!")
PRECHAT = {
    "name": "optional",
    "email": "required",
    "consent": "My messages may be stored.",
    "version": "2",
}


@pytest.fixture
async def fake(page: Page) -> FakeServer:
    made = await FakeServer(page).take()
    made.answer = lambda frame: (
        [ready(GREETING, conversation=None)] if frame["type"] == "hello" else []
    )
    return made


@pytest.fixture
def url(server: Server) -> str:
    return f"{server.url}/chatwidget/demo/"


async def send(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Message").fill(text)
    await page.keyboard.press("Enter")


async def test_a_form_comes_before_the_first_message_and_keeps_it(
    page: Page, fake: FakeServer, url: str
) -> None:
    await configure(page, prechat=PRECHAT)
    await page.goto(url)
    await send(page, "my question")
    form = page.get_by_role("form", name="Before we begin")
    await expect(form.get_by_role("textbox", name="Name")).to_be_focused()
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("my question")
    # Put aside, it is asked again, and nothing was sent.
    await form.get_by_role("button", name="Cancel").click()
    await expect(form).to_be_hidden()
    await page.get_by_role("button", name="Send", exact=True).click()
    await form.get_by_role("textbox", name="Email").fill("ada@example.com")
    await form.get_by_role("button", name="Start chat").click()
    await expect(form).to_be_visible()  # the consent is not given
    assert fake.of("send") == fake.of("profile") == []
    await form.get_by_role("checkbox", name="My messages may be stored.").check()
    await form.get_by_role("button", name="Start chat").click()
    sent = await fake.heard("send")
    assert sent["text"] == "my question"
    told = {"type": "profile", "email": "ada@example.com", "consent": "2"}
    assert fake.frames.index(told) < fake.frames.index(sent)
    fake.say(accepted(sent, 2))
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("")
    # It is not asked again, until there is another text to agree to.
    await page.reload()
    await send(page, "another")
    assert (await fake.heard("send", 2))["text"] == "another"
    await configure(page, prechat={**PRECHAT, "version": "3"})
    await page.reload()
    await send(page, "a third")
    await expect(form).to_be_visible()


async def test_a_form_keeps_a_draft_and_all_that_waits_for_it(
    page: Page, fake: FakeServer, url: str
) -> None:
    await configure(page, prechat=PRECHAT, suggestions=["Do you ship?", "Where to?"])

    def answer(frame: Frame) -> list[Frame]:
        if frame["type"] == "hello":
            return [ready(GREETING, conversation=None)]
        return [accepted(frame, len(fake.of("send")) + 1)] if frame["type"] == "send" else []

    fake.answer = answer
    await page.goto(url)
    text = page.get_by_role("textbox", name="Message")
    await text.fill("half a thought")
    for chip in ("Do you ship?", "Where to?"):
        await page.get_by_role("button", name=chip).click()
        await expect(text).to_have_value("half a thought")
    # Put aside, nothing is lost, nor sent.
    form = page.get_by_role("form", name="Before we begin")
    await form.get_by_role("button", name="Cancel").click()
    await expect(text).to_have_value("Do you ship?\nWhere to?\nhalf a thought")
    await text.fill("my question")
    await page.get_by_role("button", name="Where to?").click()
    await text.press("Enter")
    await page.get_by_role("button", name="Do you ship?").click()
    await form.get_by_role("textbox", name="Email").fill("ada@example.com")
    await form.get_by_role("checkbox").check()
    await text.fill("my better question")
    await form.get_by_role("button", name="Start chat").click()
    await fake.heard("send", 3)
    sent = [frame["text"] for frame in fake.of("send")]
    assert sent == ["Where to?", "my better question", "Do you ship?"]
    await expect(text).to_have_value("")


@pytest.mark.parametrize("email", ["ada@gmail", "a.da@gmail", "ada@example.c"])
async def test_an_address_that_the_server_would_refuse_is_not_taken(
    page: Page, fake: FakeServer, url: str, email: str
) -> None:
    await configure(page, prechat={**PRECHAT, "consent": None})
    await page.goto(url)
    await send(page, "my question")
    form = page.get_by_role("form", name="Before we begin")
    await form.get_by_role("textbox", name="Email").fill(email)
    await form.get_by_role("button", name="Start chat").click()
    await expect(form).to_be_visible()
    await form.get_by_role("textbox", name="Email").fill("a.da+b@mail.example.com")
    await form.get_by_role("button", name="Start chat").click()
    assert (await fake.heard("profile"))["email"] == "a.da+b@mail.example.com"
    assert len(fake.of("profile")) == 1


async def test_the_email_is_asked_where_the_platform_wants_it(
    page: Page, fake: FakeServer, url: str
) -> None:
    fake.answer = lambda frame: (
        [ready(GREETING, conversation=None, features={"email": True})]
        if frame["type"] == "hello"
        else []
    )
    await page.goto(url)
    await expect(page.get_by_role("article")).to_have_count(1)
    await send(page, "my question")
    await expect(page.get_by_role("textbox", name="Email")).to_be_focused()
    await page.get_by_role("button", name="Start chat").click()
    assert (await fake.heard("send"))["text"] == "my question"


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
    ui = {"type": "product-grid", "data": [{"title": "Mug", "price": "$9"}]}
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


async def test_nothing_a_reply_holds_runs_or_loads(page: Page, fake: FakeServer, url: str) -> None:
    """Guarantee 7, through the whole frame: text, product cards, unknown things."""
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
    ]
    fake.answer = lambda frame: [ready(*shown)] if frame["type"] == "hello" else []
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    await page.goto(url)
    await expect(page.get_by_role("log").get_by_role("article")).to_have_count(6)
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
    await expect(body).to_have_css("direction", "rtl")
    await expect(body.locator("pre")).to_have_css("direction", "ltr")
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


async def test_escape_leaves_a_form_and_never_the_page(
    page: Page, fake: FakeServer, url: str
) -> None:
    await configure(page, prechat=PRECHAT)
    await page.goto("about:blank")
    await page.goto(url)
    await send(page, "my question")
    form = page.get_by_role("form", name="Before we begin")
    await expect(form).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(form).to_be_hidden()
    await expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("my question")
    assert page.url == url


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


async def test_what_the_embedding_page_says_is_made_fit(
    server: Server, other_site: OtherSite, page: Page, fake: FakeServer
) -> None:
    """A number for an id, and an address too long for a frame of the protocol, break nothing."""
    tag = f'<script src="{server.url}/chatwidget/demo.js"></script>'
    site = await other_site({"/": f"<!doctype html><title>Shop</title><body>{tag}</body>"})
    await page.goto(site.url)
    await page.evaluate("location.hash = 'x'.repeat(70_000)")
    await page.evaluate("ChatWidget.identify({id: 42, name: null, email: 'ada@example.com'})")
    await page.evaluate("ChatWidget.send(42)")
    hello = await fake.heard("hello")
    assert hello["identity"] == {"id": "42", "email": "ada@example.com"}
    assert len(hello["page"]["url"]) == 2000
    assert (await fake.heard("send"))["text"] == "42"
    # A name alone is something to know somebody by; somebody who has logged out is nobody.
    await page.evaluate("void ChatWidget.on('identify', (detail) => { window.known = detail; })")
    await page.evaluate("ChatWidget.identify({name: 'Ada'})")
    assert (await fake.heard("hello", 2))["identity"] == {"name": "Ada"}
    await page.wait_for_function("window.known?.name === 'Ada'")
    await page.evaluate("ChatWidget.identify(null)")
    assert "identity" not in await fake.heard("hello", 3)


async def test_a_script_tag_s_colours_are_the_frame_s(
    server: Server, other_site: OtherSite, page: Page, fake: FakeServer
) -> None:
    tag = f'<script src="{server.url}/chatwidget/demo.js" data-color="#b45309" data-theme="dark">'
    site = await other_site({"/": f"<!doctype html><title>Shop</title><body>{tag}</script></body>"})
    await page.goto(site.url)
    await page.get_by_role("button", name="Open chat").click()
    root = page.frame_locator("iframe").locator("html")
    await expect(root).to_have_attribute("data-theme", "dark")
    await fake.heard("hello")
    read = "(root) => getComputedStyle(root).getPropertyValue('--accent')"
    assert await root.evaluate(read) == "#b45309"
