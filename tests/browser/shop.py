"""A shop of another origin with the widget on it, and a visitor's page there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import FrameLocator, Page, Route, ViewportSize, expect

from tests.running import Server

AXE = Path(__file__).resolve().parents[2] / "chatwidget/frontend/node_modules/axe-core/axe.min.js"
PHONE: ViewportSize = {"width": 390, "height": 844}
VIOLATIONS = """axe.run('chat-widget', { iframes: false }).then(({ violations }) =>
  violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))"""
TAG = '<script src="{url}/chatwidget/demo.js" async></script>'
HTML = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
{head}</head><body><h1>Lamps</h1><input aria-label="Search">{body}</body></html>"""


# The colours of the launcher's icon and ground, drawn and read again: #rrggbb.
PAINTED = """(button) => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const icon = getComputedStyle(button, "::before").backgroundColor;
  return [icon, getComputedStyle(button).backgroundColor].map((color) => {
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
    return "#" + [r, g, b].map((each) => each.toString(16).padStart(2, "0")).join("");
  });
}"""


@dataclass
class Shop:
    """A shop of another origin with the widget on it, and a visitor's page there."""

    page: Page
    server: Server
    url: str
    pages: dict[str, Any]
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)  # of our server

    @property
    def tag(self) -> str:
        return TAG.format(url=self.server.url)

    @property
    def launcher(self) -> Any:
        return self.page.locator("chat-widget button[aria-expanded]")

    @property
    def iframe(self) -> Any:
        return self.page.locator("chat-widget iframe")

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("chat-widget iframe")

    @property
    def text(self) -> Any:
        return self.frame.get_by_role("textbox", name="Message")

    async def show(
        self, body: str | None = None, head: str = "", path: str = "/", **headers: str
    ) -> None:
        """Go to a page with this in it, by default the script tag."""
        html = HTML.format(head=head, body=self.tag if body is None else body)
        self.pages[path] = (html, {name.replace("_", "-"): text for name, text in headers.items()})
        await self.page.goto(self.url + path)

    async def open(self) -> None:
        await self.page.get_by_role("button", name="Open chat").click()
        await expect(self.text).to_be_focused()

    async def settled(self) -> None:
        """The panel has stopped moving."""
        await self.page.locator("chat-widget dialog").evaluate(
            "dialog => Promise.all(dialog.getAnimations().map(({ finished }) => finished))"
        )

    async def inside(self, script: str) -> Any:
        """Evaluate in the frame's own document."""
        handle = await self.iframe.element_handle()
        frame = await handle.content_frame()
        assert frame is not None
        return await frame.evaluate(script)

    async def stored(self) -> str | None:
        value: str | None = await self.page.evaluate("sessionStorage['chatwidget-demo'] ?? null")
        return value


def complain(site: Shop, line: str) -> None:
    # Chromium's own words for a page that is left while its chat connects.
    if "is closed before the connection is established" not in line:
        site.complaints.append(line)


def watch(site: Shop, page: Page) -> None:
    page.on("pageerror", lambda error: site.complaints.append(str(error)))
    page.on("console", lambda line: complain(site, line.text))
    ours = site.server.url
    page.on("request", lambda request: site.asked.append(request.url.removeprefix(ours)))


async def hold(page: Page, url: str, until: asyncio.Event) -> None:
    """A picture that is not answered before that."""

    async def answer(route: Route) -> None:
        await until.wait()
        await route.fulfill(body="<svg/>", content_type="image/svg+xml")

    await page.route(url, answer)


async def change(server: Server, slug: str, **fields: Any) -> None:
    """Change a widget's fields."""
    code = "from chatwidget.models import Widget\n"
    code += f"Widget.objects.filter(slug={slug!r}).update(**{fields!r})"
    await server.manage("shell", "-v0", "-c", code)
