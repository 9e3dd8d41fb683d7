"""Opening and closing the panel, on a desktop and on a phone."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest
from playwright.async_api import Page, expect

from tests.browser.shop import AXE, PAINTED, PHONE, VIOLATIONS, Shop, change, hold
from tests.conftest import OtherSite, Serve
from tests.running import Server


async def test_a_visitor_opens_chats_and_closes(shop: Shop) -> None:
    await shop.show()
    await expect(shop.launcher).to_have_accessible_name("Open chat")
    await expect(shop.launcher).to_have_attribute("aria-expanded", "false")
    await shop.open()
    await expect(shop.launcher).to_have_accessible_name("Close chat")
    await expect(shop.launcher).to_have_attribute("aria-expanded", "true")
    await expect(shop.iframe).to_have_attribute("title", "Demo")
    await expect(shop.page.get_by_role("dialog", name="Demo", exact=True)).to_be_visible()
    await expect(shop.iframe).to_have_attribute("allow", "clipboard-write; autoplay")
    await shop.text.fill("hello")
    await shop.text.press("Enter")
    await expect(shop.frame.get_by_role("article")).to_have_count(3)
    await shop.inside("window.mark = 1")
    await shop.text.press("Escape")
    await expect(shop.launcher).to_be_focused()
    await expect(shop.launcher).to_have_accessible_name("Open chat")
    await expect(shop.iframe).to_be_hidden()
    await shop.page.keyboard.press("Enter")
    await expect(shop.text).to_be_focused()
    await shop.settled()
    await shop.frame.get_by_role("button", name="Close", exact=True).click()
    await expect(shop.launcher).to_be_focused()
    await expect(shop.iframe).to_have_count(1)
    assert await shop.inside("window.mark") == 1


async def test_what_is_typed_at_once_arrives(shop: Shop, server: Server) -> None:
    """The text has the focus before the frame has loaded, and keeps it and what it was given."""
    loaded = asyncio.Event()
    await shop.page.add_init_script(
        """if (parent !== self) addEventListener("DOMContentLoaded", () => {
          const picture = new Image();
          picture.src = "/slow.svg";
          document.body.append(picture);
        })"""
    )
    await hold(shop.page, f"{server.url}/slow.svg", loaded)
    await shop.show()
    await shop.open()
    await shop.page.keyboard.type("Do you ")
    loaded.set()
    await shop.page.keyboard.type("ship to Chile, and how long does it take?", delay=5)
    await expect(shop.frame.get_by_role("article")).to_have_count(1)
    await expect(shop.text).to_have_value("Do you ship to Chile, and how long does it take?")
    await expect(shop.text).to_be_focused()


async def test_a_logo_that_does_not_come_holds_nothing_up(shop: Shop, server: Server) -> None:
    await server.manage("configure_widget", "pictured", "--provider", "demo", "--title", "Pictured")
    await change(server, "pictured", appearance={"logo": "https://logo.example/a.svg"})
    greeted = asyncio.Event()
    await hold(shop.page, "https://logo.example/a.svg", greeted)
    await shop.show(body=shop.tag.replace("demo.js", "pictured.js"))
    async with shop.page.expect_request_finished(lambda asked: asked.url.endswith("a.svg")):
        await shop.open()
        await expect(shop.frame.get_by_role("article")).to_have_count(1)
        greeted.set()


async def test_a_frame_that_did_not_load_is_tried_again(
    page: Page, serve: Serve, other_site: OtherSite
) -> None:
    server = await serve()
    pages: dict[str, Any] = {}
    shop = Shop(page, server, (await other_site(pages)).url, pages)
    await shop.show()
    await expect(shop.launcher).to_be_visible()
    await server.kill()
    async with page.expect_event("requestfailed"):
        await shop.launcher.click()
    await shop.launcher.click()
    await server.restart()
    await shop.open()
    await expect(shop.iframe).to_have_count(1)
    assert await page.evaluate("history.length") == 2


async def test_the_strictest_policy_has_nothing_to_complain_of(shop: Shop) -> None:
    ours = shop.server.url
    policy = f"default-src 'none'; script-src {ours}; frame-src {ours}; "
    policy += "require-trusted-types-for 'script'"
    await shop.show(Content_Security_Policy=policy)
    await shop.open()
    await shop.text.fill("hello")
    await shop.text.press("Enter")
    await expect(shop.frame.get_by_role("article")).to_have_count(3)
    assert await shop.launcher.evaluate("launcher => launcher.offsetWidth") == 60  # it has style


@pytest.mark.parametrize("policy", ["unsafe-url", "no-referrer"])
async def test_of_the_pages_address_the_frame_is_sent_the_origin(shop: Shop, policy: str) -> None:
    """Whatever the page's own policy: server logs keep it, and some browsers tell the embedding
    origin in no other way."""
    await shop.show(head=f'<meta name="referrer" content="{policy}">', path="/reset")
    asking = shop.page.expect_request(lambda request: "/chatwidget/demo/" in request.url)
    async with asking as asked:
        await shop.open()
    assert (await (await asked.value).all_headers())["referer"] == f"{shop.url}/"
    assert await shop.inside("document.referrer") == f"{shop.url}/"


async def test_a_panel_on_a_phone_fills_the_screen(phone: Shop) -> None:
    await phone.show()
    await phone.open()
    dialog = phone.page.locator("chat-widget dialog")
    assert await dialog.evaluate("dialog => dialog.matches(':modal')")
    await phone.settled()
    assert await dialog.bounding_box() == {"x": 0, "y": 0, **PHONE}
    await phone.inside("window.mark = 1")
    # What a keyboard leaves: the visual viewport is all that the panel takes.
    await phone.page.evaluate(
        """() => {
          Object.defineProperty(visualViewport, "height", { value: 500, configurable: true });
          visualViewport.dispatchEvent(new Event("resize"));
        }"""
    )
    await expect(dialog).to_have_css("height", "500px")
    # And where the visitor scrolls it to.
    await phone.page.evaluate(
        """() => {
          Object.defineProperty(visualViewport, "offsetTop", { value: 40, configurable: true });
          visualViewport.dispatchEvent(new Event("scroll"));
        }"""
    )
    await expect(dialog).to_have_css("top", "40px")
    await phone.page.evaluate("delete visualViewport.height, delete visualViewport.offsetTop")
    # A wider window makes it a panel beside the launcher, and the conversation stays.
    await phone.page.set_viewport_size({"width": 1000, "height": 900})
    await expect(dialog).to_have_css("width", "400px")
    assert not await dialog.evaluate("dialog => dialog.matches(':modal')")
    await phone.page.set_viewport_size(PHONE)
    await expect(dialog).to_have_css("width", "390px")
    assert await phone.inside("window.mark") == 1
    await phone.text.press("Escape")
    await expect(phone.launcher).to_be_focused()


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
async def test_a_panel_on_the_left_fills_a_phone_s_screen_too(phone: Shop, direction: str) -> None:
    await phone.show(body=phone.tag.replace("<script", '<script data-position="left"'))
    await expect(phone.launcher).to_be_visible()
    await phone.page.evaluate("direction => { document.dir = direction }", direction)
    box = await phone.launcher.bounding_box()
    assert box["x"] == (20 if direction == "ltr" else PHONE["width"] - 80)
    await phone.open()
    await phone.settled()
    dialog = phone.page.locator("chat-widget dialog")
    assert await dialog.bounding_box() == {"x": 0, "y": 0, **PHONE}


async def test_escape_outside_the_frame_closes_a_phone_s_panel(phone: Shop) -> None:
    """The browser's own close request: the Escape key here, the back gesture on Android."""
    await phone.show()
    await phone.open()
    await phone.launcher.evaluate("launcher => launcher.getRootNode().activeElement.blur()")
    await phone.page.keyboard.press("Escape")
    await expect(phone.launcher).to_have_accessible_name("Open chat")
    await expect(phone.launcher).to_be_focused()
    assert await phone.page.evaluate("history.length") == 2


