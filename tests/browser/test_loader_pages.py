"""The loader on pages of other people: what it costs them, what it bears, what it promises."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import brotli
import httpx
import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    FrameLocator,
    Page,
    Route,
    ViewportSize,
    async_playwright,
    expect,
)

from chatwidget.colours import contrast
from tests.browser.fake import FakeServer, accepted, message, ready
from tests.conftest import CHROMIUM, OtherSite, Serve
from tests.needs import chromium
from tests.running import Server

BUDGET = 2_000
AXE = Path(__file__).resolve().parents[2] / "chatwidget/frontend/node_modules/axe-core/axe.min.js"
PHONE: ViewportSize = {"width": 390, "height": 844}
VIOLATIONS = """axe.run('chat-widget', { iframes: false }).then(({ violations }) =>
  violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))"""
TAG = '<script src="{url}/chatwidget/demo.js" async></script>'
HTML = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
{head}</head><body><h1>Lamps</h1><input aria-label="Search">{body}</body></html>"""


@dataclass
class Site:
    """A shop of another origin with the widget on it, and a visitor's page there."""

    page: Page
    server: Server
    url: str
    pages: dict[str, Any]
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)  # of our server

    @property
    def tag(self) -> str:
        return TAG.format(url=self.server.url)

    @property
    def launcher(self) -> Any:
        return self.page.locator("chat-widget button[aria-expanded]")

    @property
    def iframe(self) -> Any:
        return self.page.locator("chat-widget iframe")

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("chat-widget iframe")

    @property
    def text(self) -> Any:
        return self.frame.get_by_role("textbox", name="Message")

    async def show(
        self, body: str | None = None, head: str = "", path: str = "/", **headers: str
    ) -> None:
        """Go to a page with this in it, by default the script tag."""
        html = HTML.format(head=head, body=self.tag if body is None else body)
        self.pages[path] = (html, {name.replace("_", "-"): text for name, text in headers.items()})
        await self.page.goto(self.url + path)

    async def open(self) -> None:
        await self.page.get_by_role("button", name="Open chat").click()
        await expect(self.text).to_be_focused()

    async def settled(self) -> None:
        """The panel has stopped moving."""
        await self.page.locator("chat-widget dialog").evaluate(
            "dialog => Promise.all(dialog.getAnimations().map(({ finished }) => finished))"
        )

    async def is_warm(self) -> None:
        """The browser was told to connect to our server."""
        link = self.page.locator("link[rel=preconnect]")
        await expect(link).to_have_attribute("href", re.compile(f"^{self.server.url}/"))

    async def inside(self, script: str) -> Any:
        """Evaluate in the frame's own document."""
        handle = await self.iframe.element_handle()
        frame = await handle.content_frame()
        assert frame is not None
        return await frame.evaluate(script)

    async def stored(self) -> str | None:
        value: str | None = await self.page.evaluate("sessionStorage['chatwidget-demo'] ?? null")
        return value


def complain(site: Site, line: str) -> None:
    # Chromium's own words for a page that is left while its chat connects.
    if "is closed before the connection is established" not in line:
        site.complaints.append(line)


def watch(site: Site, page: Page) -> None:
    page.on("pageerror", lambda error: site.complaints.append(str(error)))
    page.on("console", lambda line: complain(site, line.text))
    ours = site.server.url
    page.on("request", lambda request: site.asked.append(request.url.removeprefix(ours)))


async def hold(page: Page, url: str, until: asyncio.Event) -> None:
    """A picture that is not answered before that."""

    async def answer(route: Route) -> None:
        await until.wait()
        await route.fulfill(body="<svg/>", content_type="image/svg+xml")

    await page.route(url, answer)


async def change(server: Server, slug: str, **fields: Any) -> None:
    """Change a widget's fields."""
    code = "from chatwidget.models import Widget\n"
    code += f"Widget.objects.filter(slug={slug!r}).update(**{fields!r})"
    await server.manage("shell", "-v0", "-c", code)


@pytest.fixture
async def shop(page: Page, server: Server, other_site: OtherSite) -> AsyncIterator[Site]:
    pages: dict[str, Any] = {"/favicon.ico": ""}
    site = Site(page, server, (await other_site(pages)).url, pages)
    watch(site, page)
    yield site
    assert site.complaints == []


