"""Takes the README's pictures of the running site: `python -m tests.screenshots`."""

from __future__ import annotations

import asyncio
import base64
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.conftest import CHROMIUM
from tests.environment import FOLDER, VARIABLES
from tests.needs import chromium
from tests.running import ROOT, Process, free_port

DOCS = ROOT / "docs"
LARGEST = 150_000  # bytes of a picture in the repository
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 780}
HOURS = "When are you open? A table, please"
ORDER = "How do I order? A list, please"


@dataclass(frozen=True)
class Site:
    """The site as `make run` leaves it."""

    url: str
    login: tuple[str, str]


async def capture(page: Page, name: str) -> None:
    """Writes what the page shows; smaller than PNG at the same looks."""
    session = await page.context.new_cdp_session(page)
    how = {"format": "webp", "quality": 90}
    picture = base64.b64decode((await session.send("Page.captureScreenshot", how))["data"])
    if len(picture) > LARGEST:
        raise SystemExit(f"{name} has {len(picture)} bytes")
    (DOCS / name).write_bytes(picture)


async def chat(page: Page, site: Site, *questions: str) -> None:
    """Opens the demo shop's chat and asks; the last reply is whole when this returns."""
    await page.goto(site.url)
    await page.get_by_role("button", name="Open chat").click()
    frame = page.frame_locator("iframe")
    text = frame.get_by_role("textbox", name="Message")
    await expect(frame.get_by_role("article")).to_have_count(1)
    for number, question in enumerate(questions, 1):
        await text.fill(question)
        await text.press("Enter")
        await expect(frame.get_by_role("button", name="Good reply")).to_have_count(number)
    await frame.get_by_role("button", name="Good reply").last.click()
    await frame.get_by_role("button", name="Cancel").click()
    await text.blur()


async def shop(browser: Browser, site: Site, name: str, **options: Any) -> None:
    context = await browser.new_context(**options)
    page = await context.new_page()
    await chat(page, site, HOURS, ORDER)
    await capture(page, name)
    await context.close()


async def transcript(context: BrowserContext, site: Site, name: str) -> None:
    page = await context.new_page()
    await page.goto(f"{site.url}/admin/chatwidget/conversation/?q=order")
    user, password = site.login
    await page.get_by_label("Username").fill(user)
    await page.get_by_label("Password").fill(password)
    await page.keyboard.press("Enter")
    await page.locator("#result_list tbody th a").first.click()
    await expect(page.get_by_role("article")).to_have_count(5)
    await capture(page, name)
    await context.close()


async def take(browser: Browser, site: Site) -> None:
    large: dict[str, Any] = {"locale": "en-GB", "viewport": DESKTOP, "device_scale_factor": 2}
    small = {**large, "viewport": PHONE, "is_mobile": True, "has_touch": True}
    await shop(browser, site, "light.webp", **large)
    await shop(browser, site, "dark.webp", **large, color_scheme="dark")
    await shop(browser, site, "phone.webp", **small)
    await transcript(await browser.new_context(**large), site, "transcript.webp")


async def main() -> None:
    port = free_port()
    database = FOLDER / "shots.sqlite3"
    environment = {**VARIABLES, "DATABASE_URL": f"sqlite:///{database}", "PORT": str(port)}
    server = Process([sys.executable, "manage.py", "serve"], environment, port)
    try:
        await server.start("/healthz")
        found = re.search(r"login: (\S+) / (\S+)", server.log)
        assert found, server.log
        site = Site(server.url, (found[1], found[2]))
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium(windows=True), args=CHROMIUM
            )
            await take(browser, site)
            await browser.close()
    finally:
        await server.kill()
        shutil.rmtree(FOLDER, ignore_errors=True)
    for picture in sorted(DOCS.glob("*.webp")):
        print(f"{picture.relative_to(Path.cwd())}: {picture.stat().st_size:,} bytes")


if __name__ == "__main__":
    asyncio.run(main())