async def test_axe_finds_nothing(shop: Shop, server: Server) -> None:
    await server.manage("configure_widget", "teased", "--provider", "demo", "--title", "Teased")
    await change(server, "teased", appearance={"teaser": "Need help choosing?", "teaser_delay": 0})
    await shop.page.emulate_media(reduced_motion="reduce")  # nothing is half transparent
    await shop.show(body=f"<main>{shop.tag.replace('demo.js', 'teased.js')}</main>")
    await expect(shop.page.get_by_role("button", name="Need help choosing?")).to_be_visible()
    await shop.page.add_script_tag(path=AXE)
    assert await shop.page.evaluate(VIOLATIONS) == []
    await shop.launcher.click()
    await expect(shop.text).to_be_focused()
    assert await shop.page.evaluate(VIOLATIONS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_in_a_phone_s_panel(
    phone: Shop, scheme: Literal["light", "dark"]
) -> None:
    await phone.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await phone.show(body=f"<main>{phone.tag}</main>")
    await phone.open()
    await phone.settled()
    await expect(phone.frame.get_by_role("article")).to_have_count(1)
    await phone.page.add_script_tag(path=AXE)
    assert await phone.page.evaluate(VIOLATIONS) == []
    await phone.inside(AXE.read_text())  # its policy allows no script tag
    assert await phone.inside(VIOLATIONS.replace("chat-widget", "body")) == []


@pytest.mark.parametrize("media", [{"color_scheme": "dark"}, {"forced_colors": "active"}])
async def test_the_launcher_has_its_colours_in_any_scheme(shop: Shop, media: Any) -> None:
    await shop.page.emulate_media(**media)
    await shop.show()
    assert await shop.launcher.evaluate(PAINTED) == ["#ffffff", "#2563eb"]
