"""Pages that isolate or sandbox themselves, servers that redirect, two servers on one page."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.shop import TAG, Shop
from tests.conftest import OtherSite, Serve


async def chats(shop: Shop) -> None:
    await shop.text.fill("hello")
    await shop.text.press("Enter")
    await expect(shop.frame.get_by_role("article")).to_have_count(3)


@pytest.mark.parametrize("attribute", ["", " crossorigin"])
@pytest.mark.parametrize("policy", ["require-corp", "credentialless"])
async def test_a_cross_origin_isolated_page(shop: Shop, policy: str, attribute: str) -> None:
    headers = {
        "Cross_Origin_Embedder_Policy": policy,
        "Cross_Origin_Opener_Policy": "same-origin",
    }
    await shop.show(body=shop.tag.replace(" async", f" async{attribute}"), **headers)
    await expect(shop.launcher).to_be_visible()
    assert await shop.page.evaluate("crossOriginIsolated")
    await shop.open()
    await chats(shop)


async def test_a_sandboxed_page_says_that_it_cannot_work_there(shop: Shop) -> None:
    await shop.show(Content_Security_Policy="sandbox allow-scripts")
    await shop.page.get_by_role("button", name="Open chat").click()
    status = shop.frame.get_by_role("status")
    await expect(status).to_have_text("This chat cannot work on this page.")
    await shop.page.get_by_role("button", name="Close chat").click()
    shop.complaints.clear()


async def test_a_sandboxed_page_that_keeps_its_origin(shop: Shop) -> None:
    await shop.show(Content_Security_Policy="sandbox allow-scripts allow-same-origin allow-forms")
    await shop.open()
    await chats(shop)
    shop.complaints.clear()  # Chromium warns of such a sandbox


@pytest.mark.parametrize("what", ["script", "frame"])
async def test_an_address_that_redirects(shop: Shop, other_site: OtherSite, what: str) -> None:
    """The tag says http://, or an old host, and the server sends the browser on."""
    old = await other_site({})
    ours = shop.server.url
    old.pages["/chatwidget/demo/"] = ("", {"Location": f"{ours}/chatwidget/demo/?lang=en"})
    if what == "script":
        old.pages["/chatwidget/demo.js"] = ("", {"Location": f"{ours}/chatwidget/demo.js"})
    else:
        async with shop.server.client() as client:
            old.pages["/chatwidget/demo.js"] = (await client.get("/chatwidget/demo.js")).text
    await shop.show(body=TAG.format(url=old.same_site_url))
    await shop.open()
    await chats(shop)
    assert "/chatwidget/demo/" in old.requests


async def test_two_servers_with_one_slug(shop: Shop, serve: Serve) -> None:
    second = await serve()
    tag = TAG.format(url=second.url).replace("<script", '<script data-x="120"')
    await shop.show(body=shop.tag + tag)
    await expect(shop.launcher).to_have_count(2)
    for launcher in await shop.launcher.all():
        await launcher.click()
    await expect(shop.iframe).to_have_count(2)
    sources: list[Any] = await shop.iframe.evaluate_all("all => all.map(({ src }) => src)")
    assert {source.partition("/chatwidget/")[0] for source in sources} == {
        shop.server.url,
        second.url,
    }
    for frame in shop.page.frames[1:]:
        await frame.get_by_role("textbox", name="Message").fill("hello")
        await frame.get_by_role("textbox", name="Message").press("Enter")
        await expect(frame.get_by_role("article")).to_have_count(3)
    await shop.page.goto("about:blank")  # the second server ends before the page
