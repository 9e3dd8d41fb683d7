"""What is shown for a moment only: noted when it happens, so that nobody can look too late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Locator

SECONDS = 30
WATCH = """(element, [property, wanted]) => ({
  seen: new Promise((resolve) => {
    const look = () => `${element[property]}`.includes(wanted) && resolve();
    const all = { attributes: true, characterData: true, childList: true, subtree: true };
    new MutationObserver(look).observe(element, all);
  }),
})"""


@asynccontextmanager
async def moment(element: Locator, property: str, wanted: str) -> AsyncIterator[None]:
    """What is done within it makes the element's property hold the text, however briefly."""
    watch = await element.evaluate_handle(WATCH, [property, wanted])
    yield
    try:
        async with asyncio.timeout(SECONDS):
            await watch.evaluate("({ seen }) => seen")
    except TimeoutError:
        raise AssertionError(f"{wanted!r} was never the {property} of {element}") from None
