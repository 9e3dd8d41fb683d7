"""Small things that a visitor expects: keys, paper, pictures, the way back, the clock."""

from __future__ import annotations

from playwright.async_api import Browser, Page, expect

from tests.browser.fake import FakeServer, Frame, greet, message, ready
from tests.browser.shop import Shop
from tests.running import Server


async def test_escape_belongs_to_an_input_method_that_converts(shop: Shop) -> None:
    """In Safari its end is told by the key code alone."""
    await shop.show()
    await shop.open()
    for init in ({"isComposing": True}, {"keyCode": 229}):
        await shop.text.dispatch_event("keydown", {"key": "Escape", "bubbles": True, **init})
    await expect(shop.text).to_be_visible()
    await shop.text.press("Escape")
    await expect(shop.text).to_be_hidden()


async def test_all_of_a_conversation_is_printed(page: Page, fake: FakeServer, url: str) -> None:
    long = [message(seq, "user", f"message {seq}") for seq in range(1, 51)]
    fake.answer = lambda frame: [ready(*long)] if frame["type"] == "hello" else []
    await page.goto(url)
    await expect(page.get_by_role("article")).to_have_count(50)
    await page.evaluate("document.documentElement.dataset.theme = 'dark'")
    await page.emulate_media(media="print", color_scheme="dark")
    # Dark on white, as backgrounds are not printed.
    body = page.get_by_role("article").first.locator(".body")
    await expect(body).to_have_css("color", "rgb(23, 24, 28)")
    await expect(body).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    await expect(page.get_by_role("button", name="Send")).to_be_hidden()
    shown = "() => ['first', 'last'].map(each => document.querySelector(`article:${each}-of-type`)"
    shown += ".getBoundingClientRect()).map(({ top, bottom }) => [top, bottom])"
    (top, _), (_, bottom) = await page.evaluate(shown)
    height = await page.evaluate("document.documentElement.scrollHeight")
    assert 0 < top < bottom <= height
    assert height > 2 * page.viewport_size["height"]  # type: ignore[index]
    clipped = "() => getComputedStyle(document.documentElement).overflow"
    assert await page.evaluate(clipped) == "visible"


PASTE = """(area, [type, text]) => {
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File(["x"], "a.png", { type }));
  if (text) clipboardData.setData("text/plain", text);
  area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
}"""


async def test_a_picture_that_is_pasted_is_answered(page: Page, fake: FakeServer, url: str) -> None:
    fake.answer = greet
    await page.goto(url)
    text = page.get_by_role("textbox", name="Message")
    await text.evaluate(PASTE, ["image/png", "a text beside it"])
    alert = page.locator("#notice")
    await expect(alert).to_be_empty()
    await text.evaluate(PASTE, ["image/png", ""])
    await expect(alert).to_have_text("Pictures cannot be sent here. Please describe them in words.")
    await text.press("a")
    await expect(alert).to_be_empty()


DROP = """(area) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(["x"], "a.png", { type: "image/png" }));
  const drop = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
  return !area.dispatchEvent(drop);
}"""


async def test_a_file_that_is_dropped_takes_nobody_away(
    page: Page, fake: FakeServer, url: str
) -> None:
    fake.answer = greet
    await page.goto(url)
    await expect(page.get_by_role("article")).to_have_count(1)
    assert await page.locator("#log").evaluate(DROP)
    await expect(page.locator("#notice")).to_contain_text("Pictures cannot be sent here.")


async def test_a_new_conversation_leads_back_to_the_last(page: Page, server: Server) -> None:
    await page.goto(f"{server.url}/chatwidget/demo/")
    back = page.get_by_role("button", name="Back to the previous conversation")
    articles = page.get_by_role("log").get_by_role("article")
    await expect(articles).to_have_count(1)
    text = page.get_by_role("textbox", name="Message")
    new = page.get_by_role("button", name="New conversation")
    await new.click()  # nothing was said: there is nothing to go back to
    await text.fill("table")
    await expect(back).to_be_hidden()
    await text.press("Enter")
    await expect(page.get_by_role("button", name="Good reply")).to_be_visible()
    await new.click()
    await expect(articles).to_have_count(1)
    await expect(back).to_be_visible()
    await page.reload()
    await back.click()
    await expect(articles).to_have_count(3)
    await expect(back).to_be_hidden()
    await expect(text).to_be_focused()
    # One goes on where one was; and what is said in the new one is the end of the offer.
    await text.fill("list")
    await text.press("Enter")
    await expect(articles).to_have_count(5)
    await expect(page.get_by_role("button", name="Good reply")).to_have_count(2)
    await new.click()
    await expect(back).to_be_visible()
    await text.fill("code")
    await text.press("Enter")
    await expect(articles).to_have_count(3)
    await expect(back).to_be_hidden()
    await page.reload()
    await expect(articles).to_have_count(3)
    await expect(back).to_be_hidden()


async def test_times_are_the_visitor_s_region_s(browser: Browser, server: Server) -> None:
    def noon(frame: Frame) -> list[Frame]:
        at = {"created_at": "2026-11-20T13:32:00.000+00:00"}
        return [ready(message(1, "assistant", "Hi", **at))] if frame["type"] == "hello" else []

    for locale, lang, time in (
        ("en-GB", "", "13:32"),
        ("en-US", "", "1:32"),
        ("en-US", "en-GB", "13:32"),
        ("es-MX", "", "1:32"),
        ("es-ES", "", "13:32"),
        ("fr-CA", "fr", "13 h 32"),
    ):
        context = await browser.new_context(locale=locale, timezone_id="UTC")
        page = await context.new_page()
        fake = await FakeServer(page).take()
        fake.answer = noon
        await page.goto(f"{server.url}/chatwidget/demo/" + (f"?lang={lang}" if lang else ""))
        await expect(page.locator("time")).to_contain_text(time)
        await context.close()
