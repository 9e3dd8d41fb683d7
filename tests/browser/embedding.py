"""A widget on a page of another origin, whose policy allows our script and our frame alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playwright.async_api import Page, Response, WebSocket, expect

from tests.browser.moments import moment
from tests.conftest import OtherSite
from tests.running import Server
from tests.sites import Site

# There is no console error under this.
POLICY = (
    "default-src 'none'; script-src {host}; frame-src {host}; require-trusted-types-for 'script'"
)
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Another site</title>
<h1>Another site</h1><p>It has a page of its own.</p>
<script src="{host}/chatwidget/{slug}.js" async></script>
"""


async def embed(other_site: OtherSite, server: Server, slug: str) -> Site:
    """Another site, with the widget on its front page as the admin's snippet has it."""
    policy = {"Content-Security-Policy": POLICY.format(host=server.url)}
    return await other_site({"/": (PAGE.format(host=server.url, slug=slug), policy)})


@dataclass
class Heard:
    """What reached a browser: complaints, and all that a curious visitor could read."""

    complaints: list[str] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)  # of websockets, both directions
    answers: list[Response] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("response", lambda answer: self.answers.append(answer))
        page.on("websocket", self._socket)

    def _socket(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda payload: self.frames.append(str(payload)))
        socket.on("framereceived", lambda payload: self.frames.append(str(payload)))

    async def bodies(self) -> list[str]:
        """The documents, scripts and styles that were loaded, with their headers."""
        return [
            f"{answer.url}\n{await answer.all_headers()}\n{await answer.text()}"
            for answer in self.answers
            if answer.ok and answer.request.resource_type != "image"
        ]


class Visit:
    """One tab with the embedding page, and the widget's parts by their accessible names."""

    def __init__(self, page: Page, url: str, agent: str) -> None:
        self.page = page
        self.url = url
        self.agent = agent
        self.heard = Heard()
        self.heard.listen(page)
        self.launcher = page.get_by_role("button", name="Open chat")
        self.frame = page.frame_locator("iframe")
        self.log = self.frame.get_by_role("log", name="Conversation")
        self.articles = self.log.get_by_role("article")
        self.mine = self.log.get_by_role("article", name=re.compile("^You"))
        self.theirs = self.log.get_by_role("article", name=re.compile(f"^{re.escape(agent)}"))
        self.text = self.frame.get_by_role("textbox", name="Message")
        self.status = self.frame.get_by_role("status")
        self.stop = self.frame.get_by_role("button", name="Stop")
        self.retry = self.frame.get_by_role("button", name="Retry")
        self.good = self.frame.get_by_role("button", name="Good reply")
        self.renew = self.frame.get_by_role("button", name="New conversation")

    async def another(self) -> Visit:
        """One more tab of the same browser; it is not opened yet."""
        return Visit(await self.page.context.new_page(), self.url, self.agent)

    async def open(self) -> None:
        """Loads the page, opens the chat, and waits for the greeting."""
        await self.page.goto(self.url)
        assert await self.page.locator("iframe").count() == 0  # nothing before it is asked for
        await self.launcher.click()
        await expect(self.theirs.first).to_be_visible()
        await expect(self.text).to_be_focused()

    async def offline(self) -> None:
        """The network goes away."""
        await self.page.context.set_offline(True)
        await expect(self.status).to_contain_text("offline")

    async def online(self) -> None:
        """And comes back."""
        async with moment(self.status, "textContent", "connected again"):
            await self.page.context.set_offline(False)

    async def send(self, text: str) -> None:
        await self.text.fill(text)
        await self.text.press("Enter")

    async def ask(self, text: str, answer: str) -> None:
        """Sends `text` and waits for the whole reply, which has `answer` in it."""
        ended = await self.good.count()
        await self.send(text)
        await expect(self.theirs.last).to_contain_text(answer)
        await expect(self.good).to_have_count(ended + 1)