@pytest.fixture
async def phone(browser: Browser, server: Server, other_site: OtherSite) -> AsyncIterator[Site]:
    """The same on a phone."""
    context = await browser.new_context(
        viewport=PHONE, has_touch=True, is_mobile=True, locale="en-US"
    )
    pages: dict[str, Any] = {"/favicon.ico": ""}
    site = Site(await context.new_page(), server, (await other_site(pages)).url, pages)
    watch(site, site.page)
    yield site
    await context.close()
    assert site.complaints == []


# --- what it costs ----------------------------------------------------------------------------


async def test_the_loader_is_within_its_budget(server: Server) -> None:
    async with httpx.AsyncClient(timeout=30) as client:
        answer = await client.get(f"{server.url}/chatwidget/demo.js")
    assert len(brotli.compress(answer.content, quality=11)) <= BUDGET
    assert answer.headers["content-encoding"] == "br"
    assert int(answer.headers["content-length"]) <= BUDGET
    assert '"slug":"demo"' in answer.text
    assert "__CHATWIDGET__" not in answer.text


async def test_before_the_first_open_there_is_next_to_nothing(shop: Site) -> None:
    sockets: list[str] = []
    shop.page.on("websocket", lambda socket: sockets.append(socket.url))
    await shop.page.add_init_script(
        "window.shifts = []; new PerformanceObserver(list => shifts.push(...list.getEntries()))"
        ".observe({ type: 'layout-shift', buffered: true })"
    )
    await shop.show()
    await expect(shop.launcher).to_be_visible()
    await expect(shop.iframe).to_have_count(0)
    await shop.page.wait_for_load_state("networkidle")
    assert [path for path in shop.asked if path.startswith("/")] == ["/chatwidget/demo.js"]
    assert sockets == []
    assert await shop.page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert await shop.page.context.cookies() == []
    assert await shop.page.evaluate("shifts.length") == 0
    assert (
        await shop.page.evaluate("document.head.querySelectorAll('link[rel=preconnect]').length")
        == 0
    )
    await shop.launcher.hover()
    await shop.is_warm()


async def test_the_keyboard_warms_the_connection(shop: Site) -> None:
    await shop.show()
    await shop.launcher.focus()
    await shop.is_warm()
    await expect(shop.iframe).to_have_count(0)


async def test_a_finger_warms_the_connection(phone: Site) -> None:
    """When it touches, which is before it has tapped."""
    await phone.show()
    box = await phone.launcher.bounding_box()
    finger = {"x": box["x"] + 30, "y": box["y"] + 30}
    screen = await phone.page.context.new_cdp_session(phone.page)
    touch = {"type": "touchStart", "touchPoints": [finger]}
    await screen.send("Input.dispatchTouchEvent", touch)
    await phone.is_warm()
    await expect(phone.iframe).to_have_count(0)
    await screen.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await expect(phone.text).to_be_focused()


# --- opening and closing ----------------------------------------------------------------------


async def test_a_visitor_opens_chats_and_closes(shop: Site) -> None:
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


async def test_what_is_typed_at_once_arrives(shop: Site, server: Server) -> None:
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


async def test_a_logo_that_does_not_come_holds_nothing_up(shop: Site, server: Server) -> None:
    await server.manage("configure_widget", "pictured", "--provider", "demo", "--title", "Pictured")
    await change(server, "pictured", look={"logo": "https://logo.example/a.svg"})
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
    shop = Site(page, server, (await other_site(pages)).url, pages)
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


async def test_the_strictest_policy_has_nothing_to_complain_of(shop: Site) -> None:
    ours = shop.server.url
    policy = f"default-src 'none'; script-src {ours}; frame-src {ours}; "
    policy += "require-trusted-types-for 'script'"
    await shop.show(Content_Security_Policy=policy)
    await shop.open()
    await shop.text.fill("hello")
    await shop.text.press("Enter")
    await expect(shop.frame.get_by_role("article")).to_have_count(3)
    assert await shop.launcher.evaluate("launcher => launcher.offsetWidth") == 60  # it has style


