"""Light and dark: as the page is, as it chooses, else as the system is."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.async_api import expect

from tests.browser.shop import Shop

Scheme = Literal["light", "dark"]
PAGES = {  # the page's own color-scheme, the system's → the chat's
    ("normal", "dark"): "dark",
    ("normal", "light"): "light",
    ("light", "dark"): "light",
    ("only light", "dark"): "light",
    ("dark", "light"): "dark",
    ("light dark", "dark"): "dark",
    ("light dark", "light"): "light",
}


@pytest.mark.parametrize(("own", "system"), PAGES)
async def test_auto_follows_the_page(shop: Shop, own: str, system: Scheme) -> None:
    await shop.page.emulate_media(color_scheme=system)
    await shop.show(head=f"<style>:root {{ color-scheme: {own} }}</style>")
    await shop.open()
    root = shop.frame.locator("html")
    await expect(root).to_have_css("color-scheme", PAGES[own, system])


async def test_the_page_switches(shop: Shop) -> None:
    await shop.show(head="<style>:root { color-scheme: light }</style>")
    await shop.open()
    root = shop.frame.locator("html")
    await expect(root).to_have_css("color-scheme", "light")
    for theme, used in (("dark", "dark"), ("light", "light"), ("dark", "dark"), ("auto", "light")):
        await shop.page.evaluate("theme => ChatWidget.theme(theme)", theme)
        await expect(root).to_have_css("color-scheme", used)
    await shop.page.evaluate("ChatWidget.theme('dark')")
    await expect(root).to_have_css("color-scheme", "dark")


async def test_a_theme_that_is_chosen_first_is_not_the_page_s(shop: Shop) -> None:
    tag = shop.tag.replace("<script", '<script data-theme="dark"')
    await shop.show(head="<style>:root { color-scheme: light }</style>", body=tag)
    await shop.open()
    await expect(shop.frame.locator("html")).to_have_css("color-scheme", "dark")
