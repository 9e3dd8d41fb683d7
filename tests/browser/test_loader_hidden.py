"""The launcher out of the page's way, and the panel above what the page has opened."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.shop import Shop


async def test_the_page_hides_and_shows_the_launcher(shop: Shop) -> None:
    await shop.show()
    await expect(shop.launcher).to_be_visible()
    await shop.page.evaluate("ChatWidget.hide()")
    await expect(shop.launcher).to_be_hidden()
    await shop.page.evaluate("ChatWidget.open()")  # all the same
    await expect(shop.text).to_be_focused()
    await shop.page.evaluate("ChatWidget.show()")
    await expect(shop.launcher).to_be_visible()
    await expect(shop.launcher).to_have_accessible_name("Close chat")


@pytest.mark.parametrize("way", ["hidden = true", "hidePopover()"])
async def test_a_host_that_the_page_hides_is_hidden(shop: Shop, way: str) -> None:
    await shop.show()
    await shop.open()
    await shop.page.evaluate(f"document.querySelector('chat-widget').{way}")
    await expect(shop.launcher).to_be_hidden()
    await expect(shop.iframe).to_be_hidden()
    back = "(host) => { host.hidden = false; host.matches(':popover-open') || host.showPopover(); }"
    await shop.page.locator("chat-widget").evaluate(back)
    await expect(shop.launcher).to_be_visible()
    await expect(shop.iframe).to_be_visible()


async def test_a_phone_s_page_that_hides_it_is_not_locked(phone: Shop) -> None:
    """What fills the screen is seen until it is closed: else nothing of the page could be used."""
    await phone.show()
    await phone.open()
    await phone.page.evaluate("document.querySelector('chat-widget').hidden = true")
    await phone.frame.get_by_role("button", name="Close", exact=True).tap()
    await expect(phone.launcher).to_be_hidden()
    await phone.page.get_by_role("textbox", name="Search").tap()


async def test_a_page_with_a_button_of_its_own(shop: Shop) -> None:
    button = '<button onclick="ChatWidget.toggle()">Ask us</button>'
    tag = shop.tag.replace("<script", '<script data-launcher="none"')
    await shop.show(body=button + tag)
    own = shop.page.get_by_role("button", name="Ask us")
    await shop.page.wait_for_function("!!window.ChatWidget?.open")
    await expect(shop.page.locator("chat-widget")).to_be_attached()
    await expect(shop.launcher).to_be_hidden()
    await own.click()
    await expect(shop.text).to_be_focused()
    await shop.text.press("Escape")
    await expect(shop.iframe).to_be_hidden()
    await expect(own).to_be_focused()


DIALOG = """<dialog aria-label="Cookies"><button>Only necessary</button></dialog>
<script>document.querySelector("dialog").showModal()</script>"""


async def test_above_a_dialog_of_the_page_it_can_be_used(shop: Shop) -> None:
    """Else it would take the keyboard into a frame that nobody sees."""
    await shop.show(body=DIALOG + shop.tag)
    await shop.page.wait_for_function("!!window.ChatWidget?.open")
    await shop.page.evaluate("ChatWidget.open()")
    await expect(shop.text).to_be_focused()
    await shop.page.keyboard.type("hello")
    await expect(shop.text).to_have_value("hello")
    await shop.frame.get_by_role("button", name="Close", exact=True).click()
    await expect(shop.iframe).to_be_hidden()
    await shop.page.get_by_role("button", name="Only necessary").click()


async def test_a_dialog_of_the_page_is_above_an_open_panel(shop: Shop) -> None:
    await shop.show()
    await shop.open()
    dialog: Any = await shop.page.evaluate_handle(
        """() => {
          const dialog = document.createElement("dialog");
          dialog.innerHTML = "<button>Close the picture</button>";
          document.body.append(dialog);
          dialog.showModal();
          visualViewport.dispatchEvent(new Event("scroll"));
          return dialog;
        }"""
    )
    assert await shop.page.locator("chat-widget dialog").evaluate(
        "panel => panel.open && !panel.matches(':modal')"
    )
    await shop.page.get_by_role("button", name="Close the picture").click()
    await dialog.evaluate("dialog => dialog.close()")
    await shop.text.click()
    await expect(shop.text).to_be_focused()