async def test_a_panel_on_a_phone_fills_the_screen(phone: Site) -> None:
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
async def test_a_panel_on_the_left_fills_a_phone_s_screen_too(phone: Site, direction: str) -> None:
    await phone.show(body=phone.tag.replace("<script", '<script data-position="left"'))
    await expect(phone.launcher).to_be_visible()
    await phone.page.evaluate("direction => { document.dir = direction }", direction)
    box = await phone.launcher.bounding_box()
    assert box["x"] == (20 if direction == "ltr" else PHONE["width"] - 80)
    await phone.open()
    await phone.settled()
    dialog = phone.page.locator("chat-widget dialog")
    assert await dialog.bounding_box() == {"x": 0, "y": 0, **PHONE}


async def test_escape_outside_the_frame_closes_a_phone_s_panel(phone: Site) -> None:
    """The browser's own close request: the Escape key here, the back gesture on Android."""
    await phone.show()
    await phone.open()
    await phone.launcher.evaluate("launcher => launcher.getRootNode().activeElement.blur()")
    await phone.page.keyboard.press("Escape")
    await expect(phone.launcher).to_have_accessible_name("Open chat")
    await expect(phone.launcher).to_be_focused()
    assert await phone.page.evaluate("history.length") == 2


async def test_motion_is_spared_those_who_ask(shop: Site) -> None:
    await shop.show()
    running = "document.querySelector('chat-widget').shadowRoot.getAnimations().length"
    opened = f"(ChatWidget.open(), {running})"
    assert await shop.page.evaluate(opened) == 1
    await shop.page.emulate_media(reduced_motion="reduce")
    await shop.show(path="/again")
    assert await shop.page.evaluate(f"(ChatWidget.close(), {opened})") == 0


