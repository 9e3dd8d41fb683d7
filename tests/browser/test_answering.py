"""A person of the staff answers in the place of the agent: two browsers, one server."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.fake import send
from tests.running import Server

NAMES = """
from django.contrib.auth import get_user_model
get_user_model().objects.update(first_name="Ana", last_name="Rojas")
"""


async def open_newest(staff: Page, server: Server) -> None:
    """The transcript of the conversation that somebody wrote in last."""
    await staff.goto(f"{server.url}/admin/chatwidget/conversation/")
    await staff.locator("#result_list tbody th a").first.click()


@pytest.fixture
async def visitor(browser: Browser) -> AsyncIterator[Page]:
    """A page of somebody else's browser."""
    context = await browser.new_context(locale="en-US")
    yield await context.new_page()
    await context.close()


async def test_a_person_takes_over_answers_and_hands_back(
    visitor: Page, context: BrowserContext, server: Server
) -> None:
    await server.manage("shell", "-v0", "-c", NAMES)
    await visitor.goto(f"{server.url}/chatwidget/demo/")
    log = visitor.get_by_role("log", name="Conversation")
    await send(visitor, "Hello?")
    await expect(visitor.get_by_role("button", name="Good reply")).to_be_visible()

    await context.add_cookies(await server.admin_cookies())  # type: ignore[arg-type]
    staff = await context.new_page()
    errors: list[str] = []
    staff.on("pageerror", lambda error: errors.append(str(error)))
    await open_newest(staff, server)
    await staff.get_by_role("button", name="Take over").click()
    await expect(log.get_by_text("Ana Rojas joined")).to_be_visible()
    await expect(staff.get_by_text("You have this conversation")).to_be_visible()

    # Both see that the other writes, and then what.
    await visitor.get_by_role("textbox", name="Message").press_sequentially("Are you")
    await expect(staff.get_by_text("The visitor is writing…")).to_be_visible()
    await visitor.get_by_role("textbox", name="Message").fill("Are you a person?")
    await visitor.keyboard.press("Enter")
    await expect(staff.get_by_role("article", name="Visitor").last).to_contain_text("a person?")
    await expect(staff.get_by_text("The visitor is writing…")).to_be_hidden()
    reply = staff.get_by_role("textbox", name="Reply to the visitor")
    await reply.press_sequentially("I am")
    await expect(visitor.get_by_role("img", name="Ana Rojas is typing")).to_be_visible()
    await reply.fill("I am. See https://shop.example/")
    await reply.press("Enter")
    answer = log.get_by_role("article", name=re.compile("^Ana Rojas,"))
    await expect(answer).to_contain_text("Ana Rojas")
    await expect(answer.get_by_role("link")).to_have_text("https://shop.example/")
    await expect(answer.get_by_role("button", name="Good reply")).to_have_count(0)
    await expect(visitor.get_by_role("img", name="Ana Rojas is typing")).to_be_hidden()
    await expect(staff.get_by_role("article", name="Ana Rojas").last).to_contain_text("I am.")
    await expect(reply).to_have_value("")

    # What one sends oneself is looked at, wherever the page stood.
    await reply.fill("One line.\n" * 80)
    await reply.press("Enter")
    await expect(staff.get_by_role("article", name="Ana Rojas").last).to_contain_text("One line.")
    await staff.evaluate("scrollTo(0, 0)")
    await reply.fill("That was long.")
    await reply.press("Enter")
    await expect(staff.get_by_text("That was long.")).to_be_in_viewport()

    # What a screen reader is told names who says it.
    await expect(visitor.locator("#announcer")).to_contain_text("Ana Rojas: I am.")

    # What is left unanswered is the agent's, at once.
    await send(visitor, "And what is the weather?")
    await expect(staff.get_by_role("article", name="Visitor").last).to_contain_text("weather")
    await staff.get_by_role("button", name="Hand back").click()
    await expect(log.get_by_text("Ana Rojas left")).to_be_visible()
    await expect(visitor.get_by_role("button", name="Good reply")).to_have_count(2)
    await expect(staff.get_by_role("button", name="Take over")).to_be_visible()
    shown = await log.get_by_role("article").all_inner_texts()
    await visitor.reload()
    await expect(log.get_by_role("article")).to_have_count(len(shown))
    await staff.reload()
    drawn = staff.locator(".cw-line")
    await expect(drawn).to_have_count(len(shown))
    assert errors == []


async def test_a_visitor_asks_for_a_person_and_the_live_list_tells(
    visitor: Page, context: BrowserContext, server: Server
) -> None:
    await server.manage("shell", "-v0", "-c", NAMES)
    await server.manage("configure_widget", "people", "--provider", "demo", "--offer-person")
    await context.add_cookies(await server.admin_cookies())  # type: ignore[arg-type]
    staff = await context.new_page()
    errors: list[str] = []
    staff.on("pageerror", lambda error: errors.append(str(error)))
    await staff.goto(f"{server.url}/admin/")
    await staff.get_by_role("link", name="Live", exact=True).first.click()
    listed = staff.get_by_role("list", name="Live conversations").get_by_role("listitem")

    await visitor.goto(f"{server.url}/chatwidget/people/")
    ask = visitor.get_by_role("button", name="Ask for a person")
    await ask.click()
    log = visitor.get_by_role("log", name="Conversation")
    await expect(log.get_by_text("You asked for a person.")).to_be_visible()
    await expect(ask).to_be_hidden()
    line = listed.filter(has_text="People").filter(has_text="waits for a person")
    await expect(line).to_contain_text("here now")
    await expect(staff).to_have_title(re.compile(r"^\(1\) Live"))
    await send(visitor, "It is about my order.")
    await expect(line).to_contain_text("It is about my order.")
    await expect(line).to_contain_text("unread: 1")

    await line.get_by_role("link").click()
    await expect(
        staff.get_by_role("status").get_by_text("The visitor asks for a person.")
    ).to_be_visible()
    await staff.get_by_role("button", name="Take over").click()
    await expect(log.get_by_text("Ana Rojas joined")).to_be_visible()
    await staff.go_back()
    mine = listed.filter(has_text="It is about my order.")
    await expect(mine).to_contain_text("you have it")
    await expect(mine).not_to_contain_text("unread")
    await visitor.close()
    await expect(mine).to_contain_text("not here")
    assert errors == []


