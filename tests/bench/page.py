"""What the widget costs the page that embeds it, beside a trivial launcher with a stub iframe.

One headless Chromium, page and frame on different sites, the two by turns; times are CPU alone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import aiohttp
from playwright.async_api import Browser, CDPSession, Frame, Page, async_playwright

from tests.bench.generator import median
from tests.bench.provider import Provider
from tests.bench.table import printed, verdict
from tests.bench.targets import SLUG, manage, product_env, start
from tests.needs import chromium
from tests.sites import Site

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SETTLE_SECONDS = 0.6
THROTTLE = 4

WATCH = """
const at = () => performance.timeOrigin + performance.now();
addEventListener("click", () => { window.benchClicked ??= at(); }, true);
addEventListener("focusin", (event) => {
  if (/^(input|textarea)$/i.test(event.target.tagName)) window.benchFocused ??= at();
}, true);
window.benchBlocked = 0;
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.benchBlocked += Math.max(0, task.duration - 50);
}).observe({ type: "longtask", buffered: true });
"""
HOST_PAGE = """<!doctype html><html lang="en"><title>A page</title>
<body><h1>A page</h1><p>Some text.</p><script src="{script}" async></script></body></html>"""
STUB = """<!doctype html><html lang="en"><title>Stub</title>
<body><input aria-label="Message"><script>document.querySelector("input").focus()</script>"""
LAUNCHER = """(() => {
  const button = document.createElement("button");
  button.textContent = "Open chat";
  button.style.cssText = "position:fixed;right:20px;bottom:20px";
  button.onclick = () => {
    const frame = document.createElement("iframe");
    frame.src = "%s";
    frame.style.cssText = "position:fixed;right:20px;bottom:80px;width:380px;height:600px";
    document.body.append(frame);
  };
  document.body.append(button);
})();"""


@dataclass
class Costs:
    """Of one page, a list item for each load."""

    work: list[float] = field(default_factory=list)
    blocked: list[float] = field(default_factory=list)
    focused: list[float] = field(default_factory=list)
    before: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)


async def measure(provider: Provider, folder: Path, full: bool) -> str:
    """The table: ours, the floor, and the goal."""
    env = product_env("sqlite://:memory:")
    await manage(env, "collectstatic", "--noinput", "--verbosity", "0")
    target = await start("ours-daphne", provider, folder)
    site, stub = Site({}), Site({"/stub": STUB})
    runners = [await site.start(), await stub.start()]
    ours = f"http://127.0.0.1:{target.port}"
    site.pages["/ours"] = HOST_PAGE.format(script=f"{ours}/chatwidget/{SLUG}.js")
    site.pages["/floor"] = HOST_PAGE.format(script="/floor.js")
    site.pages["/floor.js"] = LAUNCHER % f"{stub.same_site_url}/stub"
    costs = {"/ours": Costs(), "/floor": Costs()}
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium(windows=True), args=ARGUMENTS
            )
            for repetition in range(15 if full else 7):
                for path, cost in costs.items():
                    await _load(browser, site.url + path, cost, warm=repetition > 0)
            await browser.close()
        sizes = {
            url: await _brotli_size(url) for url in costs["/ours"].opened if url.startswith("http")
        }
    finally:
        target.stop()
        for runner in runners:
            await runner.cleanup()
    return _table(costs["/ours"], costs["/floor"], sizes)


def _table(ours: Costs, floor: Costs, sizes: dict[str, int]) -> str:
    loader = sum(sizes[url] for url in ours.before)
    frame = sum(size for url, size in sizes.items() if url not in ours.before)
    focused, least = median(ours.focused), median(floor.focused)
    work, work_least = median(ours.work), median(floor.work)
    blocked, blocked_least = median(ours.blocked), median(floor.blocked)
    requests = len(ours.before)
    lines = [
        ["loader, brotli bytes", f"{loader:,}", "", "≤ 2,600", verdict(loader <= 2600)],
        ["all on open, brotli bytes", f"{frame:,}", "", "≤ 24,000", verdict(frame <= 24000)],
        [
            "requests before open",
            f"{requests}",
            f"{len(floor.before)}",
            "1",
            verdict(requests == 1),
        ],
        ["main-thread ms on load", f"{work:.0f}", f"{work_least:.0f}", "", ""],
        ["blocking ms at 4× CPU throttle", f"{blocked:.1f}", f"{blocked_least:.1f}"],
        ["click → input focused, ms", f"{focused:.0f}", f"{least:.0f}"],
    ]
    lines[-2] += ["0", verdict(blocked == 0)]
    lines[-1] += [f"≤ 2 × {least:.0f}", verdict(focused <= 2 * least)]
    return printed(["the page, medians", "ours", "floor", "goal", ""], lines)


async def _load(browser: Browser, url: str, costs: Costs, *, warm: bool) -> None:
    """One load in a fresh context, opened by a click; and one throttled, not opened.

    The very first one, which fills the browser's and the server's caches, is not counted.
    """
    async with _page(browser) as page:
        requests = _requests(page)
        session = await page.context.new_cdp_session(page)
        await session.send("Performance.enable")
        await page.goto(url)
        button = page.get_by_role("button", name="Open chat")
        await button.wait_for()
        await asyncio.sleep(SETTLE_SECONDS)
        work = await _work(session)
        before = {each for each in requests if each != url}
        await button.click()
        focused = await _soon(lambda: _focused(page))
        clicked = await page.evaluate("window.benchClicked")
        await asyncio.sleep(SETTLE_SECONDS)
    if warm:
        costs.work.append(work)
        costs.focused.append(focused - clicked)
        costs.before |= before
        costs.opened |= {each for each in requests if each != url}
    async with _page(browser) as page:
        session = await page.context.new_cdp_session(page)
        await session.send("Emulation.setCPUThrottlingRate", {"rate": THROTTLE})
        await page.goto(url)
        await page.get_by_role("button", name="Open chat").wait_for()
        await asyncio.sleep(SETTLE_SECONDS)
        if warm:
            costs.blocked.append(await page.evaluate("window.benchBlocked"))


class _page:  # used as a function
    """A page in a context of its own, watched from its first moment."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    async def __aenter__(self) -> Page:
        self.context = await self.browser.new_context(locale="en-US")
        await self.context.add_init_script(WATCH)
        return await self.context.new_page()

    async def __aexit__(self, *_: object) -> None:
        await self.context.close()


