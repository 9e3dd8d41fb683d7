"""The form before the first message."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.fake import GREETING, FakeServer, Frame, accepted, configure, greet, ready, send

PRECHAT = {
    "name": "optional",
    "email": "required",
    "consent": "My messages may be stored.",
    "version": "2",
}


@pytest.fixture
def fake(fake: FakeServer) -> FakeServer:
    fake.answer = greet
    return fake


async def test_a_form_comes_before_the_first_message_and_keeps_it(
    page: Page, fake: FakeServer, url: str
) -> None:
    await configure(page, prechat=PRECHAT)
    await page.goto(url)
    await send(page, "my question")
    form = page.get_by_role("form", name="Before we begin")
    await expect(form.get_by_role("textbox", name="Name")).to_be_focused()
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("my question")
    # Put aside, it is asked again, and nothing was sent.
    await form.get_by_role("button", name="Cancel").click()
    await expect(form).to_be_hidden()
    await page.get_by_role("button", name="Send", exact=True).click()
    await form.get_by_role("textbox", name="Email").fill("ada@example.com")
    await form.get_by_role("button", name="Start chat").click()
    await expect(form).to_be_visible()  # the consent is not given
    assert fake.of("send") == fake.of("profile") == []
    await form.get_by_role("checkbox", name="My messages may be stored.").check()
    await form.get_by_role("button", name="Start chat").click()
    sent = await fake.heard("send")
    assert sent["text"] == "my question"
    told = {"type": "profile", "email": "ada@example.com", "consent": "2"}
    assert fake.frames.index(told) < fake.frames.index(sent)
    fake.say(accepted(sent, 2))
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("")
    # It is not asked again, until there is another text to agree to.
    await page.reload()
    await send(page, "another")
    assert (await fake.heard("send", 2))["text"] == "another"
    await configure(page, prechat={**PRECHAT, "version": "3"})
    await page.reload()
    await send(page, "a third")
    await expect(form).to_be_visible()


async def test_a_form_keeps_a_draft_and_all_that_waits_for_it(
    page: Page, fake: FakeServer, url: str
) -> None:
    await configure(page, prechat=PRECHAT, suggestions=["Do you ship?", "Where to?"])

    def answer(frame: Frame) -> list[Frame]:
        if frame["type"] == "hello":
            return [ready(GREETING, conversation=None)]
        return [accepted(frame, len(fake.of("send")) + 1)] if frame["type"] == "send" else []

    fake.answer = answer
    await page.goto(url)
    text = page.get_by_role("textbox", name="Message")
    await text.fill("half a thought")
    for chip in ("Do you ship?", "Where to?"):
        await page.get_by_role("button", name=chip).click()
        await expect(text).to_have_value("half a thought")
    # Put aside, nothing is lost, nor sent.
    form = page.get_by_role("form", name="Before we begin")
    await form.get_by_role("button", name="Cancel").click()
    await expect(text).to_have_value("Do you ship?\nWhere to?\nhalf a thought")
    await text.fill("my question")
    await page.get_by_role("button", name="Where to?").click()
    await text.press("Enter")
    await page.get_by_role("button", name="Do you ship?").click()
    await form.get_by_role("textbox", name="Email").fill("ada@example.com")
    await form.get_by_role("checkbox").check()
    await text.fill("my better question")
    await form.get_by_role("button", name="Start chat").click()
    await fake.heard("send", 3)
    sent = [frame["text"] for frame in fake.of("send")]
    assert sent == ["Where to?", "my better question", "Do you ship?"]
    await expect(text).to_have_value("")


@pytest.mark.parametrize("email", ["ada@gmail", "a.da@gmail", "ada@example.c"])
async def test_an_address_that_the_server_would_refuse_is_not_taken(
    page: Page, fake: FakeServer, url: str, email: str
) -> None:
    await configure(page, prechat={**PRECHAT, "consent": None})
    await page.goto(url)
    await send(page, "my question")
    form = page.get_by_role("form", name="Before we begin")
    await form.get_by_role("textbox", name="Email").fill(email)
    await form.get_by_role("button", name="Start chat").click()
    await expect(form).to_be_visible()
    await form.get_by_role("textbox", name="Email").fill("a.da+b@mail.example.com")
    await form.get_by_role("button", name="Start chat").click()
    assert (await fake.heard("profile"))["email"] == "a.da+b@mail.example.com"
    assert len(fake.of("profile")) == 1


async def test_the_email_is_asked_where_the_platform_wants_it(
    page: Page, fake: FakeServer, url: str
) -> None:
    fake.answer = lambda frame: (
        [ready(GREETING, conversation=None, features={"email": True})]
        if frame["type"] == "hello"
        else []
    )
    await page.goto(url)
    await expect(page.get_by_role("article")).to_have_count(1)
    await send(page, "my question")
    await expect(page.get_by_role("textbox", name="Email")).to_be_focused()
    await page.get_by_role("button", name="Start chat").click()
    assert (await fake.heard("send"))["text"] == "my question"


async def test_escape_leaves_a_form_and_never_the_page(
    page: Page, fake: FakeServer, url: str
) -> None:
    await configure(page, prechat=PRECHAT)
    await page.goto("about:blank")
    await page.goto(url)
    await send(page, "my question")
    form = page.get_by_role("form", name="Before we begin")
    await expect(form).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(form).to_be_hidden()
    await expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("my question")
    assert page.url == url
