"""The admin in a real browser: replies drawn by the widget's own renderer, and its form."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.moments import moment
from tests.running import ROOT, Server

HOSTILE = ROOT / "tests/fixtures/markdown_hostile.json"
# Whether the last character of a block stands on the left of its first.
ENDS_LEFT = """(block) => {
  const { firstChild: text } = block;
  const left = (at) => {
    const range = new Range();
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    return range.getBoundingClientRect().left;
  };
  return left(text.length - 1) < left(0);
}"""
AXE = ROOT / "chatwidget/frontend/node_modules/axe-core/axe.min.js"
REPLY = r"""Here is what
I **found**:

שלום.

<think>
plan
</think>

It is \(x_1\), see [Returns](/returns) and [https://bank.example](https://evil.example/).

| Lamp | Price |
|---|--:|
| Aurora | 129 € |

```python
print("hi")
```

![lamp](https://images.example/lamp.png) and ![spy](https://spy.example/pixel.png)

[our shop](https://shop.example/) and [not this](javascript:window.pwned=1)
"""


@pytest.fixture
async def admin(context: BrowserContext, server: Server) -> AsyncIterator[Page]:
    """A page logged in as admin. It fails the test when it logs an error or asks another host."""
    await context.add_cookies(await server.admin_cookies())  # type: ignore[arg-type]
    page = await context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("dialog", lambda dialog: troubles.append(f"a dialog said {dialog.message!r}"))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((server.url, "data:"))
            else troubles.append(f"it asked for {request.url}")
        ),
    )
    page.on(
        "console",
        lambda line: troubles.append(line.text) if line.type == "error" else None,
    )
    yield page
    assert troubles == []


async def stored(server: Server, slug: str, *texts: str, **fields: Any) -> str:
    """A widget with one conversation of these texts; the path of its transcript."""
    code = (
        "import json, sys\n"
        "from tests.stored import a_conversation, a_widget\n"
        "given = json.load(sys.stdin)\n"
        "widget = a_widget(given['slug'], image_hosts=['127.0.0.1'])\n"
        "print('id', a_conversation(widget, *given['texts'], reply=given['fields']).pk)\n"
    )
    given = json.dumps({"slug": slug, "texts": texts, "fields": fields})
    done = await server.manage("shell", "-v0", "-c", code, input=given)
    found = re.search(r"^id (\S+)$", done.stdout, re.M)
    assert found, done.stdout + done.stderr
    return f"{server.url}/admin/chatwidget/conversation/{found[1]}/change/"


async def test_a_reply_is_drawn_as_the_visitor_saw_it(admin: Page, server: Server) -> None:
    products = [{"title": "Aurora", "price": "129 €", "url": "https://shop.example/aurora"}]
    ui = {"type": "product-grid", "data": products}
    path = await stored(server, "drawn", "**as typed**", REPLY, rating=-1, ui=ui)
    await admin.goto(path)
    visitor = admin.get_by_role("article", name="Visitor")
    await expect(visitor).to_contain_text("**as typed**")
    reply = admin.get_by_role("article", name="Agent")
    await expect(reply.locator("strong")).to_have_text("found")
    await expect(reply.get_by_role("cell", name="129 €")).to_be_visible()
    await expect(reply.locator("pre code").first).to_have_text('print("hi")\n')
    await expect(reply.get_by_role("link", name="our shop")).to_have_attribute(
        "href", "https://shop.example/"
    )
    await expect(reply.get_by_role("link", name="not this")).to_have_count(0)
    lines = (await reply.locator("p").first.inner_text()).splitlines()
    assert lines == ["Here is what", "I found:"]
    hebrew = reply.locator("p", has_text="שלום.")
    assert await hebrew.evaluate(ENDS_LEFT)
    await expect(reply.locator("math msub")).to_be_visible()
    await expect(reply.get_by_text("plan", exact=True)).to_be_hidden()
    await expect(reply).to_contain_text(
        "Returns (/returns)"
    )  # the visitor could have made up a page
    await expect(reply).to_contain_text("https://bank.example (evil.example)")
    await expect(reply.locator("img")).to_have_count(0)  # neither host is the widget's
    await expect(reply.get_by_role("article", name="Aurora")).to_contain_text("129 €")
    await expect(reply).to_contain_text("rated bad")


async def test_without_scripts_the_words_are_there(browser: Any, server: Server) -> None:
    path = await stored(server, "plain", "Hello", "It is **here**.")
    context = await browser.new_context(java_script_enabled=False)
    try:
        await context.add_cookies(await server.admin_cookies())
        page = await context.new_page()
        await page.goto(path)
        await expect(page.get_by_role("article", name="Agent")).to_contain_text("It is **here**.")
    finally:
        await context.close()


async def test_hostile_markdown_does_nothing(admin: Page, server: Server) -> None:
    """The widget's own fixture: no script, no image of another host, no address but http's."""
    cases = json.loads(HOSTILE.read_text())
    texts = [text_of(case) for case in cases]
    path = await stored(server, "hostile", *(part for text in texts for part in ("?", text)))
    shown = 0
    address: str | None = path
    while address:
        await admin.goto(urljoin(path, address))
        shown += await admin.locator(".cw-rendered").count()
        assert await admin.evaluate(PROBLEMS) == []
        older = admin.get_by_role("link", name="Older messages")
        address = await older.get_attribute("href") if await older.count() else None
    assert shown == len([text for text in texts if text])
    # The look at the DOM sees what it is to see.
    await admin.locator(".cw-rendered").first.evaluate(
        '(body) => { body.innerHTML = \'<a href="javascript:1" id="1">x</a>\' }'
    )
    assert len(await admin.evaluate(PROBLEMS)) == 2


# What must not come of any text, as seen in the DOM afterwards.
PROBLEMS = """() => {
  const problems = window.pwned || document.title.includes("pwned") ? ["a script ran"] : [];
  const allowed = new Set(["https:", "http:", "mailto:", "tel:"]);
  for (const body of document.querySelectorAll(".cw-rendered")) {
    for (const element of body.querySelectorAll("*")) {
      if (/^(script|iframe|object|embed|form|style|link|meta|base|svg|video|audio)$/i
          .test(element.localName)) problems.push(element.outerHTML);
      for (const { name, value } of element.attributes) {
        if (/^on|^style$|^srcdoc$|^id$|^name$/.test(name)) problems.push(element.outerHTML);
        if (name === "src" && new URL(value, location.href).host !== location.host)
          problems.push(element.outerHTML);
        if (name === "href" && !allowed.has(new URL(value, location.href).protocol))
          problems.push(element.outerHTML);
      }
    }
  }
  return problems;
}"""


def text_of(case: Any) -> str:
    text: str = case if isinstance(case, str) else case["markdown"]
    return text


async def test_a_widget_is_made_embedded_and_checked(
    admin: Page, context: BrowserContext, server: Server
) -> None:
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    await admin.goto(f"{server.url}/admin/chatwidget/widget/add/")
    await admin.get_by_label("Title:", exact=True).fill("By hand")
    await admin.get_by_label("Slug").fill("by-hand")

    # Only what the platform uses is asked for.
    platform = admin.get_by_label("Platform:", exact=True)
    await platform.select_option("eigi")
    await expect(admin.get_by_label("API key")).to_be_visible()
    await expect(admin.get_by_label("Temperature")).to_be_hidden()
    await platform.select_option("openai")
    await expect(admin.get_by_label("Temperature")).to_be_visible()
    await platform.select_option("demo")
    await expect(admin.get_by_label("API key")).to_be_hidden()
    await expect(admin.get_by_label("Agent")).to_be_hidden()
    await admin.get_by_role("button", name="Save and continue editing").click()

    await expect(admin.locator(".messagelist")).to_contain_text("Any site may embed this widget")
    copy = admin.locator(".cw-copy").first
    async with moment(copy, "textContent", str(await copy.get_attribute("data-copied"))):
        await copy.click()
    copied = await admin.evaluate("navigator.clipboard.readText()")
    assert copied == f'<script src="{server.url}/chatwidget/by-hand.js" async></script>'

    await admin.get_by_label("Title:", exact=True).fill("Not saved yet")
    await admin.get_by_role("button", name="Check the platform").click()
    await expect(admin.get_by_role("status")).to_contain_text("Answer in")
    await expect(admin.get_by_label("Title:", exact=True)).to_have_value("Not saved yet")


async def test_what_a_visitor_said_is_found(admin: Page, server: Server) -> None:
    path = await stored(server, "searched", "Do you sell zeppelins?", "We do not.")
    await admin.goto(f"{server.url}/admin/chatwidget/conversation/")
    box = admin.get_by_role("textbox", name="Search", exact=True)
    await box.and_(admin.get_by_label("Search")).fill("ZEPPELINS")
    await admin.keyboard.press("Enter")
    rows = admin.locator("#result_list tbody tr")
    await expect(rows).to_have_count(1)
    await expect(rows.locator("mark")).to_have_text("zeppelins")
    await rows.get_by_role("link", name="Do you sell").click()
    await expect(admin).to_have_url(re.compile(re.escape(path) + ".*#message-1$"))
    await expect(admin.get_by_role("article", name="Visitor")).to_contain_text("zeppelins")
    await admin.wait_for_load_state()
    marked = await admin.evaluate("[...CSS.highlights.get('cw-found')].map(String)")
    assert marked == ["zeppelins"]

    # What staff add to it, by keys.
    await admin.keyboard.press("n")
    await expect(admin.get_by_role("textbox", name="Note")).to_be_focused()
    await admin.keyboard.type("Called back")
    await admin.keyboard.press("Enter")
    await expect(admin.get_by_role("list", name="What colleagues wrote")).to_contain_text("Called")
    await admin.wait_for_load_state()
    await admin.keyboard.press("t")
    await expect(admin.get_by_role("textbox", name="Tags")).to_be_focused()
    await admin.keyboard.type("refund, urgent")
    await admin.keyboard.press("Enter")
    await expect(admin.locator(".messagelist")).to_contain_text("Tags saved.")
    await expect(admin.get_by_role("textbox", name="Tags")).to_have_value("refund, urgent")
    await admin.get_by_role("button", name="Done").click()
    await expect(admin.get_by_role("button", name="Reopen")).to_be_visible()
    await admin.wait_for_load_state()
    await admin.keyboard.press("d")
    await expect(admin.get_by_role("button", name="Done")).to_be_visible()
    await admin.wait_for_load_state()
    await admin.keyboard.press("?")
    await expect(admin.get_by_text("back to the list")).to_be_visible()
    await admin.keyboard.press("u")
    await expect(admin.locator("#searchbar")).to_have_value("ZEPPELINS")
    await admin.wait_for_load_state()
    await admin.keyboard.press("j")
    await expect(rows.locator(".field-who").get_by_role("link")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_nothing_is_wider_than_the_screen(
    admin: Page, server: Server, scheme: Any, width: int
) -> None:
    path = await stored(server, f"wide-{scheme}-{width}", "x" * 300, "y" * 300 + "\n\n" + REPLY)
    await admin.emulate_media(color_scheme=scheme)
    await admin.set_viewport_size({"width": width, "height": 800})
    for address in (path, path.partition("?")[0].rsplit("/", 3)[0] + "/"):
        await admin.goto(address)
        wide = await admin.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, address


async def test_paper_is_used_to_its_edges_and_read_in_black(admin: Page, server: Server) -> None:
    path = await stored(server, "printed", "Hello", REPLY)
    numbers = path.partition("conversation/")[0] + "tally/"
    await admin.set_viewport_size({"width": 1280, "height": 800})
    for address, text in ((path, ".cw-bubble"), (numbers, ".cw-numbers h2")):
        await admin.goto(address)
        await admin.evaluate("document.documentElement.dataset.theme = 'dark'")
        await expect(admin.locator("#nav-sidebar")).to_be_visible()
        await admin.emulate_media(media="print", color_scheme="dark")
        await expect(admin.locator("#nav-sidebar")).to_be_hidden()
        box = await admin.locator(".content").first.bounding_box()
        assert box and box["width"] > 1200, address
        await expect(admin.locator(text).first).to_have_css("color", "rgb(23, 24, 28)")
        await admin.emulate_media(media="screen")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_in_what_is_ours(admin: Page, server: Server, scheme: Any) -> None:
    failed = {"status": "failed", "error_code": "provider_timeout", "error_cause": "no byte"}
    texts = ("Hello", REPLY, "And?", "Let me")
    path = await stored(server, f"axe-{scheme}", *texts, rating=-1, rating_comment="No", **failed)
    listing = path.rsplit("/", 3)[0] + "/"
    form = f"{server.url}/admin/chatwidget/widget/1/change/"
    await admin.emulate_media(color_scheme=scheme)
    for address, ours in (
        (f"{path}?q=let", [".cw-conversation"]),
        (listing, [".field-who", ".field-said"]),
        (f"{listing}?q=let&state=open", [".cw-views", ".field-said", "#changelist-filter"]),
        (form, [".cw-notice", ".cw-panel"]),
    ):
        await admin.goto(address)
        await admin.evaluate(AXE.read_text())
        result = await admin.evaluate("(ours) => axe.run(ours)", ours)
        assert result["passes"]
        assert [(found["id"], found["nodes"][0]["html"]) for found in result["violations"]] == []


async def test_numbers_are_plotted_and_a_form_shows_its_chat(admin: Page, server: Server) -> None:
    path = await stored(server, "plotted", "Hello", "Hi", first_chunk_ms=300, total_ms=900)
    desk = path.partition("chatwidget/")[0] + "chatwidget/"
    await admin.set_viewport_size({"width": 390, "height": 800})
    await admin.goto(f"{desk}tally/?from=2026-03-01&to=2026-03-31&widget=plotted")
    # Of failures and ratings there is nothing to be drawn.
    await expect(admin.locator("canvas")).to_have_count(3)
    assert await admin.evaluate("document.documentElement.scrollWidth") <= 390
    # The legend has the table's own words, which are not always Intl's.
    plot = admin.locator(".cw-canvas[data-unit=s]").first
    table = plot.locator("xpath=..").locator(".cw-table")
    values = await table.evaluate(
        "(table) => [...table.tBodies[0].rows].map((row) => row.cells[1].textContent)"
    )
    box = await plot.locator(".u-over").bounding_box()
    [value] = set(values) - {"–"}
    assert box
    x = min(box["width"] * values.index(value) / (len(values) - 1), box["width"] - 1)
    await plot.locator(".u-over").hover(position={"x": x, "y": 20})
    await expect(plot.locator(".u-value").nth(1)).to_have_text(f"{value} s")
    await admin.evaluate(AXE.read_text())
    result = await admin.evaluate("axe.run('.cw-numbers')")
    assert [(each["id"], each["nodes"][0]["html"]) for each in result["violations"]] == []

    await admin.goto(f"{desk}widget/add/")
    frame = admin.frame_locator("#cw-preview iframe >> nth=0")
    title = admin.get_by_label("Title:", exact=True)
    await title.press_sequentially("Typed")
    await expect(frame.get_by_role("heading", name="Typed")).to_be_visible()
    await expect(admin.locator("#cw-preview iframe")).to_have_count(1)
    await expect(title).to_be_focused()
    await admin.get_by_role("button", name="Dark").click()
    await expect(frame.locator("html[data-theme=dark]")).to_have_count(1)
    await admin.get_by_label("Subtitle").fill("At once")
    await expect(frame.get_by_text("At once")).to_be_visible()
