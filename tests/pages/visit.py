"""A visitor on a page that a framework navigates, and the one trip through each."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import expect

from tests.browser.shop import Shop
from tests.sites import Site

FOLDER = Path(__file__).resolve().parent
MODULES = FOLDER / "node_modules"
PATHS = {"Shop": "/", "Lamps": "/lamps", "Chairs": "/chairs"}
LINKS = "".join(f'<a href="{path}">{name}</a> ' for name, path in PATHS.items())
PLACE = '<div id="help" style="height:400px;width:600px"></div>'


@dataclass
class Visit(Shop):
    """Knows how many messages there have been: each chat shows that none was lost on the way."""

    site: Site = field(default_factory=lambda: Site({}))
    shown: int = 1  # the greeting

    def build(self, page: str, **values: str) -> None:
        """Three pages with links between them; values are put in, by name, in double brackets."""
        for name, path in PATHS.items():
            html = page
            for key, value in {"title": name, "links": LINKS, "tag": self.tag, **values}.items():
                html = html.replace(f"[[{key}]]", value)
            self.pages[path] = html

    @property
    def inline_tag(self) -> str:
        return self.tag.replace("<script", '<script data-target="#help"')

    async def chats(self) -> None:
        """One more message, and its whole reply."""
        articles = self.frame.get_by_role("article")
        await expect(articles).to_have_count(self.shown)
        await self.text.fill("hello")
        await self.text.press("Enter")
        self.shown += 2
        await expect(articles).to_have_count(self.shown)
        good = self.frame.get_by_role("button", name="Good reply")
        await expect(good).to_have_count(self.shown // 2)

    async def come(self, path: str = "/") -> None:
        await self.page.goto(self.url + path)
        await self.page.evaluate("window.loadedOnce = true")

    async def follow(self, name: str) -> None:
        """A link, which the framework follows by itself: the document stays."""
        await self.page.get_by_role("link", name=name).click()
        await self.arrived(name)

    async def back(self, name: str) -> None:
        await self.page.evaluate("history.back()")
        await self.arrived(name)

    async def arrived(self, name: str) -> None:
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(name)
        assert await self.page.evaluate("window.loadedOnce")

    async def trip(self) -> None:
        """The launcher opens, chats, navigates, and chats on."""
        await self.come()
        await expect(self.launcher).to_have_count(1)
        await self.open()
        await self.chats()
        for name in ("Lamps", "Chairs"):
            await self.follow(name)
            await expect(self.launcher).to_have_accessible_name("Close chat")
            await self.chats()
        await self.back("Lamps")
        await self.chats()
        await self.launcher.click()
        await expect(self.iframe).to_be_hidden()
        await self.follow("Shop")
        await expect(self.launcher).to_have_accessible_name("Open chat")
        await expect(self.launcher).to_have_count(1)
        await self.open()
        await self.chats()

    async def inline_trip(self) -> None:
        """So does a chat in what is swapped; the page of chairs has no place for it."""
        await self.come()
        await self.chats()
        await self.follow("Lamps")
        await self.chats()
        await self.follow("Chairs")
        await expect(self.iframe).to_have_count(0)
        await self.back("Lamps")
        await self.chats()
        await self.follow("Shop")
        await self.chats()
        await expect(self.iframe).to_have_count(1)
