"""Who sits at the computer: somebody else never meets what the last one has left."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.fake import FakeServer, message, ready
from tests.browser.shop import Shop
from tests.conftest import OtherSite

SECRET = "my account number is 4711"
ADA = {"id": "a1", "name": "Ada", "email": "ada@shop.example"}
BOB = {"id": "b2", "name": "Bob", "email": "bob@shop.example"}


def before(who: Any) -> str:
    """What a page says before the loader has run."""
    return f"<script>ChatWidget = [['identify', {json.dumps(who)}]]</script>"


async def identify(shop: Shop, who: Any) -> None:
    await shop.page.evaluate("who => ChatWidget.identify(who)", who)


async def say(shop: Shop, text: str) -> None:
    await shop.text.fill(text)
    await shop.text.press("Enter")
    await expect(shop.frame.get_by_role("article").nth(2)).to_be_visible()
    await expect(shop.frame.get_by_role("button", name="Good reply").last).to_be_visible()


async def ada_chats(shop: Shop) -> None:
    await shop.show()
    await expect(shop.launcher).to_be_visible()
    await identify(shop, ADA)
    await shop.open()
    await say(shop, SECRET)
    await shop.text.fill("half a thought of Ada's")


async def nothing_of_ada(shop: Shop, articles: int = 1) -> None:
    """A new conversation, and an empty composer."""
    await expect(shop.frame.get_by_role("article")).to_have_count(articles)
    await expect(shop.frame.get_by_text(SECRET)).to_have_count(0)
    await expect(shop.text).to_have_value("")


async def visitors_of(shop: Shop, text: str) -> list[dict[str, Any]]:
    """The visitors who said it."""
    done = await shop.server.manage("export_transcripts", "demo")
    conversations = [json.loads(line) for line in done.stdout.splitlines()]
    said = [each for each in conversations if text in [one["text"] for one in each["messages"]]]
    return [each["visitor"] for each in said]


async def test_another_id_on_the_next_page(shop: Shop) -> None:
    await ada_chats(shop)
    await identify(shop, None)
    await nothing_of_ada(shop)
    await shop.show(path="/bob")
    await identify(shop, BOB)
    await nothing_of_ada(shop)
    await say(shop, "It is Bob who asks.")
    ada = (await visitors_of(shop, SECRET))[-1]
    bob = (await visitors_of(shop, "It is Bob who asks."))[-1]
    assert ada["id"] != bob["id"]
    assert (ada["name"], bob["name"]) == ("Ada", "Bob")


async def test_another_id_at_once(shop: Shop) -> None:
    """While the panel is open, and without a word of the first one's going."""
    await ada_chats(shop)
    await identify(shop, BOB)
    await nothing_of_ada(shop)


async def test_another_id_without_a_word_between(shop: Shop) -> None:
    await ada_chats(shop)
    await shop.show(path="/bob", body=before(BOB) + shop.tag)
    await nothing_of_ada(shop)


@pytest.mark.parametrize("go", ["identify(null)", "identify({ name: 'A guest' })", "reset()"])
async def test_somebody_who_has_gone_where_there_was_no_frame(shop: Shop, go: str) -> None:
    """The page that logs out has loaded no chat, and is left at once."""
    await ada_chats(shop)
    await shop.page.evaluate("ChatWidget.close()")
    await shop.show(path="/account")
    await expect(shop.launcher).to_be_visible()
    await expect(shop.iframe).to_have_count(0)
    await shop.page.evaluate(f"(ChatWidget.{go}, location.href = '/')")
    await shop.page.wait_for_url(f"{shop.url}/")
    await shop.open()
    await nothing_of_ada(shop)


async def test_reset_is_for_pages_that_know_no_ids(shop: Shop) -> None:
    await shop.show()
    await shop.open()
    await say(shop, SECRET)
    await shop.text.fill("half a thought")
    await shop.page.evaluate("ChatWidget.reset()")
    await nothing_of_ada(shop)
    await shop.show(path="/next")
    await nothing_of_ada(shop)


async def test_the_same_id_changes_nothing(shop: Shop) -> None:
    await ada_chats(shop)
    await identify(shop, {**ADA, "name": "Ada Lovelace"})
    await shop.show(path="/next", body=before(ADA) + shop.tag)
    await expect(shop.frame.get_by_text(SECRET).first).to_be_visible()
    await expect(shop.text).to_have_value("half a thought of Ada's")


async def test_a_page_that_knows_nobody_keeps_the_conversation(shop: Shop) -> None:
    """`identify(null)` on every page of a visitor who has never logged in."""
    await shop.show(body=before(None) + shop.tag)
    await shop.open()
    await say(shop, SECRET)
    await shop.show(path="/next", body=before(None) + shop.tag)
    await expect(shop.frame.get_by_text(SECRET).first).to_be_visible()


