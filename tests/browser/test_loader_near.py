"""Somebody comes near the button: the frame is there before it is opened, and in silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.fake import FakeServer, ready
from tests.browser.shop import Shop
from tests.browser.test_loader_silent import FRAME

STORED = "localStorage.length + sessionStorage.length"


async def hover(shop: Shop) -> None:
    await shop.launcher.hover()


async def focus(shop: Shop) -> None:
    await shop.page.get_by_label("Search").focus()
    await shop.page.keyboard.press("Tab")
    await expect(shop.launcher).to_be_focused()


async def drawn(shop: Shop) -> None:
    """The frame is there, whole, and nothing of it is seen."""
    await expect(shop.frame.locator("article")).to_have_count(1)
    await shop.frame.locator("html").evaluate("() => document.readyState === 'complete'")
    await expect(shop.iframe).to_be_hidden()


def pages(shop: Shop) -> list[str]:
    return [path for path in shop.asked if FRAME.search(path)]


@pytest.mark.parametrize("come", [hover, focus])
async def test_who_comes_near_finds_it_open_at_once(
    shop: Shop, come: Callable[[Shop], Any]
) -> None:
    fake = await FakeServer(shop.page).take()
    fake.answer = lambda frame: [ready(conversation=None)] if frame["type"] == "hello" else []
    await shop.page.clock.install()
    await shop.show()
    await shop.page.clock.fast_forward(10_000)
    await expect(shop.launcher).to_be_visible()
    await come(shop)
    await drawn(shop)
    # And goes on: whatever waits for its time has had it.
    await shop.page.mouse.move(1, 1)
    await shop.page.get_by_label("Search").focus()
    await shop.page.clock.fast_forward(60_000)
    await come(shop)
    await drawn(shop)
    assert fake.sockets == []
    assert len(pages(shop)) == 1
    assert not [path for path in shop.asked if path.endswith(("/ws/", "/events/", "/token"))]
    assert [await shop.page.evaluate(STORED), await shop.inside(STORED)] == [0, 0]
    assert await shop.inside("document.getElementById('announcer').textContent") == ""
    await shop.page.keyboard.press("Tab")  # nothing in it is reached
    assert await shop.page.evaluate("document.querySelector('iframe:focus')") is None

    await shop.launcher.click()
    await expect(shop.text).to_be_focused()
    await expect(shop.frame.get_by_role("article")).to_have_count(1)
    await fake.heard("hello")
    await shop.page.clock.run_for(1_000)
    told = await shop.inside("document.getElementById('announcer').textContent")
    greeting = await shop.frame.locator("article .body").inner_text()
    assert told.count(greeting[:20]) == 1
    assert [len(fake.of("hello")), len(fake.sockets), len(pages(shop))] == [1, 1, 1]
    await shop.page.keyboard.type("hello")
    await shop.page.keyboard.press("Enter")
    send = await fake.heard("send")
    assert send["text"] == "hello"


async def test_who_saves_data_is_given_nothing_unasked(shop: Shop) -> None:
    await shop.page.add_init_script(
        "Object.defineProperty(navigator, 'connection', { value: { saveData: true } })"
    )
    await shop.show()
    await hover(shop)
    await focus(shop)
    await expect(shop.iframe).to_have_count(0)
    await shop.open()
    assert len(pages(shop)) == 1


async def test_a_finger_comes_near_as_it_taps(phone: Shop) -> None:
    await phone.show()
    await phone.launcher.tap()
    await expect(phone.text).to_be_focused()
    await phone.page.keyboard.type("hello")
    await expect(phone.text).to_have_value("hello")
    await expect(phone.frame.get_by_role("article")).to_have_count(1)
    assert len(pages(phone)) == 1


async def test_another_tab_has_gone_on_meanwhile(shop: Shop) -> None:
    """What was drawn for a new visitor is not what they find who have begun elsewhere since."""
    await shop.show()
    await hover(shop)
    await drawn(shop)
    other = Shop(await shop.page.context.new_page(), shop.server, shop.url, shop.pages)
    await other.page.goto(f"{shop.url}/")
    await other.open()
    await other.text.fill("say:from the other tab")
    await other.text.press("Enter")
    await expect(other.frame.get_by_role("button", name="Good reply")).to_be_visible()
    await shop.page.bring_to_front()
    await shop.launcher.click()
    await expect(shop.frame.get_by_role("article")).to_have_count(3)
    await expect(shop.frame.get_by_role("article").nth(2)).to_contain_text("from the other tab")
    await expect(shop.text).to_be_focused()


async def test_a_frame_that_did_not_come_is_asked_for_again(shop: Shop) -> None:
    await shop.page.clock.install()
    await shop.page.route(FRAME, lambda route: route.abort("connectionrefused"))
    await shop.show()
    await shop.page.clock.fast_forward(10_000)
    await hover(shop)
    await expect(shop.iframe).to_have_count(1)
    await shop.page.clock.fast_forward(10_000)
    await expect(shop.iframe).to_have_count(0)
    await shop.page.unroute_all()
    await shop.launcher.click()
    await expect(shop.text).to_be_focused()
    await expect(shop.page.get_by_role("button", name="Try again")).to_be_hidden()
    shop.complaints.clear()
