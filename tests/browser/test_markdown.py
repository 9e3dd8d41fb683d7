"""Streamed Markdown in a real browser: what comes of it, however it is cut, and what never does."""

from __future__ import annotations

import json
import math
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.fake import FakeServer, message, ready
from tests.browser.moments import moment
from tests.browser.texts import PIECES, REPEATED
from tests.conftest import OtherSite
from tests.running import Server

ROOT = Path(__file__).resolve().parents[2]
FRONTEND = ROOT / "chatwidget/frontend"
CASES = json.loads((ROOT / "tests/fixtures/markdown.json").read_text(encoding="utf-8"))
HOSTILE = json.loads((ROOT / "tests/fixtures/markdown_hostile.json").read_text(encoding="utf-8"))
# As strict as the frame's own.
POLICY = "default-src 'none'; script-src 'self'; img-src 'self'; require-trusted-types-for 'script'"


@pytest.fixture(scope="session")
def script() -> str:
    """markdown_page.ts, as its server would send it."""
    esbuild = [str(FRONTEND / "node_modules/.bin/esbuild"), "--bundle", "--charset=utf8"]
    entry = str(ROOT / "tests/browser/markdown_page.ts")
    return subprocess.run([*esbuild, entry], check=True, capture_output=True).stdout.decode()


@pytest.fixture
async def sheet(page: Page, other_site: OtherSite, script: str) -> Page:
    """A page on which Markdown can be rendered."""
    html = '<!doctype html><meta charset="utf-8"><script src="/page.js"></script>'
    site = await other_site({"/": (html, {"Content-Security-Policy": POLICY}), "/page.js": script})
    await page.goto(f"{site.url}/")
    return page


async def test_each_case_comes_out_as_written(sheet: Page) -> None:
    texts = [case["markdown"] for case in CASES]
    made = await sheet.evaluate("texts => texts.map(text => render([text]))", texts)
    names = [case["name"] for case in CASES]
    wanted = [case["html"] for case in CASES]
    assert dict(zip(names, made, strict=True)) == dict(zip(names, wanted, strict=True))


async def test_the_nodes_are_the_same_however_the_text_is_cut(sheet: Page) -> None:
    seed = 20261121  # any other will do
    texts = [case["markdown"] for case in (*CASES, *HOSTILE)]
    texts += await sheet.evaluate("given => invent(...given)", [PIECES, 1500, seed])
    assert await sheet.evaluate("given => unstable(...given)", [texts, seed]) == [], f"seed {seed}"


async def test_a_long_hostile_text_takes_time_in_proportion(sheet: Page) -> None:
    """Four times the text in at most ten times the time, or soon anyway; a busy machine's pauses
    aside: what seems slow is looked at again, and the shortest times count."""
    seems_slow = dict.fromkeys(REPEATED, (math.inf, math.inf))
    for _ in range(5):
        for piece, (short, long) in list(seems_slow.items()):
            short = min(short, await sheet.evaluate("piece => time(piece, 10_000)", piece))
            long = min(long, await sheet.evaluate("piece => time(piece, 40_000)", piece))
            seems_slow[piece] = (short, long)
            if long <= max(10 * short, 500):
                del seems_slow[piece]
    assert seems_slow == {}


async def test_what_is_shown_stays(sheet: Page) -> None:
    """A reply without mistakes in its Markdown never takes a node back: nothing flickers."""
    text = (
        "# Title\n\nSome **bold and *both* here**, `code`, [a link](https://shop.example), ~~no~~."
        "\n\n"
        "- one\n- two with **bold**\n  1. deep\n\n> a quote\n\n```js\nlet x = 1;\n```\n\n"
        "- [x] done\n\nEnd."
    )
    assert await sheet.evaluate("text => removals(text)", text) == 0


@pytest.mark.parametrize("text", ["We ship both", "Yes!", "**Yes!", "a\n\nIt was rough"])
async def test_words_do_not_wait_for_what_may_follow(sheet: Page, text: str) -> None:
    shown = await sheet.evaluate(
        """text => {
          const root = document.createElement("div");
          new MarkdownStream(root).write(text);
          return root.textContent;
        }""",
        text,
    )
    assert shown == re.sub(r"[*\n]", "", text)


async def test_a_table_is_not_shown_as_its_source_first(sheet: Page) -> None:
    shown = await sheet.evaluate(
        """() => {
          const root = document.createElement("div");
          document.body.append(root);
          const stream = new MarkdownStream(root);
          const seen = new Set();
          for (const character of "| a | b |\\n|---|---|\\n| 1 | 2 |\\n") {
            stream.write(character);
            seen.add(root.innerText.includes("|"));
          }
          stream.end();
          return [[...seen], root.querySelectorAll("td").length];
        }"""
    )
    assert shown == [[False], 2]


async def test_code_is_copied(sheet: Page) -> None:
    await sheet.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await sheet.evaluate("render(['```py\\nx = 1\\ny = 2\\n```'], document.body)")
    copy = sheet.get_by_role("button", name="Copy", exact=True)
    async with moment(copy, "textContent", "Copied"):
        await copy.click()
    assert await sheet.evaluate("navigator.clipboard.readText()") == "x = 1\ny = 2\n"
    await expect(copy).to_be_visible()


