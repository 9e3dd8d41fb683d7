"""The widget in WebKit, on a page of another origin and under its strict policy."""

from __future__ import annotations

import pytest

from tests.browser.embedding import embed
from tests.browser.webkit import AVAILABLE, ENTER, webkit
from tests.conftest import OtherSite
from tests.running import Server

needed = "WebKitWebDriver and Xvfb: apt-get install webkit2gtk-driver xvfb"


@pytest.mark.skipif(not AVAILABLE, reason=needed)
async def test_a_chat_in_webkit(server: Server, other_site: OtherSite) -> None:
    site = await embed(other_site, server, "demo")
    async with webkit() as browser:
        await browser.go(site.url)
        await browser.script(
            "window.troubles = [];"
            "for (const type of ['error', 'unhandledrejection', 'securitypolicyviolation'])"
            "  addEventListener(type, (e) => troubles.push("
            "    [type, e.message, e.violatedDirective, e.blockedURI].join(' ')), true);"
        )
        shadow = await browser.shadow(await browser.find("chat-widget"))
        launcher = await browser.find("button", shadow)
        assert await browser.name(launcher) == "Open chat"
        await browser.click(launcher)
        assert await browser.name(launcher) == "Close chat"

        await browser.enter(await browser.find("iframe", shadow))
        greeting = await browser.find("[role=log] > article")
        assert (await browser.name(greeting)).startswith("Demo")
        await browser.find("textarea:focus")  # by itself
        await browser.press(f"table{ENTER}")
        await browser.find("button[aria-label='Good reply']")  # the reply is whole
        reply = await browser.find("[role=log] > article:last-child")
        assert "Saturday" in await browser.text(reply)
        asked = await browser.find("[role=log] > article:nth-last-child(2)")
        assert (await browser.name(asked)).startswith("You")

        await browser.click(await browser.find("button[aria-label='Close']"))
        await browser.leave()
        launcher = await browser.find("button[aria-label='Open chat']", shadow)
        assert await browser.name(launcher) == "Open chat"
        troubles = await browser.script("return troubles")
        # WebKit looks for the page's icon, which is not ours, whenever it has the time.
        assert [each for each in troubles if not each.endswith("/favicon.ico")] == []
