"""A visitor of another site chats with each platform, and the owner reads the transcript."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Protocol

import pytest
from playwright.async_api import Browser, BrowserContext, Error, Page, async_playwright, expect

from tests.browser.embedding import Visit, embed
from tests.conftest import CHROMIUM, OtherSite
from tests.needs import chromium
from tests.platforms import agentix, eigi
from tests.platforms.control import Control, as_new
from tests.providers.conftest import KEYS
from tests.running import Process, Server

OWN = "Hello! How may we help?"
GREETINGS = {"eigi": eigi.FIRST_MESSAGE, "agentix": agentix.WELCOME}


class Open(Protocol):
    def __call__(self, platform: str, agent: str = "agent-1") -> Awaitable[Visit]: ...


@pytest.fixture
async def fakes(platforms: Process) -> AsyncIterator[Control]:
    async with as_new(Control(platforms.url)) as control:
        yield control


configured: dict[str, list[str]] = {}  # this module's widgets, as they are now


async def configure(server: Server, fakes: Control, platform: str, agent: str) -> None:
    """A widget of that platform, by the command that its owner uses."""
    base_url = fakes.url + ("/v1" if platform == "openai" else "")
    options = ["--provider", platform, "--base-url", base_url, "--api-key-stdin"]
    options += [] if platform == "vindex" else ["--agent", agent]
    texts = ["--title", f"The {platform} agent", "--greeting", OWN]
    if configured.get(platform) == options:
        return
    await server.manage("configure_widget", platform, *options, *texts, input=KEYS[platform])
    configured[platform] = options


@pytest.fixture
async def opened(
    context: BrowserContext, server: Server, other_site: OtherSite, fakes: Control
) -> AsyncIterator[Open]:
    """A factory of visits to a site that embeds a platform's widget; none may hear a complaint."""
    visits: list[Visit] = []

    async def make(platform: str, agent: str = "agent-1") -> Visit:
        await configure(server, fakes, platform, agent)
        site = await embed(other_site, server, platform)
        made = Visit(await context.new_page(), site.url, f"The {platform} agent")
        visits.append(made)
        await made.open()
        return made

    yield make
    for each in visits:
        assert each.heard.complaints == []


def answer(turn: int, question: str) -> str:
    return f"Answer {turn} to “{question}” – ✓ naïve 日本語 🙂."


async def stream(chat: Visit, fakes: Control, platform: str) -> None:
    """A reply that is written while the visitor looks, where the platform streams at all."""
    hold = f"pieces-{platform}"
    await chat.send(f"hold:{hold} in pieces")
    await fakes.waiting(hold)
    await expect(chat.stop).to_be_visible()
    for piece in ("Piece by ", "piece, ", "as it comes."):
        await fakes.push(hold, piece)
        if platform != "vindex":
            await expect(chat.theirs.last).to_contain_text(piece.strip())
            await expect(chat.stop).to_be_visible()
    await fakes.end(hold)
    await expect(chat.stop).to_be_hidden()
    await expect(chat.theirs.last).to_contain_text("Piece by piece, as it comes.")


async def in_one_session(fakes: Control, platform: str, questions: list[str]) -> None:
    """The platform has heard the three questions as one conversation."""
    if platform == "openai":  # it keeps none: the history goes along
        last = json.loads((await fakes.log())[-1]["body"])["messages"]
        assert [said["content"] for said in last if said["role"] == "user"] == questions
        return
    sessions = await fakes.sessions()
    (heard,) = [session["messages"] for session in sessions if session["messages"]]
    assert [said["text"] for said in heard if said["role"] == "user"] == questions


async def greeted(chat: Visit, greeting: str) -> None:
    """A platform has two seconds to greet; where a pause of the machine took them, again."""
    for _ in range(5):
        await expect(chat.theirs).to_have_count(1)
        if greeting in await chat.theirs.inner_text():
            return
        shown = await chat.theirs.element_handle()
        await chat.renew.click()
        await shown.wait_for_element_state("hidden")
    raise AssertionError(f"not greeted by {greeting!r}")


