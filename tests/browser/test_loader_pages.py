"""The loader on other people's pages."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from chatwidget.embed.theme import contrast
from tests.browser.fake import FakeServer, ready
from tests.browser.shop import HTML, PAINTED, TAG, Shop, change
from tests.conftest import OtherSite
from tests.running import Server


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("attribute", ["async", "defer", ""])
async def test_it_may_be_pasted_anywhere(shop: Shop, attribute: str, times: int) -> None:
    tag = shop.tag.replace("async", attribute) * times
    await shop.show(head=tag, body="", path="/head")
    await expect(shop.launcher).to_have_count(1)
    await shop.show(body=tag, path="/body")
    await expect(shop.launcher).to_have_count(1)
    await shop.show(head=tag, body=tag, path="/both")
    await expect(shop.launcher).to_have_count(1)
    await shop.show(body="", path="/later")
    for _ in range(times):
        await shop.page.add_script_tag(url=f"{shop.server.url}/chatwidget/demo.js")
    await expect(shop.launcher).to_have_count(1)
    parent = "document.querySelector('chat-widget').parentNode === document.documentElement"
    assert await shop.page.evaluate(parent)


async def test_it_stands_above_a_hostile_style(shop: Shop) -> None:
    style = """<style>
      * { all: unset !important; display: none !important; transform: rotate(9deg) !important;
          color: red !important; z-index: 2147483647 !important }
      html, body, h1 { display: block !important }
      button, dialog, iframe, div { width: 1px !important; opacity: 0 !important }
      #cover { display: block !important; position: fixed !important; inset: 0 !important;
          opacity: .5 !important; background: gold !important }
    </style>"""
    await shop.show(head=style, body=shop.tag + "<p id=cover>")
    await expect(shop.launcher).to_be_visible()
    box = await shop.launcher.bounding_box()
    right, bottom = box["x"] + box["width"], box["y"] + box["height"]
    assert (box["width"], box["height"], right, bottom) == (60, 60, 1260, 700)
    await shop.open()
    assert (await shop.iframe.bounding_box())["width"] == 400


async def test_a_page_that_navigates_by_itself(shop: Shop) -> None:
    """pushState and a swapped body (as Turbo does it) leave the panel alone; the frame is told."""
    fake = await FakeServer(shop.page).take()
    await shop.show()
    await shop.open()
    hello = await fake.heard("hello")
    page = {"url": f"{shop.url}/", "title": "A shop", "referrer": "", "origin": shop.url}
    assert hello["page"] == page
    await shop.inside("window.mark = 1")
    await shop.page.evaluate(
        """tag => {
          history.pushState({}, "", "/lamps/2");
          document.title = "A lamp";
          const body = document.createElement("body");
          const script = document.createElement("script");
          script.src = document.querySelector("script").src;
          body.append("A lamp", script);
          document.body.replaceWith(body);
        }"""
    )
    await shop.text.click()
    await expect(shop.launcher).to_have_count(1)
    assert await shop.inside("window.mark") == 1
    told = await fake.heard("page")
    assert told == {"type": "page", "url": f"{shop.url}/lamps/2", "title": "A lamp"}
    assert await shop.page.evaluate("history.length") == 3


async def test_a_page_that_navigates_before_the_server_has_answered(shop: Shop) -> None:
    fake = await FakeServer(shop.page).take()
    fake.answer = lambda _: []
    await shop.show()
    await shop.launcher.click()
    await fake.heard("hello")
    await shop.page.evaluate("history.pushState({}, '', '/lamps/2')")
    for _ in range(2):  # the frame has been told by then, or else sees it after `ready`
        await shop.inside("new Promise(requestAnimationFrame)")
    fake.say(ready())
    assert (await fake.heard("page"))["url"] == f"{shop.url}/lamps/2"


async def test_printed_pages_do_not_show_it(shop: Shop) -> None:
    await shop.show()
    await shop.open()
    await shop.page.emulate_media(media="print")
    await expect(shop.launcher).to_be_hidden()
    await expect(shop.iframe).to_be_hidden()


async def test_the_panel_has_nothing_to_scroll(shop: Shop) -> None:
    """Else the focus would move it by what is below the iframe's baseline."""
    await shop.show()
    await shop.open()
    moved = "(panel) => { panel.scrollTop = 100; return panel.scrollTop; }"
    assert await shop.page.locator("chat-widget dialog").evaluate(moved) == 0


async def test_a_page_from_right_to_left_is_mirrored(shop: Shop) -> None:
    await shop.show()
    await shop.page.evaluate("document.documentElement.dir = 'rtl'")
    assert (await shop.launcher.bounding_box())["x"] == 20
    await shop.open()
    assert (await shop.iframe.bounding_box())["x"] == 20


