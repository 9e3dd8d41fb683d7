"""Pages that take the widget away, by accident: it comes back, and the chat goes on."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.shop import Shop

REMOVALS = {
    "morphed": "document.querySelector('chat-widget').remove()",
    "emptied": """{
      const { head, body } = document;
      document.documentElement.replaceChildren();
      document.documentElement.append(head, body);
    }""",
    "parsed": "document.documentElement.innerHTML = '<head></head><body><h1>Anew</h1></body>'",
    "replaced": "document.documentElement.replaceWith(document.documentElement.cloneNode(true))",
    "written": "document.write('<title>Anew</title><h1>Anew</h1>'), document.close()",
}
IN_TOP_LAYER = "document.querySelector('html > :popover-open')?.localName"


@pytest.mark.parametrize("removal", REMOVALS.values(), ids=REMOVALS)
async def test_what_the_page_takes_away_comes_back(shop: Shop, removal: str) -> None:
    await shop.show()
    await expect(shop.launcher).to_be_visible()
    await shop.page.evaluate(f"() => {{ {removal} }}")
    await expect(shop.launcher).to_be_visible()
    await expect(shop.launcher).to_have_count(1)
    assert await shop.page.evaluate(IN_TOP_LAYER) == "chat-widget"
    await shop.open()
    # Open, the frame is loaded again, and the conversation is there.
    await shop.text.fill("hello")
    await shop.text.press("Enter")
    await expect(shop.frame.get_by_role("button", name="Good reply")).to_be_visible()
    await shop.page.evaluate(f"() => {{ {removal} }}")
    await expect(shop.launcher).to_have_accessible_name("Close chat")
    await expect(shop.frame.get_by_role("article")).to_have_count(3)
    await shop.text.fill("and now?")
    await shop.text.press("Enter")
    await expect(shop.frame.get_by_role("article")).to_have_count(5)
    await shop.launcher.click()
    await expect(shop.iframe).to_be_hidden()


@pytest.mark.parametrize("removal", REMOVALS.values(), ids=REMOVALS)
async def test_a_phone_s_panel_comes_back_as_one(phone: Shop, removal: str) -> None:
    await phone.show()
    await phone.open()
    await phone.page.evaluate(f"() => {{ {removal} }}")
    await expect(phone.frame.get_by_role("article")).to_have_count(1)
    dialog = phone.page.locator("chat-widget dialog")
    await expect(dialog).to_have_css("width", "390px")
    assert await dialog.evaluate("dialog => dialog.matches(':modal')")
    await phone.frame.get_by_role("button", name="Close", exact=True).tap()
    await expect(phone.iframe).to_be_hidden()


async def test_a_tag_that_runs_again_makes_it_anew(shop: Shop) -> None:
    """Before the page has seen that it was gone, as when a swapped body has the tag in it."""
    await shop.show()
    await expect(shop.launcher).to_be_visible()
    await shop.page.evaluate(
        """(src) => {
          const script = document.createElement("script");
          script.src = src;
          window.first = document.querySelector("chat-widget");
          const { head } = document;
          document.documentElement.replaceChildren(head, document.createElement("body"));
          document.body.append(script);
        }""",
        f"{shop.server.url}/chatwidget/demo.js",
    )
    await expect(shop.launcher).to_have_count(1)
    await shop.open()


async def test_a_page_that_never_wants_it_can_still_be_used(shop: Shop) -> None:
    """It takes each one away as soon as it is there; they do not drive each other mad."""
    guard = """<script>
      new MutationObserver(() => document.querySelector("chat-widget")?.remove())
        .observe(document.documentElement, { childList: true });
    </script>"""
    await shop.show(body=guard + shop.tag)
    await shop.page.evaluate("addEventListener('keydown', () => { window.pressed = true })")
    await shop.page.wait_for_function("!!window.ChatWidget?.open")
    await shop.page.get_by_role("textbox", name="Search").press("a")
    assert await shop.page.evaluate("window.pressed")
    await shop.page.evaluate("ChatWidget.destroy()")
    await expect(shop.page.locator("chat-widget")).to_have_count(0)


async def test_nothing_is_beside_the_body_before_the_page_has_loaded(shop: Shop) -> None:
    """A framework that takes over the whole document would throw it away."""
    head = """<script>
      window.seen = [];
      const look = () => seen.push(document.documentElement.children.length);
      document.addEventListener("DOMContentLoaded", look);
      addEventListener("load", look);
    </script>"""
    await shop.show(head=head, body=shop.tag.replace(" async", ""))
    await expect(shop.launcher).to_be_visible()
    assert await shop.page.evaluate("seen") == [2, 2]


async def test_a_page_that_is_slow_to_load_is_not_waited_for(shop: Shop) -> None:
    await shop.page.route("**/slow.svg", lambda _: None)
    await shop.page.clock.install()
    shop.pages["/"] = f"<!doctype html><title>Slow</title><img src=/slow.svg>{shop.tag}"
    await shop.page.goto(f"{shop.url}/", wait_until="commit")
    await shop.page.wait_for_function("!!window.ChatWidget?.open")
    await shop.page.clock.fast_forward("00:05")
    await expect(shop.launcher).to_be_visible()


# --- in the page's own flow -----------------------------------------------------------------------

HELP = '<main><div id="help" style="height:500px"></div></main>'


def inline(shop: Shop) -> str:
    return shop.tag.replace("<script", '<script data-target="#help"')


async def chats(shop: Shop) -> None:
    await expect(shop.iframe).to_have_count(1)
    count = await shop.frame.get_by_role("article").count()
    await shop.text.fill("hello")
    await shop.text.press("Enter")
    await expect(shop.frame.get_by_role("article").nth(max(count, 1) + 1)).to_be_visible()
    await expect(shop.frame.get_by_role("button", name="Good reply").last).to_be_visible()


@pytest.mark.parametrize("where", ["head", "body"])
async def test_swapped_content_gets_its_chat(shop: Shop, where: str) -> None:
    head, body = (inline(shop), "") if where == "head" else ("", inline(shop))
    await shop.show(head=head, body=HELP + body)
    await chats(shop)
    await shop.page.evaluate(
        """() => {
          window.snapshot = document.querySelector("main").cloneNode(true);
          document.querySelector("main").innerHTML = "<p>Another view</p>";
        }"""
    )
    await expect(shop.iframe).to_have_count(0)
    await shop.page.evaluate("main => { document.querySelector('main').outerHTML = main }", HELP)
    await chats(shop)
    await expect(shop.frame.get_by_role("article")).to_have_count(5)
    # What was kept of the page as it was has a dead copy in it.
    await shop.page.evaluate("document.querySelector('main').replaceWith(snapshot)")
    await chats(shop)
    await expect(shop.frame.get_by_role("article")).to_have_count(7)


async def test_a_place_that_comes_later_gets_its_chat(shop: Shop) -> None:
    """As in an application whose first view has none."""
    await shop.show(body="<main></main>" + inline(shop))
    await shop.page.wait_for_function("!!window.ChatWidget?.open")
    await expect(shop.launcher).to_have_count(0)
    await shop.page.evaluate("main => { document.querySelector('main').outerHTML = main }", HELP)
    await chats(shop)


@pytest.mark.parametrize("id", ["1a", "help-2", ":r1:"])
async def test_any_id_is_a_place(shop: Shop, id: str) -> None:
    place = f'<div id="{id}" style="height:500px"></div>'
    await shop.show(body=place + shop.tag.replace("<script", f'<script data-target="#{id}"'))
    await expect(shop.frame.get_by_role("article")).to_have_count(1)
