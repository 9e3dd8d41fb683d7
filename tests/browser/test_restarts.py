"""The server goes away in the middle of a reply, and comes back; the page stays where it is."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.embedding import Visit, embed
from tests.conftest import OtherSite, Serve
from tests.running import Server


@pytest.fixture
async def server(serve: Serve) -> Server:
    return await serve({"CHATWIDGET_DRAIN_SECONDS": "30"})


@pytest.fixture
async def chat(page: Page, server: Server, other_site: OtherSite) -> Visit:
    site = await embed(other_site, server, "demo")
    made = Visit(page, site.url, "Demo")
    await made.open()
    return made


async def test_a_killed_server(chat: Visit, server: Server) -> None:
    await chat.send("long")
    await expect(chat.theirs.last).to_contain_text("Chapter 4")
    await server.kill()
    await expect(chat.status).to_contain_text("Reconnecting")
    await chat.send("list")  # waits for the server, as what was typed offline does
    await server.restart()

    # What was stored is there, it says that it broke off, and the next message is answered.
    await expect(chat.theirs.last).to_contain_text("delivery by balloon")
    await expect(chat.mine).to_have_count(2)
    await expect(chat.articles).to_have_count(5)
    broken = chat.theirs.nth(1)
    await expect(broken).to_contain_text("Chapter 1")
    await expect(broken).to_contain_text("The answer was cut off.")


async def test_an_interrupted_reply_is_tried_again(chat: Visit, server: Server) -> None:
    configure = ("configure_widget", "demo", "--provider", "demo", "--option")
    await server.manage(*configure, "pace=1")  # far from its end, however long the rest takes
    await chat.send("list")
    await expect(chat.theirs.last).to_contain_text("What happens")
    await server.kill()
    await server.manage(*configure, "pace=0")
    await server.restart()
    await expect(chat.retry).to_be_visible()
    await chat.retry.click()
    await expect(chat.theirs.last).to_contain_text("delivery by balloon")
    await expect(chat.good).to_have_count(1)
    await expect(chat.articles).to_have_count(3)


async def test_a_server_that_is_told_to_end(chat: Visit, server: Server) -> None:
    await chat.send("slow")
    await expect(chat.theirs.last).to_contain_text("Every word")
    await server.terminate()  # it writes the reply to its end first
    await server.restart()
    await expect(chat.theirs.last).to_contain_text("as if I had to think hard.")
    await expect(chat.good).to_have_count(1)
    await expect(chat.retry).to_be_hidden()
    await expect(chat.articles).to_have_count(3)
