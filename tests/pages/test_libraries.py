"""Libraries that change what a page's scripts find: jQuery, and Prototype.js."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.pages.visit import PLACE, Visit

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title>
{head}</head><body><h1>A shop</h1><main></main>{body}</body></html>"""
JQUERY = '<script src="/{}/dist/jquery.min.js"></script>'
WAYS = {
    "append": "$('body').append(tag)",
    "html": "$('main').html(tag)",
    "a tag's own address": "$('<script>').attr('src', $(tag).attr('src')).appendTo('head')",
    "load": "$('main').load('/fragment')",
    "getScript": "$.getScript($(tag).attr('src'))",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("version", ["jquery-3", "jquery-4"])
async def test_jquery_brings_the_tag(visit: Visit, version: str, way: str) -> None:
    visit.pages["/fragment"] = f"<p>A part</p>{visit.tag}"
    head = JQUERY.format(version)
    tag = visit.tag.replace("</", "<\\/")
    visit.pages["/"] = PAGE.format(head=head, body=f"<script>tag = '{tag}'; {WAYS[way]}</script>")
    await visit.come()
    await visit.open()
    await visit.chats()
    # Once more, as when the same part of the page is loaded again.
    await visit.page.evaluate(f"() => {{ {WAYS[way]} }}")
    await visit.chats()
    await expect(visit.launcher).to_have_count(1)


@pytest.mark.parametrize("version", ["jquery-3", "jquery-4"])
async def test_jquery_empties_and_fills_the_place_of_a_chat(visit: Visit, version: str) -> None:
    body = visit.inline_tag
    visit.pages["/"] = PAGE.format(head=JQUERY.format(version), body=body)
    await visit.come()
    for _ in range(2):
        await visit.page.evaluate(f"() => {{ $('main').html('{PLACE}') }}")
        await visit.chats()
        await visit.page.evaluate("() => { $('main').empty() }")
        await expect(visit.iframe).to_have_count(0)


PROTOTYPE = Path("/usr/share/javascript/prototype/prototype.js")


@pytest.mark.skipif(not PROTOTYPE.exists(), reason="apt-get install libjs-prototype")
async def test_prototype_js(visit: Visit) -> None:
    """Its `remove()` returns the element, its arrays have an enumerable `toJSON`."""
    visit.pages["/prototype.js"] = PROTOTYPE.read_text()
    head = '<script src="/prototype.js"></script>'
    visit.pages["/"] = PAGE.format(head=head, body=visit.tag)
    frame = f"{visit.server.url}/chatwidget/demo/?*"
    await visit.page.route(frame, lambda route: route.abort())
    await visit.come()
    await visit.launcher.click()
    await expect(visit.page.get_by_role("button", name="Try again")).to_be_visible()
    await visit.launcher.click()
    await visit.page.unroute_all()
    visit.complaints.clear()  # the frame that was refused
    await visit.page.evaluate("ChatWidget.identify({ id: 'a1', tags: ['vip'] })")
    await visit.open()
    await visit.chats()