async def test_what_waits_to_be_sent_is_not_sent_by_the_next(shop: Shop) -> None:
    fake = await FakeServer(shop.page).take()
    await shop.show()
    await identify(shop, ADA)
    await shop.open()
    await fake.heard("hello")
    await shop.text.fill(SECRET)
    await shop.text.press("Enter")
    await fake.heard("send")  # and is not accepted
    await identify(shop, BOB)
    hello = await fake.heard("hello", 2)
    assert "visitor" not in hello and "conversation" not in hello
    assert hello["identity"]["id"] == "b2"
    fake.say({"type": "message", "message": message(2, "assistant", "And?", status="complete")})
    await expect(shop.frame.get_by_text("And?").first).to_be_visible()
    assert len(fake.of("send")) == 1


async def test_another_tab_forgets_too_and_brings_nobody_back(shop: Shop) -> None:
    """Its connection is cut and comes back later: it must not store the last one's token again."""
    await ada_chats(shop)
    other: Page = await shop.page.context.new_page()
    await other.goto(f"{shop.url}/")
    await other.get_by_role("button", name="Open chat").click()
    frame = other.frame_locator("chat-widget iframe")
    await expect(frame.get_by_text(SECRET).first).to_be_visible()
    await identify(shop, None)
    await nothing_of_ada(shop)
    await expect(frame.get_by_text(SECRET)).to_have_count(0)
    await expect(frame.get_by_role("article")).to_have_count(1)
    await other.close()
    await shop.show(path="/last")
    await nothing_of_ada(shop)


async def test_a_field_that_nobody_reads_opens_no_connection(shop: Shop) -> None:
    fake = await FakeServer(shop.page).take()
    await shop.show()
    await identify(shop, {**ADA, "cart": 1})
    await shop.open()
    await fake.heard("hello")
    for cart in range(2, 6):
        await identify(shop, {**ADA, "cart": cart})
    await identify(shop, {**ADA, "email": "ada@new.example"})
    hello = await fake.heard("hello", 2)
    assert hello["identity"] == {**ADA, "email": "ada@new.example"}
    assert len(fake.of("hello")) == 2


async def test_a_proof_is_told_when_it_comes_and_where_one_was_refused(shop: Shop) -> None:
    """But not whenever it is renewed."""
    fake = await FakeServer(shop.page).take()
    fake.answer = lambda frame: [ready(conversation=None)] if frame["type"] == "hello" else []
    await shop.show()
    await identify(shop, ADA)
    await shop.open()
    await fake.heard("hello")
    await identify(shop, {**ADA, "proof": "first"})
    assert (await fake.heard("hello", 2))["identity"]["proof"] == "first"
    await identify(shop, {**ADA, "proof": "renewed"})
    await fake.cut(4403)
    await expect(shop.frame.get_by_role("status")).not_to_be_empty()
    await identify(shop, {**ADA, "proof": "third"})
    assert (await fake.heard("hello", 3))["identity"]["proof"] == "third"


async def test_on_a_neighbouring_host_they_are_somebody_else(
    shop: Shop, other_site: OtherSite
) -> None:
    """Its storage is the same to the browser, and any page may embed this widget."""
    await ada_chats(shop)
    neighbour = await other_site({"/": shop.tag, "/favicon.ico": ""})
    await shop.page.goto(neighbour.url)
    await shop.open()
    await nothing_of_ada(shop)
    await shop.show()
    await expect(shop.frame.get_by_text(SECRET).first).to_be_visible()


RENDER = """
from django.contrib.auth.models import AnonymousUser, User
from django.template import Context, Template
tag = Template('{% load chatwidget %}{% chatwidget "demo" user=user %}')
for user in (User(pk=4711, username="ada", first_name="Ada"), AnonymousUser()):
    print(tag.render(Context({"user": user})))
"""


async def test_the_template_tag_vouches_for_a_user_until_they_sign_out(shop: Shop) -> None:
    rendered = await shop.server.manage("shell", "-v0", "-c", RENDER)
    tag, signed_out = rendered.stdout.replace('src="', f'src="{shop.server.url}').splitlines()
    await shop.show(tag)
    await shop.open()
    words = "where is my order of 4 May"
    await say(shop, words)
    assert [each["external_id"] for each in await visitors_of(shop, words)] == ["4711"]
    await shop.show(signed_out)
    await expect(shop.frame.get_by_role("article")).to_have_count(1)
    await shop.show(tag)
    # The panel is open, as it was left.
    await expect(shop.frame.get_by_text(words).first).to_be_visible()