@pytest.mark.parametrize("platform", list(KEYS))
async def test_from_the_greeting_to_the_transcript(
    context: BrowserContext, server: Server, fakes: Control, opened: Open, platform: str
) -> None:
    chat = await opened(platform)
    greeting = GREETINGS.get(platform, OWN)
    await greeted(chat, greeting)

    marker = f"zeppelin-{platform}"
    questions = [f"Do you sell a {marker}?", f"hold:pieces-{platform} in pieces", "And in blue?"]
    await chat.ask(questions[0], answer(1, questions[0]))
    await stream(chat, fakes, platform)
    await chat.ask(questions[2], answer(3, questions[2]))
    await in_one_session(fakes, platform, questions)

    # The panel and the conversation come back by themselves.
    await chat.page.reload()
    await expect(chat.mine).to_contain_text(questions)
    replies = [answer(1, questions[0]), "Piece by piece, as it comes.", answer(3, questions[2])]
    await expect(chat.theirs).to_contain_text([greeting, *replies])

    await context.add_cookies(await server.admin_cookies())  # type: ignore[arg-type]
    admin = await context.new_page()
    await admin.goto(f"{server.url}/admin/chatwidget/conversation/")
    await admin.locator("#searchbar").fill(marker)
    await admin.keyboard.press("Enter")
    rows = admin.locator("#result_list tbody tr")
    await expect(rows).to_have_count(1)
    await rows.get_by_role("link").first.click()
    await expect(admin.get_by_role("article", name="Visitor")).to_contain_text(questions)
    await expect(admin.get_by_role("article", name="Agent")).to_contain_text([greeting, *replies])


@pytest.mark.parametrize("platform", list(KEYS))
async def test_a_key_never_leaves_the_server(
    context: BrowserContext, server: Server, fakes: Control, opened: Open, platform: str
) -> None:
    """Looked for in all that can be had: by visitors, by embedding pages, and by who may read."""
    chat = await opened(platform)
    await chat.ask("Where is my parcel?", answer(1, "Where is my parcel?"))
    await chat.send("fault:echo-key")  # an error, with the key in its text
    await expect(chat.retry).to_be_visible()
    seen = {
        "what was loaded": "\n".join(await chat.heard.bodies()),
        "frames": "\n".join(chat.heard.frames),
        "the frame": await chat.page.frames[1].content(),
        "the log": server.log,
        "an export": (await server.manage("export_transcripts", platform)).stdout,
    }
    database = Path(server.variables["DATABASE_URL"].removeprefix("sqlite:///"))
    files = database.parent.glob(f"{database.name}*")  # its log of writes is a part of it
    seen["the database"] = "\n".join(file.read_bytes().decode("utf-8", "replace") for file in files)
    client = await server.admin()
    listed = (await client.get(f"/admin/chatwidget/conversation/?q=parcel&widget={platform}")).text
    seen["the list"] = listed
    for path in sorted(set(re.findall(r"/admin/chatwidget/conversation/[^/\"]+/change/", listed))):
        seen[path] = (await client.get(path)).text
    widgets = (await client.get("/admin/chatwidget/widget/")).text
    for path in sorted(set(re.findall(r"/admin/chatwidget/widget/\d+/change/", widgets))):
        seen[path] = (await client.get(path)).text
    await client.aclose()

    key = KEYS[platform]
    assert [place for place, text in seen.items() if key in text] == []
    # It was looked for where it could have been found.
    used = json.dumps([request["headers"] for request in await fakes.log()])
    assert key in used
    for place in ("frames", "the frame", "an export", "the database", "the list"):
        assert "Where is my parcel?" in seen[place], place
    assert f"widget={platform}" in seen["the log"]
    assert any(key[-4:] in text for place, text in seen.items() if "/widget/" in place)


async def test_products_of_agentix(opened: Open) -> None:
    chat = await opened("agentix")
    await chat.ask("Show me products", "Answer 1")
    product = chat.frame.get_by_role("list", name="Products").get_by_role("article")
    await expect(product).to_have_count(1)
    await expect(product).to_contain_text(agentix.PRODUCT["title"])
    await expect(product).to_contain_text(agentix.PRODUCT["price"])
    link = product.get_by_role("link", name=agentix.PRODUCT["title"])
    await expect(link).to_have_attribute("href", agentix.PRODUCT["url"])
    # The widget's owner has not allowed the host of its picture: nobody has asked for it.
    await expect(product.get_by_role("img")).to_have_count(0)
    await chat.page.reload()
    await expect(product).to_contain_text(agentix.PRODUCT["price"])