async def test_a_colleague_whose_answer_is_there_writes_no_more(
    visitor: Page, browser: Browser, context: BrowserContext, server: Server
) -> None:
    await server.manage("create_owner", "zoe", "--password-stdin", input="zoe-and-the-lamps\n")
    await visitor.goto(f"{server.url}/chatwidget/demo/")
    await send(visitor, "Hello?")
    await expect(visitor.get_by_role("button", name="Good reply")).to_be_visible()
    await context.add_cookies(await server.admin_cookies())  # type: ignore[arg-type]
    staff = await context.new_page()
    await open_newest(staff, server)
    await expect(staff.get_by_role("button", name="Take over")).to_be_enabled()
    theirs = await browser.new_context(locale="en-US")
    zoe = await theirs.new_page()
    await zoe.goto(f"{server.url}/admin/login/?next={staff.url.removeprefix(server.url)}")
    await zoe.locator("#id_username").fill("zoe")
    await zoe.locator("#id_password").fill("zoe-and-the-lamps")
    await zoe.keyboard.press("Enter")
    await zoe.get_by_role("button", name="Take over").click()
    reply = zoe.get_by_role("textbox", name="Reply to the visitor")
    await reply.press_sequentially("Good")
    await expect(staff.get_by_text("zoe is writing…")).to_be_visible()
    await reply.press_sequentially(" day")
    await reply.press("Enter")
    answer = staff.get_by_role("article", name="zoe").last
    await expect(answer).to_contain_text("Good day")
    assert not await staff.locator(".cw-writing").inner_text()  # which would go by itself in time
    await theirs.close()


async def test_the_live_list_has_the_sites_clock(
    visitor: Page, browser: Browser, server: Server
) -> None:
    await visitor.goto(f"{server.url}/chatwidget/demo/")
    await send(visitor, "What time is it?")
    far = await browser.new_context(locale="en-US", timezone_id="Asia/Tokyo")
    await far.add_cookies(await server.admin_cookies())  # type: ignore[arg-type]
    staff = await far.new_page()
    await staff.goto(f"{server.url}/admin/chatwidget/handover/")
    line = staff.get_by_role("listitem").filter(has_text="What time is it?")
    shown = line.locator("time")
    at = datetime.fromisoformat(await shown.get_attribute("datetime") or "").astimezone(UTC)
    await expect(shown).to_have_text(re.compile(rf"^{at.hour % 12 or 12}:{at:%M}\s{at:%p}$"))
    await far.close()


async def test_out_of_hours_the_visitor_leaves_an_address(page: Page, server: Server) -> None:
    closed = ("--office-hours", "Mon 00:00-00:01", "--office-hours", "Thu 00:00-00:01")
    day = datetime.now(UTC).weekday()
    hours = closed[:2] if day in (2, 3) else closed[2:]  # neither today nor tomorrow
    given = ("--offer-person", *hours, "--away-text", "We are asleep.")
    await server.manage("configure_widget", "out-of-hours", "--provider", "demo", *given)
    await page.goto(f"{server.url}/chatwidget/out-of-hours/")
    await page.get_by_role("button", name="Ask for a person").click()
    await expect(page.get_by_role("log").get_by_text("We are asleep.")).to_be_visible()
    form = page.get_by_role("form", name="Leave your address")
    await expect(form).to_be_visible()
    # Another page of the site has the chat anew; the way to the form is still there.
    await page.reload()
    again = page.get_by_role("button", name="Leave your address")
    await again.click()
    await form.get_by_role("button", name="Cancel").click()
    other = await page.context.new_page()
    await other.goto(page.url)
    offered = other.get_by_role("button", name="Leave your address")
    await expect(offered).to_be_visible()
    await again.click()
    await form.get_by_role("textbox", name="Email").fill("ada@example.com")
    await form.get_by_role("button", name="Leave your address").click()
    await expect(form).to_be_hidden()
    await expect(page.get_by_text("The answer will go to ada@example.com.")).to_be_visible()
    await expect(again).to_be_hidden()
    await expect(offered).to_be_hidden()
    await other.close()
    await send(page, "Please write to me.")
    await expect(page.get_by_role("button", name="Good reply").first).to_be_visible()
    exported = await server.manage("export_transcripts", "out-of-hours")
    conversation = json.loads(exported.stdout)
    assert conversation["visitor"]["email"] == "ada@example.com"
    assert "away" in [message.get("event") for message in conversation["messages"]]
