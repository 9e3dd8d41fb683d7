"""A visitor on pages whose libraries npm has installed here: `make test-pages`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page

from tests.browser.shop import watch
from tests.conftest import OtherSite
from tests.pages.visit import MODULES, Visit
from tests.running import Server


@pytest.fixture
async def visit(page: Page, server: Server, other_site: OtherSite) -> AsyncIterator[Visit]:
    site = await other_site({"/favicon.ico": ""})
    site.folder = MODULES
    made = Visit(page, server, site.url, site.pages, site=site)
    watch(made, page)
    yield made
    assert made.complaints == []
