"""Every language on a small phone: nothing runs over, and days and waits are said as people do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from playwright.async_api import Browser, Page

from chatwidget.languages import LANGUAGES, direction
from tests.running import Server


class Said(NamedTuple):
    """Today, and in 40 seconds."""

    today: str
    soon: str


SAID = {
    "en": Said("Today", "in 40 seconds"),
    "es": Said("Hoy", "dentro de 40 segundos"),
    "fr": Said("Aujourd’hui", "dans 40 secondes"),
    "de": Said("Heute", "in 40 Sekunden"),
    "pt-br": Said("Hoje", "em 40 segundos"),
    "it": Said("Oggi", "tra 40 secondi"),
    "nl": Said("Vandaag", "over 40 seconden"),
    "pl": Said("Dzisiaj", "za 40 sekund"),
    "tr": Said("Bugün", "40 saniye sonra"),
    "ar": Said("اليوم", "خلال 40 ثانية"),
    "he": Said("היום", "בעוד 40 שניות"),
    "hi": Said("आज", "40 सेकंड में"),
    "ja": Said("今日", "40 秒後"),
    "zh-hans": Said("今天", "40秒钟后"),
}
# Those with the longest texts, or with several of them in a row.
STATES = (
    "can-answer-again",
    "commenting",
    "gone",
    "misconfigured",
    "near-the-limit",
    "offline",
    "prechat",
    "provider-rate-limited",
    "rate-limited",
    "reconnecting",
)
# What is cut off, or makes the page wider than its window.
CUT = """() => {
  const found = document.documentElement.scrollWidth > innerWidth ? ["page"] : [];
  for (const element of document.body.querySelectorAll("*")) {
    if (element.closest(".unseen, .products, h1") || !element.checkVisibility()) continue;
    const { left, right, width } = element.getBoundingClientRect();
    if (width && (left < -1 || right > innerWidth + 1)) found.push(element.outerHTML);
    const hidden = getComputedStyle(element).overflowX !== "visible";
    if (hidden && element.scrollWidth > element.clientWidth + 1) found.push(element.outerHTML);
  }
  return found.map((each) => each.slice(0, 200));
}"""


@pytest.fixture
async def phone(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(
        locale="en-US", viewport={"width": 320, "height": 640}, reduced_motion="reduce"
    )
    page = await context.new_page()
    # At noon all that the gallery shows is of today.
    await page.clock.set_fixed_time(datetime(2026, 5, 5, 12, tzinfo=UTC))
    yield page
    await context.close()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_small_phone_shows_all(server: Server, phone: Page, language: str) -> None:
    cut = {}
    for state in STATES:
        await phone.goto(f"{server.url}/gallery/?state={state}&locale={language}")
        await phone.wait_for_selector(f'html[data-played="{state}"]')
        if found := await phone.evaluate(CUT):
            cut[state] = found
        text = await phone.inner_text("body")
        assert "{" not in text
        if state.endswith("rate-limited"):
            assert SAID[language].today in text
        if state == "provider-rate-limited":
            assert SAID[language].soon in text
    assert cut == {}
    # The visitor's own messages are at the end of the line, in whatever direction it is read.
    mine = phone.get_by_role("article").filter(has_text="Do you ship").locator(".body")
    box = await mine.bounding_box()
    assert box
    gaps = box["x"], 320 - box["x"] - box["width"]
    assert (gaps[0] < gaps[1]) == (direction(language) == "rtl")


@pytest.mark.parametrize(
    ("state", "selector"), [("greeting", ".chips .pill"), ("prechat", ".consent span")]
)
async def test_english_on_an_arabic_page_ends_at_the_right(
    server: Server, phone: Page, state: str, selector: str
) -> None:
    """Its full stop or question mark, too, which has no direction of its own."""
    await phone.goto(f"{server.url}/gallery/?state={state}&locale=ar")
    await phone.wait_for_selector(f'html[data-played="{state}"]')
    ends = await phone.locator(selector).first.evaluate(
        """({ firstChild: text }) => {
          const left = (at) => {
            const range = document.createRange();
            range.setStart(text, at);
            range.setEnd(text, at + 1);
            return range.getBoundingClientRect().left;
          };
          return [left(text.length - 2), left(text.length - 1)];
        }"""
    )
    assert ends[0] < ends[1]
