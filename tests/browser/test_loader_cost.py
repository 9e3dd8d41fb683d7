"""What the loader costs a page on which nobody chats."""

from __future__ import annotations

import brotli
import httpx
from playwright.async_api import expect

from tests.browser.shop import Shop
from tests.running import Server

BUDGET = 2_600


async def test_the_loader_is_within_its_budget(server: Server) -> None:
    async with httpx.AsyncClient(timeout=30) as client:
        answer = await client.get(f"{server.url}/chatwidget/demo.js")
    assert len(brotli.compress(answer.content, quality=11)) <= BUDGET
    assert answer.headers["content-encoding"] == "br"
    assert int(answer.headers["content-length"]) <= BUDGET
    assert '"slug":"demo"' in answer.text
    assert "__CHATWIDGET__" not in answer.text


async def test_before_the_first_open_there_is_next_to_nothing(shop: Shop) -> None:
    sockets: list[str] = []
    shop.page.on("websocket", lambda socket: sockets.append(socket.url))
    await shop.page.add_init_script(
        "window.shifts = []; new PerformanceObserver(list => shifts.push(...list.getEntries()))"
        ".observe({ type: 'layout-shift', buffered: true })"
    )
    await shop.show()
    await expect(shop.launcher).to_be_visible()
    await expect(shop.iframe).to_have_count(0)
    await shop.page.wait_for_load_state("networkidle")
    assert [path for path in shop.asked if path.startswith("/")] == ["/chatwidget/demo.js"]
    assert sockets == []
    assert await shop.page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert await shop.page.context.cookies() == []
    assert await shop.page.evaluate("shifts.length") == 0