async def test_axe_finds_nothing(shop: Site, server: Server) -> None:
    await server.manage("configure_widget", "teasing", "--provider", "demo", "--title", "Teasing")
    await change(server, "teasing", look={"teaser": "Need help choosing?", "teaser_delay": 0})
    await shop.page.emulate_media(reduced_motion="reduce")  # nothing is half transparent
    await shop.show(body=f"<main>{shop.tag.replace('demo.js', 'teasing.js')}</main>")
    await expect(shop.page.get_by_role("button", name="Need help choosing?")).to_be_visible()
    await shop.page.add_script_tag(path=AXE)
    assert await shop.page.evaluate(VIOLATIONS) == []
    await shop.launcher.click()
    await expect(shop.text).to_be_focused()
    assert await shop.page.evaluate(VIOLATIONS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_in_a_phone_s_panel(
    phone: Site, scheme: Literal["light", "dark"]
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


# The colours of the launcher's icon and ground, drawn and read again: #rrggbb.
PAINTED = """(button) => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const icon = getComputedStyle(button, "::before").backgroundColor;
  return [icon, getComputedStyle(button).backgroundColor].map((color) => {
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
    return "#" + [r, g, b].map((each) => each.toString(16).padStart(2, "0")).join("");
  });
}"""


@pytest.mark.parametrize("media", [{"color_scheme": "dark"}, {"forced_colors": "active"}])
async def test_the_launcher_has_its_colours_in_any_scheme(shop: Site, media: Any) -> None:
    await shop.page.emulate_media(**media)
    await shop.show()
    assert await shop.launcher.evaluate(PAINTED) == ["#ffffff", "#2563eb"]


# --- other people's pages ---------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("attribute", ["async", "defer", ""])
async def test_it_may_be_pasted_anywhere(shop: Site, attribute: str, times: int) -> None:
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


async def test_it_stands_above_a_hostile_style(shop: Site) -> None:
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


async def test_a_page_that_navigates_by_itself(shop: Site) -> None:
    """pushState and a swapped body (as Turbo does it) leave the panel alone; the frame is told."""
    fake = await FakeServer(shop.page).take()
    await shop.show()
    await shop.open()
    hello = await fake.heard("hello")
    assert hello["page"] == {"url": f"{shop.url}/", "title": "A shop", "referrer": ""}
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


async def test_a_page_that_navigates_before_the_server_has_answered(shop: Site) -> None:
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


async def test_printed_pages_do_not_show_it(shop: Site) -> None:
    await shop.show()
    await shop.open()
    await shop.page.emulate_media(media="print")
    await expect(shop.launcher).to_be_hidden()
    await expect(shop.iframe).to_be_hidden()


async def test_the_panel_has_nothing_to_scroll(shop: Site) -> None:
    """Else the focus would move it by what is below the iframe's baseline."""
    await shop.show()
    await shop.open()
    moved = "(panel) => { panel.scrollTop = 100; return panel.scrollTop; }"
    assert await shop.page.locator("chat-widget dialog").evaluate(moved) == 0


async def test_a_page_from_right_to_left_is_mirrored(shop: Site) -> None:
    await shop.show()
    await shop.page.evaluate("document.documentElement.dir = 'rtl'")
    assert (await shop.launcher.bounding_box())["x"] == 20
    await shop.open()
    assert (await shop.iframe.bounding_box())["x"] == 20


async def test_attributes_change_the_look(shop: Site) -> None:
    attributes = 'data-color="#0f766e" data-position="left" data-x="40" data-y="8" data-radius="4"'
    await shop.show(body=shop.tag.replace("<script", f"<script {attributes}"))
    await expect(shop.launcher).to_have_css("background-color", "rgb(15, 118, 110)")
    box = await shop.launcher.bounding_box()
    assert (box["x"], box["y"] + box["height"]) == (40, 712)
    await shop.open()
    await expect(shop.page.locator("chat-widget dialog")).to_have_css("border-radius", "4px")


COLORS = ["#ffd400", "#000", "#fff", "#2563eb", "#8a8a8a", "#939393", "#bbb", "#f0f", "#0a0"]


@pytest.mark.parametrize("color", COLORS)
async def test_the_icon_is_readable_on_any_colour(shop: Site, color: str) -> None:
    await shop.show(body=shop.tag.replace("<script", f'<script data-color="{color}"'))
    icon, ground = await shop.launcher.evaluate(PAINTED)
    assert icon in ("#ffffff", "#000000")
    assert contrast(icon, ground) >= 3, "WCAG's for icons"


async def test_it_speaks_the_page_s_language(shop: Site) -> None:
    await shop.show()
    await shop.page.evaluate("document.documentElement.lang = 'xx'")
    await shop.page.evaluate("ChatWidget.destroy()")
    await shop.page.add_script_tag(url=f"{shop.server.url}/chatwidget/demo.js")
    await expect(shop.launcher).to_have_accessible_name("Chat")
    await shop.launcher.click()
    await expect(shop.iframe).to_have_attribute("src", re.compile(r"\?lang=xx#text$"))


async def test_inline_it_stands_in_the_page_without_a_launcher(shop: Site) -> None:
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


async def test_a_chat_inside_a_page_opens_no_panel_on_the_next(shop: Site) -> None:
    body = '<div id="help" style="height:500px"></div>'
    await shop.show(body=body + shop.tag.replace("<script", '<script data-target="#help"'))
    await expect(shop.frame.get_by_role("article")).to_have_count(1)
    assert await shop.stored() is None
    await shop.show(path="/next")
    await expect(shop.launcher).to_have_accessible_name("Open chat")
    await expect(shop.iframe).to_have_count(0)


async def test_a_page_with_several(shop: Site) -> None:
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


async def test_an_inactive_widget_is_an_empty_script(shop: Site) -> None:
    await shop.server.manage(
        "configure_widget", "asleep", "--provider", "demo", "--title", "Asleep"
    )
    await change(shop.server, "asleep", active=False)
    await shop.show(body=shop.tag.replace("demo.js", "asleep.js").replace(" async", ""))
    await expect(shop.page.locator("chat-widget")).to_have_count(0)


# --- from page to page ------------------------------------------------------------------------


async def test_the_next_page_finds_the_panel_as_it_was(shop: Site) -> None:
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


async def test_a_running_reply_brings_the_conversation_to_the_next_page(shop: Site) -> None:
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
async def test_without_storage_it_works_until_the_page_is_left(shop: Site, storage: str) -> None:
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
            executable_path=chromium(),
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


# --- the JavaScript API -----------------------------------------------------------------------


async def test_commands_wait_for_the_loader(shop: Site) -> None:
    before = """<script>
      window.heard = [];
      window.ChatWidget = window.ChatWidget || [];
      ChatWidget.push(["on", "message", (message) => heard.push(message.role)]);
      ChatWidget.push(["identify", { name: "Ada", email: "ada@shop.example" }], ["send", "hello"]);
    </script>"""
    fake = await FakeServer(shop.page).take()
    await shop.show(body=before + shop.tag)
    send = await fake.heard("send")
    assert send["text"] == "hello"
    assert fake.of("hello")[0]["identity"] == {"name": "Ada", "email": "ada@shop.example"}
    fake.say(accepted(send, 1))
    await shop.page.wait_for_function("heard.length === 1")
    assert await shop.page.evaluate("heard") == ["user"]
    await shop.page.evaluate("ChatWidget.push(['close'])")
    await expect(shop.iframe).to_be_hidden()


async def test_every_method_and_event(shop: Site) -> None:
    fake = await FakeServer(shop.page).take()
    await shop.show()
    await expect(shop.launcher).to_be_visible()
    await shop.page.evaluate(
        """() => {
          window.heard = [];
          for (const type of ["ready", "open", "close", "message", "unread", "error", "identify"]) {
            const note = (detail) => heard.push(detail === undefined ? type : [type, detail]);
            ChatWidget.on(type, note);
          }
          ChatWidget.on("open", () => { throw "a listener's own affair"; });
          window.off = ChatWidget.on("open", () => heard.push("twice"));
        }"""
    )

    async def heard(*events: Any) -> None:
        await shop.page.wait_for_function("count => heard.length >= count", arg=len(events))
        assert await shop.page.evaluate("heard.splice(0)") == list(events)

    await shop.page.evaluate("ChatWidget.open()")
    await heard("open", "twice", "ready")
    await shop.page.evaluate("off(), ChatWidget.toggle()")
    await heard("close")
    await shop.page.evaluate("ChatWidget.send('hello')")
    send = await fake.heard("send")
    await heard("open")
    fake.say(accepted(send, 1))
    await heard(["message", {"id": "m1", "role": "user", "text": "hello"}])
    await shop.page.evaluate("ChatWidget.close()")
    await heard("close")
    # What the frame says next it says knowing that it is closed.
    await shop.page.evaluate("ChatWidget.identify({ email: 'ada@shop.example' })")
    await heard("ready", ["identify", {"email": "ada@shop.example"}])
    fake.say({"type": "message", "message": message(2, "assistant", "", status="streaming")})
    fake.say({"type": "delta", "id": "m2", "offset": 0, "text": "Hi"})
    fake.say({"type": "done", "id": "m2", "status": "complete", "length": 2})
    await heard(["message", {"id": "m2", "role": "assistant", "text": "Hi"}], ["unread", 1])
    fake.say({"type": "error", "code": "rate_limited", "detail": "slow", "retryable": True})
    await heard(["error", "rate_limited"])
    await shop.page.evaluate("ChatWidget.destroy()")
    await expect(shop.page.locator("chat-widget")).to_have_count(0)
    assert await shop.page.evaluate("window.ChatWidget") is None
    assert [line for line in shop.complaints if "own affair" in line]
    shop.complaints.clear()


async def test_whatever_a_page_says_is_taken_as_text(shop: Site) -> None:
    """A framework's objects can be read, but not posted; who has logged out is nobody."""
    fake = await FakeServer(shop.page).take()
    await shop.show()
    await expect(shop.launcher).to_be_visible()
    await shop.page.evaluate(
        """() => {
          const user = { id: 42, name: "Ada", email: null, friends: [], save: () => {} };
          ChatWidget.identify(new Proxy(user, {}));
          ChatWidget.send(new Proxy({ toString: () => "hello" }, {}));
        }"""
    )
    await expect(shop.launcher).to_have_accessible_name("Close chat")
    hello = await fake.heard("hello")
    assert hello["identity"]["id"] == "42" and hello["identity"]["name"] == "Ada"
    assert (await fake.heard("send"))["text"] == "hello"
    await shop.page.evaluate("ChatWidget.identify(null)")
    assert "identity" not in await fake.heard("hello", 2)


async def test_what_is_destroyed_stores_nothing(shop: Site) -> None:
    await shop.show()
    await shop.open()
    assert await shop.stored() == "2"
    await shop.page.evaluate("ChatWidget.destroy()")
    await shop.page.evaluate(
        """() => {
          sessionStorage.clear();
          dispatchEvent(new Event("blur"));
          navigation.dispatchEvent(new Event("navigatesuccess"));
          for (const type of ["resize", "scroll"]) visualViewport.dispatchEvent(new Event(type));
        }"""
    )
    assert await shop.stored() is None


async def test_a_stranger_in_the_page_is_not_heard(shop: Site) -> None:
    """Another frame that speaks as the loader would gets no port, and changes nothing."""
    stranger = """<iframe srcdoc="<script>
      const state = { page: { url: 'x', title: 'x', referrer: '' }, open: true, inline: false,
        texts: ['stolen'] };
      setInterval(() => {
        for (const each of parent.document.querySelectorAll('chat-widget')) {
          const target = each.shadowRoot.querySelector('iframe');
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => parent.tricked = true;
          target?.contentWindow.postMessage(1, '*', [port2]);
          port1.postMessage(state);
          parent.spoken = (parent.spoken ?? 0) + !!target;
        }
      }, 10);
    </script>"></iframe>"""
    fake = await FakeServer(shop.page).take()
    await shop.show(body=shop.tag + stranger)
    await shop.open()
    spoken = await shop.page.evaluate("window.spoken")
    await shop.page.wait_for_function("count => window.spoken > count + 20", arg=spoken)
    assert fake.of("send") == []
    assert await shop.page.evaluate("window.tricked") is None


# --- the teaser -------------------------------------------------------------------------------


async def test_a_teaser_is_sent_to_those_who_have_one(shop: Site, server: Server) -> None:
    await server.manage("configure_widget", "teasing", "--provider", "demo", "--title", "Teasing")
    await change(server, "teasing", look={"teaser": "Need help choosing?", "teaser_delay": 0})
    async with httpx.AsyncClient(timeout=30) as client:
        plain = await client.get(f"{server.url}/chatwidget/demo.js")
        teasing = await client.get(f"{server.url}/chatwidget/teasing.js")
    assert "aside" not in plain.text
    assert "aside" in teasing.text
    tag = shop.tag.replace("demo.js", "teasing.js")
    await shop.show(body=tag)
    bubble = shop.page.get_by_role("button", name="Need help choosing?")
    await expect(bubble).to_be_visible()
    await shop.page.get_by_role("button", name="Close", exact=True).click()
    await expect(bubble).to_have_count(0)
    assert await shop.page.evaluate("sessionStorage.length") == 0
    await shop.show(body=tag, path="/again")
    await bubble.click()
    await expect(shop.text).to_be_focused()
    await expect(bubble).to_have_count(0)
    # On a page of another language its button is named in that.
    await shop.page.evaluate("(document.documentElement.lang = 'de-AT', ChatWidget.destroy())")
    await shop.page.evaluate("sessionStorage.clear()")
    await shop.page.add_script_tag(url=f"{server.url}/chatwidget/teasing.js")
    await expect(shop.page.get_by_role("button", name="Schließen", exact=True)).to_be_visible()


async def test_a_teaser_waits_and_not_for_those_who_chat(shop: Site, server: Server) -> None:
    await server.manage("configure_widget", "patient", "--provider", "demo", "--title", "Patient")
    await change(server, "patient", look={"teaser": "Need help choosing?", "teaser_delay": 3600})
    tag = shop.tag.replace("demo.js", "patient.js")
    bubble = shop.page.get_by_role("button", name="Need help choosing?")
    await shop.page.clock.install()
    await shop.show(body=tag)
    await expect(shop.launcher).to_be_visible()
    await shop.page.clock.fast_forward("50:00")
    await expect(bubble).to_have_count(0)
    await shop.page.clock.fast_forward("10:00")
    await expect(bubble).to_be_visible()
    await shop.show(body=tag, path="/again")
    await shop.open()
    await shop.page.clock.fast_forward("01:00:00")
    await expect(bubble).to_have_count(0)


# --- without -----------------------------------------------------------------------------------


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
