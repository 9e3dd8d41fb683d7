"""A window of a browser that Playwright has only as a download, as the one trip needs it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Any, Literal

PATIENCE = 30  # seconds that anything is waited for
ENTER, ESCAPE, TAB = "\ue007", "\ue00c", "\ue004"
Place = Literal["page", "chat"]

# In the page a chat's buttons are in a shadow root, in its frame they are not.
ROOT = "(document.querySelector('chat-widget')?.shadowRoot ?? document)"
BUTTON = """[...%s.querySelectorAll('button')].find(each => each.checkVisibility()
  && [each.ariaLabel, each.textContent].includes('%s'))"""
# What went wrong on the page, from here on.
WATCH = """window.troubles = [];
for (const type of ['error', 'unhandledrejection', 'securitypolicyviolation'])
  addEventListener(type, ({ message, reason, violatedDirective, blockedURI }) =>
    troubles.push([type, message, reason, violatedDirective, blockedURI].join(' ')), true);"""


class Window(ABC):
    """Of the page, and of the chat's frame in it; JavaScript says what is where."""

    @abstractmethod
    async def go(self, url: str) -> None:
        """Loads a page."""

    @abstractmethod
    async def evaluate(self, expression: str, place: Place = "page") -> Any:
        """The value of an expression, as JSON has it."""

    @abstractmethod
    async def click_on(self, expression: str, place: Place) -> None:
        """Clicks with a real pointer on the element that the expression names."""

    @abstractmethod
    async def press(self, keys: str, place: Place = "page") -> None:
        """Presses keys, where the focus is."""

    @abstractmethod
    async def resize(self, width: int, height: int) -> None:
        """Gives the page this much room."""

    async def until(self, expression: str, place: Place = "page") -> Any:
        """The first value of the expression that is true."""
        last: object = None
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    try:
                        if last := await self.evaluate(expression, place):
                            return last
                    except LookupError as gone:  # the page or the frame is on its way
                        last = gone
                    await asyncio.sleep(0.05)  # a driver has no event for it
        except TimeoutError:
            raise AssertionError(f"{expression} was {last!r}") from None

    async def click(self, name: str, place: Place = "page") -> None:
        """Clicks on the button of this name, once it is there."""
        await self.shows(name, place)
        await self.click_on(BUTTON % (ROOT, name), place)

    async def shows(self, name: str, place: Place = "page") -> None:
        await self.until(f"!!({BUTTON % (ROOT, name)})", place)

    async def lacks(self, name: str, place: Place = "page") -> None:
        await self.until(f"!({BUTTON % (ROOT, name)})", place)
