"""Every state of the widget: accessible, within its policy, photographed, and none forgotten."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, Page, Route, ViewportSize

from chatwidget.embed.strings import STRINGS
from tests.running import Server

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "chatwidget/frontend/node_modules/axe-core/axe.min.js"
STATES = ROOT / "chatwidget/frontend/gallery/states.ts"
# Taken where PHOTOGRAPHS=1 is set. Git ignores them; look at them.
SHOTS = ROOT / "tests/shots"
PHOTOGRAPHS = bool(os.environ.get("PHOTOGRAPHS"))

# Three ways to look: each is checked by axe in every state. Two more are for the photographs.
LIGHT = "phone-light"
PHONE = ViewportSize(width=390, height=780)
CHECKED = {
    LIGHT: {"theme": "light"},
    "phone-dark": {"theme": "dark", "color": "#0b1f4d"},
    "phone-rtl": {"theme": "light", "color": "#ffd400", "locale": "ar"},
}
DESKTOP = {
    "desktop-light": {"theme": "light"},
    "desktop-dark-rtl": {"theme": "dark", "locale": "he"},
}


def states() -> list[str]:
    """The names in the one list of states."""
    body = STATES.read_text().partition("export const states")[2]
    return re.findall(r'^  "?([\w-]+)"?: ', body, re.MULTILINE)


class Gallery:
    """A page in which states are played; whatever the browser complains of is in `complaints`."""

    def __init__(self, server: Server, page: Page) -> None:
        self.server = server
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def play(self, state: str, **appearance: str) -> Page:
        query = urlencode({"state": state, **appearance})
        await self.page.goto(f"{self.server.url}/gallery/?{query}")
        await self.page.wait_for_selector(f'html[data-played="{state}"]')
        return self.page


async def picture(route: Route) -> None:
    name = route.request.url.rpartition("/")[2]
    await route.fulfill(path=ROOT / "static/shop" / name, content_type="image/svg+xml")


@pytest.fixture
async def gallery(server: Server, browser: Browser) -> AsyncIterator[Gallery]:
    context = await browser.new_context(locale="en-US", viewport=PHONE, reduced_motion="reduce")
    page = await context.new_page()
    await page.route("https://images.gallery.example/*", picture)
    made = Gallery(server, page)
    yield made
    await context.close()
    assert made.complaints == []


async def photograph(page: Page, name: str, state: str) -> None:
    """In tests/shots/, where it is asked for; a photograph of nothing is a fault."""
    if not PHOTOGRAPHS:
        return
    (SHOTS / name).mkdir(parents=True, exist_ok=True)
    image = await page.screenshot(path=SHOTS / name / f"{state}.png")
    assert len(image) > 5_000, state


async def violations(page: Page, *rules: str) -> list[str]:
    """What axe finds (by these rules, else by all), each with the elements it was found at."""
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE.read_text())
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = list(rules)
    result = await page.evaluate("(options) => axe.run(options)", options)
    return [
        f"{found['id']}: {node['target']} {node['html'][:160]}"
        for found in result["violations"]
        for node in found["nodes"]
    ]


# Every text that is shown, and every name that a screen reader says.
TEXTS = """() => {
  const texts = [];
  for (const element of document.body.querySelectorAll("*")) {
    if (element.closest("script, .unseen") || !element.checkVisibility()) continue;
    const nodes = [...element.childNodes].filter((node) => node instanceof Text);
    texts.push(...nodes.map((node) => node.data), element.placeholder);
    // A message's name goes on with its time.
    texts.push(element.ariaLabel, element.ariaLabel?.split(",")[0]);
  }
  return texts.filter(Boolean);
}"""
# What is wider than the screen, and what is too small for a finger.
MISFITS = """() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const wide = all("html, body, main, #scroller, form")
    .filter((each) => each.scrollWidth > each.clientWidth)
    .map((each) => `wide: ${each.tagName} ${each.id}`);
  // A link in a line of text may be as small as the text.
  const small = all("button, input, textarea")
    .filter((each) => each.checkVisibility())
    .filter((each) => each.offsetWidth < 24 || each.offsetHeight < 24)
    .map((each) => `small: ${each.outerHTML.slice(0, 120)}`);
  return [...wide, ...small];
}"""


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", [name for name in CHECKED if name != LIGHT])
async def test_axe_finds_nothing_in_any_state(gallery: Gallery, name: str) -> None:
    found = []
    for state in states():
        page = await gallery.play(state, **CHECKED[name])
        await photograph(page, name, state)
        found += [f"{state}: {each}" for each in await violations(page)]
    assert found == []


@pytest.mark.timeout(400)
async def test_axe_finds_nothing_and_every_text_is_on_some_screen(gallery: Gallery) -> None:
    """A text that no state shows is a state that the list lacks. Each state fits 320 px, which is
    also 1280 px at 400 %, with targets of 24 px and more; and can be read in forced colours."""
    met: set[str] = set()
    faults = []
    for state in states():
        await gallery.page.emulate_media(forced_colors="none")
        await gallery.page.set_viewport_size(PHONE)
        page = await gallery.play(state, **CHECKED[LIGHT])
        await photograph(page, LIGHT, state)
        faults += [f"{state}: {each}" for each in await violations(page)]
        await page.set_viewport_size({"width": 320, "height": 480})
        met |= set(await page.evaluate(TEXTS))
        faults += [f"{state}: {each}" for each in await page.evaluate(MISFITS)]
        await page.emulate_media(forced_colors="active")
        await photograph(page, "phone-forced", state)
        faults += [f"{state}: {each}" for each in await violations(page, "color-contrast")]
    assert faults == []
    missing = {
        key
        for key, text in STRINGS.items()
        if not any(
            re.fullmatch(re.sub(r"\\{\w+\\}", ".+", re.escape(str(text))), one) for one in met
        )
    }
    assert missing == set()


@pytest.mark.skipif(not PHOTOGRAPHS, reason="PHOTOGRAPHS is not set")
@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", DESKTOP)
async def test_photographs_on_a_desktop(gallery: Gallery, name: str) -> None:
    await gallery.page.set_viewport_size({"width": 1100, "height": 760})
    for state in states():
        await photograph(await gallery.play(state, **DESKTOP[name]), name, state)


async def test_the_gallery_shows_all_states(server: Server, page: Page) -> None:
    await page.goto(f"{server.url}/gallery/?theme=dark")
    titles = await page.locator("iframe").evaluate_all("frames => frames.map((each) => each.title)")
    assert titles == states()
