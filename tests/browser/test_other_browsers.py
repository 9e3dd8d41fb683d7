"""One whole trip in WebKit and in Firefox, on a page of another origin with a strict policy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.browser.embedding import PAGE, POLICY, embed
from tests.browser.firefox import PROGRAM, firefox
from tests.browser.webkit import AVAILABLE, webkit
from tests.browser.windows import ENTER, ESCAPE, ROOT, TAB, WATCH, Window
from tests.conftest import OtherSite
from tests.running import Server

BROWSERS = [
    pytest.param(
        "webkit",
        marks=pytest.mark.skipif(not AVAILABLE, reason="apt-get install webkit2gtk-driver xvfb"),
    ),
    pytest.param(
        "firefox",
        marks=pytest.mark.skipif(not PROGRAM, reason="apt-get install firefox-esr"),
    ),
]
ARTICLES = "[...document.querySelectorAll('[role=log] > article')]"
LAST = f"{ARTICLES}.at(-1).innerText"
TEXT = "document.getElementById('text')"
FOCUSED = "!!document.querySelector('#text:focus')"
PANEL = f"{ROOT}.querySelector('dialog').getBoundingClientRect()"


@pytest.fixture(params=BROWSERS)
async def window(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Window]:
    async with webkit() if request.param == "webkit" else firefox(tmp_path) as made:
        yield made


@pytest.fixture
async def url(server: Server, other_site: OtherSite) -> str:
    site = await embed(other_site, server, "demo")
    arabic = PAGE.replace('lang="en"', 'lang="ar" dir="rtl"')
    policy = {"Content-Security-Policy": POLICY.format(host=server.url)}
    site.pages["/ar"] = (arabic.format(host=server.url, slug="demo"), policy)
    return site.url


async def visit(window: Window, url: str) -> None:
    await window.go(url)
    await window.evaluate(f"(() => {{ {WATCH} }})()")


async def leave(window: Window) -> None:
    """Nothing went wrong; WebKit looks for the page's icon, which is not ours, when it has time."""
    troubles = await window.evaluate("troubles")
    assert [each for each in troubles if not each.endswith("/favicon.ico")] == []


async def test_the_whole_trip(window: Window, url: str) -> None:
    # Greet, by the keyboard alone.
    await visit(window, url)
    await window.shows("Open chat")
    await window.press(TAB)
    await window.until(f"{ROOT}.activeElement?.ariaLabel === 'Open chat'")
    await window.press(ENTER)
    await window.until(f"{ARTICLES}.length === 1 && {FOCUSED}", "chat")
    assert (await window.evaluate(f"{ARTICLES}[0].ariaLabel", "chat")).startswith("Demo")

    # Stream, and reload meanwhile.
    await window.press(f"long{ENTER}", "chat")
    await window.until(f"{LAST}.includes('Chapter 2')", "chat")
    await window.shows("Stop", "chat")
    assert (await window.evaluate(f"{ARTICLES}[1].ariaLabel", "chat")).startswith("You")
    await leave(window)
    await visit(window, url)
    await window.until(f"{ARTICLES}.length === 3 && {LAST}.includes('Chapter 4')", "chat")
    text = await window.evaluate(LAST, "chat")
    assert [text.count(f"Chapter {number}\n") for number in (1, 2, 3)] == [1, 1, 1]

    # Stop; what came is kept.
    await window.click("Stop", "chat")
    await window.lacks("Stop", "chat")
    stopped = await window.evaluate(f"{ARTICLES}.at(-1).querySelectorAll('p').length", "chat")
    await leave(window)
    await visit(window, url)
    await window.until(f"{ARTICLES}.length === 3", "chat")
    await window.until(f"{ARTICLES}.at(-1).querySelectorAll('p').length === {stopped}", "chat")

    # Markdown, and the way out by the keyboard.
    await window.click_on(TEXT, "chat")
    await window.press(f"table{ENTER}", "chat")
    await window.shows("Good reply", "chat")
    await window.until(f"{LAST}.includes('Saturday')", "chat")
    assert await window.evaluate("document.querySelectorAll('article table').length", "chat") == 1
    await window.press(ESCAPE, "chat")
    await window.until(f"{ROOT}.activeElement?.ariaLabel === 'Open chat'")
    await leave(window)


async def test_on_a_phone(window: Window, url: str) -> None:
    await visit(window, url)
    await window.shows("Open chat")
    await window.resize(390, 844)
    await window.click("Open chat")
    await window.until(f"{ROOT}.querySelector('dialog').matches(':modal')")
    width, height = await window.until(
        f"[innerWidth, innerHeight].every((side, i) => side === [{PANEL}.width, {PANEL}.height][i])"
        f" && [{PANEL}.width, {PANEL}.height]"
    )
    assert width < 500 < height
    await window.until(f"{ARTICLES}.length === 1", "chat")
    # No keys: without a window manager WebKit's window loses the keyboard with its size.
    await window.evaluate("void ChatWidget.send('hello')")
    await window.shows("Good reply", "chat")
    await window.click("Close", "chat")
    await window.shows("Open chat")
    await leave(window)


async def test_dark_and_from_the_right(window: Window, url: str) -> None:
    await visit(window, f"{url}/ar")
    name = await window.until(f"{ROOT}.querySelector('button')?.ariaLabel")
    assert name != "Open chat"
    left = await window.evaluate(f"{ROOT}.querySelector('button').getBoundingClientRect().x")
    assert left == 20
    await window.click(name)
    await window.until(f"{ARTICLES}.length === 1 && {FOCUSED}", "chat")
    root = "getComputedStyle(document.documentElement)"
    assert await window.evaluate(f"[document.documentElement.lang, {root}.direction]", "chat") == [
        "ar",
        "rtl",
    ]
    await window.evaluate("void (document.documentElement.style.colorScheme = 'dark')")
    await window.evaluate("void ChatWidget.theme('auto')")
    await window.until(f"{root}.colorScheme === 'dark'", "chat")
    await window.press(f"hello{ENTER}", "chat")
    await window.until(f"{LAST}.includes('You wrote')", "chat")
    # A Latin paragraph of the answer begins at its own side.
    paragraph = f"getComputedStyle({ARTICLES}.at(-1).querySelector('.body p'))"
    assert await window.evaluate(f"{paragraph}.unicodeBidi", "chat") == "plaintext"
    await leave(window)