# What must not come of any text, as seen in the DOM afterwards.
PROBLEMS = """(roots) => {
  const plain = new RegExp("^(a|b|blockquote|br|button|code|del|details|div|em|h[1-6]|hr|i|ins|" +
    "kbd|li|mark|ol|p|pre|s|small|span|strong|sub|summary|sup|table|tbody|td|th|thead|tr|u|ul)$");
  const known = new RegExp("^(href|target|rel|title|class|start|align|tabindex|type|aria-label|" +
    "aria-hidden|hidden)$");
  const drawn = new RegExp("^(math|m(frac|i|multiscripts|n|o|over|padded|phantom|prescripts|root|" +
    "row|space|sqrt|style|sub|subsup|sup|table|td|text|tr|under|underover)|none)$");
  const problems = window.pwned === undefined ? [] : ["a script ran"];
  for (const root of roots) {
    for (const element of root.querySelectorAll("*")) {
      if (element instanceof MathMLElement) {
        const strange = [...element.attributes].some(({ name, value }) =>
          /^(on|href|src|style|class|id)|:/.test(name) || /script|url|http/i.test(value));
        if (strange || !drawn.test(element.localName)) problems.push(element.outerHTML);
        continue;
      }
      if (!plain.test(element.localName)) problems.push(element.outerHTML);
      if (/(^| )(?!md-|$)/.test(element.className)) problems.push(element.outerHTML);
      for (const { name } of element.attributes) {
        if (!known.test(name)) problems.push(element.outerHTML);
      }
      if (element.localName !== "a") continue;
      if (!/^(https?|mailto|tel):$/.test(element.protocol)) problems.push(element.outerHTML);
      if (element.rel !== "noopener noreferrer nofollow") problems.push(element.outerHTML);
      if (element.target !== "_blank") problems.push(element.outerHTML);
    }
    const text = root.textContent;
    if (/[\\u202a-\\u202e\\u2066-\\u2069]/.test(text)) problems.push("the direction is reversed");
  }
  return problems;
}"""


DEPTH = """(root) => {
  let most = 0;
  for (const element of root.querySelectorAll("*")) {
    let depth = 0;
    for (let each = element; each !== root; each = each.parentElement) depth++;
    most = Math.max(most, depth);
  }
  return most;
}"""


async def test_hostile_text_is_text(sheet: Page) -> None:
    """Whole, and at every moment while it comes by the character."""
    asked: list[str] = []
    sheet.on("request", lambda request: asked.append(request.url))
    problems: dict[str, Any] = {}
    for case in HOSTILE:
        await sheet.evaluate(
            "text => { document.body.replaceChildren(); render([text], document.body) }",
            case["markdown"],
        )
        found = await sheet.evaluate(f"({PROBLEMS})([document.body])")
        deep = await sheet.evaluate(f"({DEPTH})(document.body)")
        growing = await sheet.evaluate(
            f"text => whileItComes(text, () => ({PROBLEMS})([document.body]))", case["markdown"]
        )
        if found or growing or deep > 100:
            problems[case["name"]] = (found, growing, deep)
    assert (problems, asked) == ({}, [])


@pytest.fixture
async def visited(page: Page, server: Server) -> AsyncIterator[FakeServer]:
    """The widget's own page under its own policy, which notes whatever a reply does to it."""
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda line: troubles.append(line.text))
    page.on("dialog", lambda dialog: troubles.append(dialog.message))
    page.on("popup", lambda popup: troubles.append(popup.url))
    fake = await FakeServer(page).take()
    await page.goto(f"{server.url}/chatwidget/demo/")
    await fake.heard("hello")
    # The page asks for its own icon as late as it likes.
    page.on(
        "request",
        lambda request: (
            None
            if request.url.endswith(("/markdown.js", "/math.js", "/chatwidget/icon.svg"))
            else troubles.append(request.url)
        ),
    )
    yield fake
    replies = "document.querySelectorAll('.theirs .body')"
    assert await page.evaluate(f"({PROBLEMS})({replies})") == []
    assert await page.evaluate("window.pwned") is None
    assert await page.evaluate("document.title") == "Demo"
    assert page.url == f"{server.url}/chatwidget/demo/"
    assert troubles == []


async def drawn(page: Page) -> None:
    """Until the last reply is shown, and no formula waits to be drawn."""
    await expect(page.get_by_role("log").get_by_text("This is the end.")).to_be_visible()
    math = page.locator(".md-math", has_text="the_end")
    await expect(math.locator("math")).to_be_attached()


END = "$the_end$ This is the end."


async def test_hostile_replies_do_nothing_in_the_frame(page: Page, visited: FakeServer) -> None:
    texts = [*(case["markdown"] for case in HOSTILE), END]
    replies = [message(number, "assistant", text) for number, text in enumerate(texts, 1)]
    visited.say(ready(*replies))
    await drawn(page)
    await expect(page.get_by_role("log").get_by_role("article")).to_have_count(len(replies))


async def test_hostile_replies_that_stream_do_nothing_in_the_frame(
    page: Page, visited: FakeServer
) -> None:
    """One after the other, in small deltas."""
    visited.say(ready())
    # No server lets a NUL pass, and the longest are long by repetition.
    texts = [case["markdown"].replace("\0", "")[:2000] for case in HOSTILE]
    for number, text in enumerate([*texts, END], 1):
        reply = message(number, "assistant", "", status="streaming")
        visited.say({"type": "message", "message": reply})
        for offset in range(0, len(text), 37):
            delta = {"offset": offset, "text": text[offset : offset + 37]}
            visited.say({"type": "delta", "id": reply["id"], **delta})
        done = {"type": "done", "id": reply["id"], "status": "complete", "length": len(text)}
        visited.say(done)
    await drawn(page)
