"""Whose address has used up its share: their browser solves a challenge, and they go on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from altcha import create_challenge, verify_solution
from playwright.async_api import Page, Route, expect

from chatwidget import challenges
from tests.browser.fake import send
from tests.client import Chat
from tests.conftest import Serve
from tests.running import Server

STRICT = {"DJANGO_SETTINGS_MODULE": "tests.strict_settings"}
# Every text of the element that screen readers are told of at once.
ALERTS = """() => {
  window.alerts = [];
  const notice = document.getElementById("notice");
  new MutationObserver(() => alerts.push(notice.textContent)).observe(notice, {childList: true});
}"""
# Solves one, and counts how often the page had its turn meanwhile.
SOLVE = """async ([address, challenge]) => {
  const { solve } = await import(address);
  let turns = 0, over = false;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    turns += 1;
    if (!over) port2.postMessage(0);
  };
  port2.postMessage(0);
  const solution = await solve(challenge);
  over = true;
  return [solution, turns];
}"""
# What Cloudflare's script does of it: a button that a person presses.
TURNSTILE = """
window.turnstile = { render(place, { sitekey, callback }) {
  const button = document.createElement("button");
  button.textContent = "I am a person, " + sitekey;
  button.onclick = () => callback("a good token");
  place.append(button);
} };
const address = new URL(document.currentScript.src);
window[address.searchParams.get("onload")]();
"""


async def use_up(server: Server) -> None:
    """What this machine's address may: eight messages, of which a visitor has three."""
    for count in (3, 3, 2):
        async with Chat(server.url) as chat:
            chat.acks = False
            await chat.hello()
            for _ in range(count):
                await chat.say("help")


async def opened(page: Page, server: Server) -> list[str]:
    """The frame as a page; what the browser complains of, and asks for, from then on."""
    seen: list[str] = []
    page.on("console", lambda message: seen.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: seen.append(f"error: {error}"))
    page.on("request", lambda request: seen.append(request.url))
    await page.goto(f"{server.url}/chatwidget/demo/")
    await expect(page.get_by_role("article")).to_have_count(1)
    await page.evaluate(ALERTS)
    assert not any("challenge" in each for each in seen), "nothing of it is loaded before"
    return seen


async def test_a_proof_of_work(serve: Serve, page: Page) -> None:
    server = await serve(STRICT)
    await use_up(server)
    seen = await opened(page, server)
    await send(page, "help")
    await expect(page.get_by_role("article", name="You")).to_have_count(1)
    await expect(page.get_by_role("article")).to_have_count(3)  # and its answer
    checking, *more = await page.evaluate("alerts")
    assert checking == "Many messages come from your network. One moment, this is being checked…"
    assert more == ["Thank you. You can go on.", ""]
    assert [each.rpartition("/")[2] for each in seen if "challenge" in each] == ["challenge.js"]
    assert all(each.startswith(server.url) for each in seen), seen
    # The two libraries agree, and the page has its turn all the time.
    asked = create_challenge(challenges.ALGORITHM, challenges.COST, counter=500, hmac_secret="x")
    challenge = {"kind": "altcha", **asked.to_dict()}
    address = "/static/chatwidget/challenge.js"
    solution, turns = await page.evaluate(SOLVE, [address, challenge])
    assert verify_solution(solution, "x").verified
    assert turns > 100


class Siteverify:
    """The server that knows which tokens are good."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        form = dict(await request.post())
        self.asked.append(form)
        return web.json_response({"success": form["response"] == "a good token"})


@pytest.fixture
async def siteverify() -> AsyncIterator[Siteverify]:
    made = Siteverify()
    application = web.Application()
    application.router.add_post("/", made.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield made
    await runner.cleanup()


async def test_somebody_elses(serve: Serve, page: Page, siteverify: Siteverify) -> None:
    keys = {"CHATWIDGET_CHALLENGE_SITE_KEY": "site-key", "CHATWIDGET_CHALLENGE_SECRET": "secret"}
    asking = {
        "CHATWIDGET_CHALLENGE": "turnstile",
        "CHATWIDGET_CHALLENGE_VERIFY_URL": siteverify.url,
    }
    server = await serve(STRICT | keys | asking)
    await use_up(server)

    async def script(route: Route) -> None:
        await route.fulfill(body=TURNSTILE, content_type="text/javascript")

    await page.route("https://challenges.cloudflare.com/turnstile/v0/api.js?*", script)
    seen = await opened(page, server)
    await send(page, "help")
    alert = page.get_by_role("alert")
    await expect(alert).to_have_text(
        "Many messages come from your network. Please confirm that you are a person."
    )
    # It is what comes before the textbox, for who goes by the keyboard.
    await expect(page.get_by_role("button", name="I am a person, site-key")).to_be_visible()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("article")).to_have_count(3)
    await expect(page.get_by_role("button", name="I am a person")).to_have_count(0)
    assert siteverify.asked == [{"secret": "secret", "response": "a good token"}]
    others = [each for each in seen if not each.startswith(server.url)]
    assert len(others) == 1 and others[0].startswith("https://challenges.cloudflare.com/"), others
