"""What the frame does when the connection fails it: nothing is lost, nothing is sent twice."""

from __future__ import annotations

import json
import re
from uuid import UUID

from playwright.async_api import Page, Route, expect

from tests.browser.fake import GREETING, FakeServer, Frame, accepted, message, ready, send
from tests.browser.moments import moment


async def test_hello_says_who_and_where(page: Page, fake: FakeServer, url: str) -> None:
    await page.goto(url)
    first = await fake.heard("hello")
    assert {"token", "page", "locale"} <= set(first)
    assert "visitor" not in first and "conversation" not in first
    fake.say(ready(GREETING, conversation=None))
    await expect(page.get_by_role("article")).to_have_count(1)
    await page.reload()
    again = await fake.heard("hello", 2)
    assert (again["visitor"], again["conversation"]) == ("visitor-token", None)


async def test_a_lost_connection_is_told_and_what_is_sent_meanwhile_is_queued(
    page: Page, fake: FakeServer, url: str
) -> None:
    fake.answer = lambda frame: [ready(GREETING)] if frame["type"] == "hello" else []
    await fake.wait_to_be_told()
    await page.goto(url)
    await expect(page.get_by_role("article")).to_have_count(1)
    fake.open = False
    await fake.cut()
    status = page.get_by_role("status")
    await expect(status).to_contain_text("Reconnecting")
    await send(page, "one")
    await send(page, "two")
    await expect(page.get_by_role("article", name=re.compile("^You"))).to_have_count(2)
    await expect(page.get_by_text("Waiting to be sent")).to_have_count(2)
    assert fake.of("send") == []
    fake.open = True
    async with moment(status, "textContent", "connected again"):
        await page.get_by_role("button", name="Try again").click()
    first = await fake.heard("send")
    fake.say(accepted(first, 2))
    second = await fake.heard("send", 2)
    fake.say(accepted(second, 4))
    assert (first["text"], second["text"]) == ("one", "two")
    await expect(page.get_by_text("Waiting to be sent")).to_have_count(0)
    await expect(status).to_be_empty()


async def test_it_comes_back_by_itself(page: Page, fake: FakeServer, url: str) -> None:
    await page.goto(url)
    await fake.heard("hello")
    await fake.cut(1011)
    again = await fake.heard("hello", 2)
    assert again["conversation"] == "c"


async def test_the_queue_survives_a_reload_and_is_sent_once(
    page: Page, fake: FakeServer, url: str
) -> None:
    await page.goto(url)
    await send(page, "Am I stored?")
    lost = await fake.heard("send")
    UUID(lost["id"])
    await page.reload()
    again = await fake.heard("send", 2)
    assert again == lost
    fake.say(accepted(again, 1))
    await expect(page.get_by_text("Sending")).to_have_count(0)
    await page.reload()
    await fake.heard("hello", 3)
    fake.say(ready(message(1, "user", "Am I stored?")))
    await expect(page.get_by_role("article")).to_have_count(1)
    assert len(fake.of("send")) == 2


async def test_a_conversation_begun_on_a_lost_socket_is_asked_for(
    page: Page, fake: FakeServer, url: str
) -> None:
    """The `accepted` of the first message is lost, and with it the conversation's id."""
    stored: list[Frame] = []

    def answer(frame: Frame) -> list[Frame]:
        if frame["type"] == "hello":
            if frame.get("conversation") == "begun":
                reply = message(2, "assistant", "The answer.")
                return [ready(message(1, "user", "Hi"), reply, conversation="begun")]
            return [ready(conversation=None)]
        if frame["type"] == "send":
            stored.append(frame)
            return [accepted(frame, 1, "begun")] if len(stored) > 1 else []
        return []

    fake.answer = answer
    await page.goto(url)
    await send(page, "Hi")
    await fake.heard("send")
    await fake.cut()
    await expect(page.get_by_role("article", name=re.compile("^Demo"))).to_contain_text("answer")
    hellos = [frame.get("conversation", "absent") for frame in fake.of("hello")]
    assert hellos == ["absent", None, "begun"]
    assert stored[0] == stored[1] and len(stored) == 2


async def test_a_refused_token_is_replaced_once(page: Page, fake: FakeServer, url: str) -> None:
    async def token(route: Route) -> None:
        await route.fulfill(body=json.dumps({"token": "fresh"}), content_type="application/json")

    await page.route(re.compile(r"/token/$"), token)
    fake.open, fake.refuse_with = False, 4401
    await page.goto(url)
    await expect(page.get_by_role("status")).to_have_text("The connection was closed.")
    assert len(fake.sockets) == 2
    fake.open = True
    await page.get_by_role("button", name="Try again").click()
    assert (await fake.heard("hello"))["token"] == "fresh"


async def test_an_inactive_widget_is_told_as_that(page: Page, fake: FakeServer, url: str) -> None:
    fake.open, fake.refuse_with = False, 4404
    await page.goto(url)
    await expect(page.get_by_role("status")).to_have_text("This chat is not available.")
    await expect(page.get_by_role("button", name="Try again")).to_be_hidden()
    await expect(page.get_by_role("textbox")).to_have_count(0)
    assert len(fake.sockets) == 1