@pytest.mark.parametrize("platform", list(KEYS))
async def test_a_failed_reply_is_tried_again(opened: Open, platform: str) -> None:
    chat = await opened(platform)
    await chat.send("fault:502-once")
    await expect(chat.theirs.last).to_contain_text("cannot be reached")
    await chat.retry.click()
    await expect(chat.good).to_be_visible()
    await expect(chat.retry).to_be_hidden()
    await expect(chat.theirs.last).to_contain_text("to “fault:502-once”")
    await expect(chat.articles).to_have_count(3)


async def test_a_reply_is_stopped(fakes: Control, opened: Open) -> None:
    chat = await opened("eigi")
    await chat.send("hold:stopped")
    await fakes.push("stopped", "So far, ")
    await expect(chat.theirs.last).to_contain_text("So far,")
    await chat.stop.click()
    await fakes.over("stopped")  # the platform's connection is closed, too
    await expect(chat.retry).to_be_visible()
    await expect(chat.theirs.last).to_contain_text("So far,")
    await chat.ask("say:Go on.", "Go on.")


async def test_a_new_conversation_is_a_new_session(fakes: Control, opened: Open) -> None:
    chat = await opened("vindex")
    await chat.ask("The first", answer(1, "The first"))
    await chat.renew.click()
    await expect(chat.articles).to_have_count(1)
    await expect(chat.theirs).to_contain_text([OWN])
    await chat.ask("The second", answer(1, "The second"))
    assert len(await fakes.sessions()) == 2


async def test_two_tabs_are_in_step(fakes: Control, opened: Open) -> None:
    chat = await opened("agentix")
    await chat.ask("In the first tab", answer(1, "In the first tab"))
    other = await chat.another()
    await other.page.goto(other.url)
    await other.launcher.click()
    await expect(other.mine).to_contain_text(["In the first tab"])
    await other.send("hold:both")
    await fakes.push("both", "Seen by both.")
    for tab in (chat, other):
        await expect(tab.mine).to_contain_text(["In the first tab", "hold:both"])
        await expect(tab.theirs.last).to_contain_text("Seen by both.")
    await chat.stop.click()
    for tab in (chat, other):
        await expect(tab.stop).to_be_hidden()
        await expect(tab.retry).to_be_visible()
    await other.renew.click()
    await expect(chat.articles).to_have_count(1)
    assert other.heard.complaints == []


async def test_what_is_written_offline_is_sent_once(fakes: Control, opened: Open) -> None:
    chat = await opened("eigi")
    await chat.offline()
    await chat.send("Written on a train")
    await expect(chat.mine).to_contain_text(["Written on a train"])
    await chat.online()
    await expect(chat.theirs.last).to_contain_text(answer(1, "Written on a train"))
    await expect(chat.mine).to_have_count(1)
    (heard,) = [said["messages"] for said in await fakes.sessions() if said["messages"]]
    assert [said["role"] for said in heard] == ["user", "assistant"]


@pytest.fixture
async def denied() -> AsyncIterator[Page]:
    """A page of a browser that denies its storage to frames of other sites."""
    feature = "--disable-features=ThirdPartyStoragePartitioning,"
    args = [each.replace("--disable-features=", feature) for each in CHROMIUM]
    async with async_playwright() as playwright:
        made: Browser = await playwright.chromium.launch(
            executable_path=chromium(windows=True), args=args
        )
        yield await made.new_page()
        await made.close()


async def test_where_storage_is_denied_the_visitor_is_remembered_by_the_page(
    denied: Page, server: Server, other_site: OtherSite, fakes: Control
) -> None:
    await configure(server, fakes, "vindex", "")
    site = await embed(other_site, server, "vindex")
    chat = Visit(denied, site.url, "The vindex agent")
    await chat.open()
    with pytest.raises(Error, match="denied"):
        await denied.frames[1].evaluate("localStorage.length")
    await chat.ask("Do you know me?", answer(1, "Do you know me?"))
    await chat.offline()
    await chat.online()
    await chat.ask("Still?", answer(2, "Still?"))
    await expect(chat.articles).to_have_count(5)
    await denied.reload()
    await expect(chat.articles).to_have_count(1)
    assert chat.heard.complaints == []