def _requests(page: Page) -> list[str]:
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url))
    return found


async def _work(session: CDPSession) -> float:
    """Milliseconds that the page's main thread has worked since `Performance.enable`."""
    metrics: dict[str, Any] = await session.send("Performance.getMetrics")
    [seconds] = [each["value"] for each in metrics["metrics"] if each["name"] == "TaskDuration"]
    return float(seconds) * 1e3


async def _focused(page: Page) -> float | None:
    """When an input in the iframe got the focus, ms since the epoch; None: not yet."""

    async def ask(frame: Frame) -> float | None:
        told: float | None = await frame.evaluate("window.benchFocused ?? null")
        return told

    inner = [frame for frame in page.frames if frame is not page.main_frame]
    return next(filter(None, [await ask(frame) for frame in inner]), None)


async def _soon(ask: Callable[[], Awaitable[float | None]], seconds: float = 15) -> float:
    until = perf_counter() + seconds
    while perf_counter() < until:
        if (told := await ask()) is not None:
            return told
        await asyncio.sleep(0.02)
    raise TimeoutError(f"no input was focused within {seconds} s")


async def _brotli_size(url: str) -> int:
    headers = {"Accept-Encoding": "br"}
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.get(url, headers=headers) as answer,
    ):
        assert answer.status == 200, f"{url}: {answer.status}"
        return len(await answer.read())
