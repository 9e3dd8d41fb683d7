"""A frame that does not come, or is not what it should be: nobody is locked in, and it is told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.shop import Shop

FRAME = re.compile(r"/chatwidget/demo/\?")


async def refuse(page: Page) -> None:
    await page.route(FRAME, lambda route: route.abort("connectionrefused"))


async def break_gateway(page: Page) -> None:
    await page.route(FRAME, lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))


# Where only the script does not come: test_first_look.py.
FAULTS = [refuse, break_gateway]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_phone_is_never_locked(phone: Shop, fault: Callable[[Page], Any]) -> None:
    await fault(phone.page)
    await phone.show()
    await phone.launcher.tap()
    close = phone.page.get_by_role("button", name="Close", exact=True)
    await close.tap()
    await expect(phone.iframe).to_be_hidden()
    await expect(phone.launcher).to_have_accessible_name("Open chat")
    await phone.page.get_by_role("textbox", name="Search").tap()  # the page can be used
    await phone.launcher.tap()
    await expect(close).to_be_visible()
    # It is not open on the next page, either.
    await phone.show(path="/next")
    await expect(phone.launcher).to_be_visible()
    await expect(phone.iframe).to_have_count(0)
    phone.complaints.clear()


@pytest.mark.parametrize("fault", FAULTS)
async def test_it_is_told_and_can_be_tried_again(phone: Shop, fault: Callable[[Page], Any]) -> None:
    await fault(phone.page)
    await phone.show()
    await phone.launcher.tap()
    again = phone.page.get_by_role("button", name="Try again")
    await expect(again).to_be_visible()
    await phone.page.unroute_all()
    await again.tap()
    await expect(phone.frame.get_by_role("article")).to_have_count(1)
    await expect(again).to_be_hidden()
    await expect(phone.page.get_by_role("button", name="Close", exact=True)).to_be_hidden()
    await phone.text.fill("hello")
    await phone.text.press("Enter")
    await expect(phone.frame.get_by_role("article")).to_have_count(3)
    phone.complaints.clear()


async def test_a_frame_on_its_way_can_be_closed(phone: Shop) -> None:
    come = asyncio.Event()

    async def wait(route: Route) -> None:
        await come.wait()
        await route.continue_()

    await phone.page.route(FRAME, wait)
    await phone.show()
    await phone.launcher.tap()
    close = phone.page.get_by_role("button", name="Close", exact=True)
    await expect(close).to_be_visible()
    await expect(phone.page.get_by_role("button", name="Try again")).to_be_hidden()
    come.set()
    await expect(phone.frame.get_by_role("article")).to_have_count(1)
    await expect(close).to_be_hidden()


async def test_a_chat_in_the_page_s_flow_is_tried_again(shop: Shop) -> None:
    await break_gateway(shop.page)
    body = '<div id="help" style="height:500px"></div>'
    await shop.show(body=body + shop.tag.replace("<script", '<script data-target="#help"'))
    again = shop.page.get_by_role("button", name="Try again")
    await expect(again).to_be_visible()
    await shop.page.unroute_all()
    await again.click()
    await expect(shop.frame.get_by_role("article")).to_have_count(1)
    await expect(again).to_be_hidden()
    shop.complaints.clear()


async def test_a_page_that_says_nothing_is_no_more_than_a_place(shop: Shop) -> None:
    """Somebody's own iframe around the chat, without a loader."""
    src = f"{shop.server.url}/chatwidget/demo/"
    await shop.show(body=f'<iframe src="{src}" style="height:500px" title="Chat"></iframe>')
    frame = shop.page.frame_locator("iframe")
    await expect(frame.get_by_role("article")).to_have_count(1)
    await expect(frame.get_by_role("button", name="Close", exact=True)).to_be_hidden()
    await frame.get_by_role("textbox", name="Message").fill("hello")
    await frame.get_by_role("textbox", name="Message").press("Enter")
    await expect(frame.get_by_role("article")).to_have_count(3)
