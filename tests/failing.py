"""What a test that fails leaves behind: a pytest plugin that knows which has failed."""

from __future__ import annotations

import asyncio
from collections.abc import Generator

import pytest
from playwright.async_api import Error, Page

FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


async def picture_of(page: Page) -> str:
    """What a page shows at the end of a test that has failed, and what it has loaded."""
    loaded = "performance.getEntries().map((one) => [one.responseStatus, one.name].join(' '))"
    lines = []
    for frame in page.frames:
        try:
            async with asyncio.timeout(5):
                shown = await frame.evaluate(f"[document.body.innerText, ...{loaded}]")
        except (Error, TimeoutError) as error:
            shown = [str(error)]
        lines.append("\n  ".join([frame.url, *shown]))
    return "\n".join(lines)
