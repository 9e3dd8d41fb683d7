"""However the script gets onto a page: it finds its own address, or says that it cannot."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import expect

from tests.browser.shop import Shop

SRC = "{url}/chatwidget/demo.js"
WAYS = {
    "module": '<script type="module" src="%s" data-color="#0f766e"></script>',
    "crossorigin": '<script src="%s" crossorigin="anonymous" data-color="#0f766e"></script>',
    "import": '<script type="module">await import("%s")</script>',
    "evaluated": """<script type="text/plain" src="%s" data-color="#0f766e"></script>
      <script>fetch(document.scripts[0].src).then(r => r.text()).then(code => {
        const script = document.createElement("script");
        script.text = code;
        document.head.appendChild(script).remove();
      })</script>""",
    "appended and removed": """<script>
      const script = document.createElement("script");
      script.src = "%s";
      script.dataset.color = "#0f766e";
      script.onload = () => script.remove();
      document.head.append(script);
      script.remove();
    </script>""",
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_it_works_however_it_is_loaded(shop: Shop, way: str) -> None:
    await shop.show(body=way % SRC.format(url=shop.server.url))
    await expect(shop.launcher).to_be_visible()
    if "data-color" in way or "dataset" in way:
        await expect(shop.launcher).to_have_css("background-color", "rgb(15, 118, 110)")
    await shop.open()
    await expect(shop.frame.get_by_role("article")).to_have_count(1)


@pytest.mark.parametrize("kind", ["inlined", "bundled"])
async def test_where_it_cannot_it_says_so_and_harms_nothing(shop: Shop, kind: str) -> None:
    async with shop.server.client() as client:
        code = (await client.get("/chatwidget/demo.js")).text
    shop.pages["/bundle.js"] = f"{code};window.rest = 1"
    tag = f"<script>{code}</script><script>rest = 1</script>"
    await shop.show(body=tag if kind == "inlined" else '<script src="/bundle.js"></script>')
    await shop.page.wait_for_function("window.rest === 1")
    await expect(shop.page.locator("chat-widget")).to_have_count(0)
    [complaint] = shop.complaints
    assert "demo.js must be loaded from its own address" in complaint
    shop.complaints.clear()


@pytest.mark.parametrize(
    "before",
    [
        "<script>window.ChatWidget = { theme: 'of the page itself' }</script>",
        '<div id="ChatWidget"></div>',
        "<script>window.ChatWidget = 'a text'</script>",
    ],
)
async def test_a_global_that_is_something_else(shop: Shop, before: str) -> None:
    await shop.show(body=before + shop.tag)
    await expect(shop.launcher).to_be_visible()
    await shop.page.evaluate("ChatWidget.open()")
    await expect(shop.text).to_be_focused()


async def test_a_misspelt_command_ends_no_other(shop: Shop) -> None:
    commands = [["opne"], None, ["on", "open"], ["identify", {"name": "Ada"}], ["open"]]
    before = f"<script>ChatWidget = {json.dumps(commands)}</script>"
    await shop.show(body=before + shop.tag)
    await expect(shop.text).to_be_visible()
    told = [line for line in shop.complaints if line.startswith("chatwidget:")]
    assert len(told) >= 2 and "opne" in told[0]
    shop.complaints.clear()


LAUNCHERS = {
    "EN": "Open chat",
    "JA": "チャット",
    "ja_JP": "チャット",
    "arn": "Chat",
    "hil": "Chat",
    "hi-IN": "चैट",
    "zh": "聊天",
    "zh-CN": "聊天",
    "zh-TW": "Chat",
    "zh-Hant-HK": "Chat",
}


@pytest.mark.parametrize("lang", LAUNCHERS)
async def test_the_launcher_speaks_as_its_frame_does(shop: Shop, lang: str) -> None:
    """The frame, where the page's language is none of ours, the browser's."""
    await shop.show(body=f"<script>document.documentElement.lang = '{lang}'</script>{shop.tag}")
    await expect(shop.launcher).to_have_accessible_name(LAUNCHERS[lang])
    await shop.launcher.click()
    ours = lang[:2].lower() if LAUNCHERS[lang] != "Chat" else "en"
    await expect(shop.frame.locator("html")).to_have_attribute(
        "lang", {"zh": "zh-hans"}.get(ours, ours)
    )


async def test_strangers_attributes_stay_on_the_page(shop: Shop) -> None:
    own = 'data-theme="dark" data-font="Georgia" data-x="40"'
    other = 'data-cfasync="false" data-user-email="ada@shop.example" data-id="7"'
    await shop.show(body=shop.tag.replace("<script", f"<script {own} {other}"))
    await shop.launcher.click()
    src = await shop.iframe.get_attribute("src")
    assert src == f"{shop.server.url}/chatwidget/demo/?lang=en&theme=dark&font=Georgia#soon"