async def test_attributes_change_the_look(shop: Shop) -> None:
    attributes = 'data-color="#0f766e" data-position="left" data-x="40" data-y="8" data-radius="4"'
    await shop.show(body=shop.tag.replace("<script", f"<script {attributes}"))
    await expect(shop.launcher).to_have_css("background-color", "rgb(15, 118, 110)")
    box = await shop.launcher.bounding_box()
    assert (box["x"], box["y"] + box["height"]) == (40, 712)
    await shop.open()
    await expect(shop.page.locator("chat-widget dialog")).to_have_css("border-radius", "4px")


COLORS = ["#ffd400", "#000", "#fff", "#2563eb", "#8a8a8a", "#939393", "#bbb", "#f0f", "#0a0"]


@pytest.mark.parametrize("color", COLORS)
async def test_the_icon_is_readable_on_any_colour(shop: Shop, color: str) -> None:
    await shop.show(body=shop.tag.replace("<script", f'<script data-color="{color}"'))
    icon, ground = await shop.launcher.evaluate(PAINTED)
    assert icon in ("#ffffff", "#000000")
    assert contrast(icon, ground) >= 3, "WCAG's for icons"


async def test_it_speaks_the_page_s_language(shop: Shop) -> None:
    await shop.show()
    await shop.page.evaluate("document.documentElement.lang = 'xx'")
    await shop.page.evaluate("ChatWidget.destroy()")
    await shop.page.add_script_tag(url=f"{shop.server.url}/chatwidget/demo.js")
    await expect(shop.launcher).to_have_accessible_name("Chat")
    await shop.launcher.click()
    await expect(shop.iframe).to_have_attribute("src", re.compile(r"\?lang=xx#soon$"))


async def test_inline_it_stands_in_the_page_without_a_launcher(shop: Shop) -> None:
    body = '<div id="help" style="height:500px;width:360px"></div>'
    await shop.show(body=body + shop.tag.replace("<script", '<script data-target="#help"'))
    await expect(shop.text).to_be_visible()
    await expect(shop.launcher).to_have_count(0)
    place = await shop.page.locator("#help").bounding_box()
    assert await shop.iframe.bounding_box() == place
    await expect(shop.frame.get_by_role("button", name="Close", exact=True)).to_be_hidden()
    await expect(shop.page.locator("body")).to_be_focused()
    await shop.text.fill("hello")
    await shop.text.press("Enter")
    await expect(shop.frame.get_by_role("article")).to_have_count(3)
    await shop.text.press("Escape")
    await expect(shop.text).to_be_visible()


async def test_a_chat_inside_a_page_opens_no_panel_on_the_next(shop: Shop) -> None:
    body = '<div id="help" style="height:500px"></div>'
    await shop.show(body=body + shop.tag.replace("<script", '<script data-target="#help"'))
    await expect(shop.frame.get_by_role("article")).to_have_count(1)
    assert await shop.stored() is None
    await shop.show(path="/next")
    await expect(shop.launcher).to_have_accessible_name("Open chat")
    await expect(shop.iframe).to_have_count(0)


async def test_a_page_with_several(shop: Shop) -> None:
    await shop.server.manage(
        "configure_widget", "second", "--provider", "demo", "--title", "Second"
    )
    second = shop.tag.replace("demo.js", "second.js").replace("<script", '<script data-x="120"')
    await shop.show(body=shop.tag.replace(" async", "") + second.replace(" async", ""))
    await expect(shop.launcher).to_have_count(2)
    assert await shop.page.evaluate("ChatWidget === ChatWidget.get('demo')")
    assert await shop.page.evaluate("ChatWidget.get('third')") is None
    await shop.page.evaluate("ChatWidget.get('second').open()")
    await expect(shop.page.locator("chat-widget iframe")).to_have_attribute("title", "Second")
    await shop.page.evaluate("ChatWidget.destroy()")
    await expect(shop.launcher).to_have_count(1)
    assert await shop.page.evaluate("ChatWidget === ChatWidget.get('second')")


async def test_an_inactive_widget_is_an_empty_script(shop: Shop) -> None:
    await shop.server.manage(
        "configure_widget", "switched-off", "--provider", "demo", "--title", "Off"
    )
    await change(shop.server, "switched-off", active=False)
    await shop.show(body=shop.tag.replace("demo.js", "switched-off.js").replace(" async", ""))
    await expect(shop.page.locator("chat-widget")).to_have_count(0)


async def test_without_javascript_the_page_is_as_it_was(
    browser: Browser, server: Server, other_site: OtherSite
) -> None:
    context: BrowserContext = await browser.new_context(java_script_enabled=False)
    site = await other_site({"/": HTML.format(head="", body=TAG.format(url=server.url))})
    page = await context.new_page()
    await page.goto(f"{site.url}/")
    await expect(page.get_by_role("heading", name="Lamps")).to_be_visible()
    assert await page.evaluate("document.documentElement.children.length") == 2
    await context.close()
