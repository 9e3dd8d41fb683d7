"""Pages that the browser tests ask for by name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.browser.fake import FakeServer
from tests.browser.shop import PHONE, Shop, watch
from tests.conftest import OtherSite
from tests.running import Server


@pytest.fixture
async def shop(page: Page, server: Server, other_site: OtherSite) -> AsyncIterator[Shop]:
    pages: dict[str, Any] = {"/favicon.ico": ""}
    site = Shop(page, server, (await other_site(pages)).url, pages)
    watch(site, page)
    yield site
    assert site.complaints == []


@pytest.fixture
async def phone(browser: Browser, server: Server, other_site: OtherSite) -> AsyncIterator[Shop]:
    """The same on a phone."""
    context = await browser.new_context(
        viewport=PHONE, has_touch=True, is_mobile=True, locale="en-US"
    )
    pages: dict[str, Any] = {"/favicon.ico": ""}
    site = Shop(await context.new_page(), server, (await other_site(pages)).url, pages)
    watch(site, site.page)
    yield site
    await context.close()
    assert site.complaints == []


@pytest.fixture
async def fake(page: Page) -> FakeServer:
    """A websocket server in the test's own hand."""
    return await FakeServer(page).take()


@pytest.fixture
def url(server: Server) -> str:
    """The frame as a page of its own."""
    return f"{server.url}/chatwidget/demo/"