async def test_a_silent_socket_is_pinged_and_left(page: Page, fake: FakeServer, url: str) -> None:
    fake.answer = lambda frame: [ready(GREETING)] if frame["type"] == "hello" else []
    await page.clock.install()
    await page.goto(url)
    await expect(page.get_by_role("article")).to_have_count(1)
    await page.clock.fast_forward(25_000)
    await fake.heard("ping")
    fake.say({"type": "pong"}, {"type": "message", "message": message(2, "user", "Still here")})
    await expect(page.get_by_role("article")).to_have_count(2)
    await page.clock.fast_forward(25_000)
    await fake.heard("ping", 2)
    async with moment(page.get_by_role("status"), "textContent", "Reconnecting"):
        await page.clock.fast_forward(10_000)
    await page.clock.fast_forward(1_000)
    await fake.heard("hello", 2)


async def test_going_offline_and_back(page: Page, fake: FakeServer, url: str) -> None:
    await page.clock.install()
    await page.goto(url)
    await fake.heard("hello")
    await page.context.set_offline(True)
    await expect(page.get_by_role("status")).to_contain_text("You are offline")
    await page.clock.fast_forward(20_000)
    assert len(fake.sockets) == 1
    async with moment(page.get_by_role("status"), "textContent", "connected again"):
        await page.context.set_offline(False)
    await fake.heard("hello", 2)


async def test_a_page_left_closes_its_socket_and_comes_back(
    page: Page, fake: FakeServer, url: str
) -> None:
    await page.goto(url)
    await fake.heard("hello")
    await page.evaluate("() => dispatchEvent(new PageTransitionEvent('pagehide'))")
    await send(page, "for later")
    await page.evaluate(
        "() => dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))"
    )
    await fake.heard("hello", 2)
    assert (await fake.heard("send"))["text"] == "for later"


async def test_replies_are_acknowledged(page: Page, fake: FakeServer, url: str) -> None:
    await page.goto(url)
    await fake.heard("hello")
    pending = message(2, "assistant", "", status="pending")
    text = "👍 and so on. " * 5_000
    fake.say({"type": "message", "message": message(1, "user", "Go on")})
    fake.say({"type": "message", "message": pending})
    half = len(text) // 2
    fake.say({"type": "delta", "id": "m2", "offset": 0, "text": text[: half + 20_000]})
    assert (await fake.heard("ack"))["offset"] == half + 20_000
    fake.say({"type": "delta", "id": "m2", "offset": half, "text": text[half:]})
    fake.say({"type": "done", "id": "m2", "status": "complete", "length": len(text)})
    assert (await fake.heard("ack", 2))["offset"] == len(text)


async def test_a_gap_asks_for_everything_anew(page: Page, fake: FakeServer, url: str) -> None:
    await page.goto(url)
    await fake.heard("hello")
    begun = message(2, "assistant", "", status="streaming")
    fake.say({"type": "message", "message": begun})
    fake.say({"type": "delta", "id": "m2", "offset": 5, "text": "rest"})
    await fake.heard("hello", 2)
    fake.say(ready(message(2, "assistant", "Whole rest")))
    await expect(page.get_by_role("article")).to_contain_text("Whole rest")


async def test_a_refused_message_comes_back_to_the_composer(
    page: Page, fake: FakeServer, url: str
) -> None:
    await page.goto(url)
    await send(page, "something long")
    sent = await fake.heard("send")
    error = {"type": "error", "code": "message_too_long", "detail": "x", "retryable": False}
    fake.say({**error, "id": sent["id"]})
    await expect(page.get_by_role("alert")).to_contain_text("too long")
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("something long")
    await expect(page.get_by_role("article")).to_have_count(0)


async def test_patience_is_kept_and_the_message_goes_then(
    page: Page, fake: FakeServer, url: str
) -> None:
    await page.clock.install()
    await page.goto(url)
    await send(page, "quick")
    sent = await fake.heard("send")
    error = {"type": "error", "code": "rate_limited", "detail": "x", "retryable": True}
    fake.say({**error, "retry_after": 20, "id": sent["id"]})
    await expect(page.get_by_role("alert")).to_contain_text("in 20 seconds")
    await page.clock.fast_forward(20_000)
    assert await fake.heard("send", 2) == sent


async def test_without_storage_all_works_until_the_page_is_left(
    page: Page, fake: FakeServer, url: str
) -> None:
    await page.add_init_script(
        """for (const name of ["localStorage", "sessionStorage"]) {
          Object.defineProperty(window, name, {get() { throw new DOMException("denied"); }});
        }"""
    )
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(url)
    await send(page, "Hi")
    fake.say(accepted(await fake.heard("send"), 1))
    await fake.cut()
    assert (await fake.heard("hello", 2))["visitor"] == "visitor-token"
    assert errors == []
