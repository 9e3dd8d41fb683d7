"""While a widget's platform is unavailable its fallback's answers; it goes back by itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from tests.client import Chat
from tests.conftest import Serve
from tests.running import Server
from tests.services import Redis

DESCRIPTION = {
    "request": {
        "url": "{base}/ask",
        "headers": {"Authorization": "Bearer {key}"},
        "body": {"text": "{text}", "session": "{session}"},
    },
    "answer": {"framing": "ndjson", "text": [{"path": "text"}], "session": "session", "end": "end"},
}
KEY = "key-0123456789abcdef"


class Platform:
    """Answers `NAME N`, the number of the turn in its session, as its `mode` lets it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.mode = "up"
        self.turns: dict[str, int] = {}
        self.asked: list[str] = []
        self.url = ""
        self.left = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body["text"])
        match self.mode:
            case "500" | "401" | "400" | "429":
                later = {"Retry-After": "60"} if self.mode == "429" else {}
                return web.Response(status=int(self.mode), headers=later)
            case "silent":
                await self.left.wait()
        session = body.get("session") or f"{self.name}-{len(self.turns) + 1}"
        self.turns[session] = self.turns.get(session, 0) + 1
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        said = {"text": f"{self.name} {self.turns[session]}", "session": session}
        if self.mode != "mute":
            await response.write(json.dumps(said).encode() + b"\n")
        if self.mode in ("mute", "breaks"):
            assert request.transport
            request.transport.abort()
        else:
            await response.write(b'{"end": true}\n')
        return response


@pytest.fixture
async def platforms() -> AsyncIterator[tuple[Platform, Platform]]:
    runners = []
    found = Platform("first"), Platform("second")
    for platform in found:
        app = web.Application()
        app.router.add_post("/ask", platform.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        platform.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        runners.append(runner)
    yield found
    for platform in found:
        platform.left.set()
    for runner in runners:
        await runner.cleanup()


async def set_up(server: Server, first: Platform, second: Platform) -> None:
    """The widgets `spare` and `shop`, which falls back to it."""
    for slug, platform, more in (("spare", second, ()), ("shop", first, ("--fallback", "spare"))):
        arguments = ["--provider", "generic", "--description", "-", "--base-url", platform.url]
        await server.manage(
            *("configure_widget", slug, *arguments, *more, "--api-key-env", "KEY"),
            env={"KEY": KEY},
            input=json.dumps(DESCRIPTION),
        )


@asynccontextmanager
async def visiting(server: Server) -> AsyncIterator[Chat]:
    async with Chat(server.url, "shop") as chat:
        await chat.greeting(await chat.hello())
        yield chat


async def exported(server: Server) -> list[dict[str, Any]]:
    """The replies of its only conversation, as the owner gets them."""
    [line] = (await server.manage("export_transcripts")).stdout.splitlines()
    messages: list[dict[str, Any]] = json.loads(line)["messages"]
    return [message for message in messages if message["role"] == "assistant"][1:]


async def test_it_answers_and_the_transcript_says_so(
    serve: Serve, platforms: tuple[Platform, Platform]
) -> None:
    first, second = platforms
    server = await serve({"CHATWIDGET_FALLBACK_SECONDS": "3600"})
    await set_up(server, first, second)
    async with visiting(server) as chat:
        assert (await chat.ask("one"))[0] == "first 1"
        first.mode = "500"
        assert (await chat.ask("two"))[0] == "second 1"
        assert (await chat.ask("three"))[0] == "second 2"  # its session is kept
        first.mode = "up"
        assert (await chat.ask("four"))[0] == "first 2"  # and the first's too
        assert first.asked == ["one", "two", "three", "four"]
        replies = await exported(server)
        assert [each["metadata"].get("answered_by") for each in replies] == [
            None,
            "spare",
            "spare",
            None,
        ]
        assert "HTTP 500" in replies[1]["metadata"]["because"]
        shown = json.dumps(chat.frames)
        assert "spare" not in shown and "HTTP 500" not in shown and "answered_by" not in shown


async def test_after_three_failures_nobody_waits_for_the_first_until_it_is_back(
    serve: Serve, platforms: tuple[Platform, Platform]
) -> None:
    first, second = platforms
    server = await serve({"CHATWIDGET_FALLBACK_SECONDS": "5"})
    await set_up(server, first, second)
    async with visiting(server) as chat:
        first.mode = "500"
        for word in ("one", "two", "three"):
            await chat.ask(word)
        assert first.asked == ["one", "two", "three"]
        asked = 0
        first.mode = "up"
        async with asyncio.timeout(60):
            while (await chat.ask(f"ask {asked}"))[0] != "first 1":
                asked += 1
                await asyncio.sleep(0.2)  # the time that is awaited is the breaker's own
        assert asked  # some were answered without asking the first
        assert first.asked == ["one", "two", "three", f"ask {asked}"]
        assert (await chat.ask("last"))[0] == "first 2"


@pytest.mark.parametrize("mode", ["silent", "mute", "429"])
async def test_whatever_it_is_that_comes_before_the_first_word(
    serve: Serve, platforms: tuple[Platform, Platform], mode: str
) -> None:
    first, second = platforms
    server = await serve({"CHATWIDGET_TIMEOUTS": "5,2,2,30"})
    await set_up(server, first, second)
    async with visiting(server) as chat:
        first.mode = mode
        text, end = await chat.ask("one")
        assert (text, end["status"]) == ("second 1", "complete")
        if mode == "silent":  # one has waited long enough
            assert (await chat.ask("two"))[0] == "second 2"
            assert first.asked == ["one"]


@pytest.mark.parametrize(
    ("mode", "code"),
    [("401", "misconfigured"), ("400", "provider_rejected"), ("breaks", "provider_unavailable")],
)
async def test_what_is_the_owners_to_mend_or_was_begun_is_the_firsts(
    serve: Serve, platforms: tuple[Platform, Platform], mode: str, code: str
) -> None:
    first, second = platforms
    server = await serve()
    await set_up(server, first, second)
    async with visiting(server) as chat:
        first.mode = mode
        text, end = await chat.ask("one")
        assert (end["status"], end["error"]["code"]) == ("failed", code)
        assert text == ("first 1" if mode == "breaks" else "")
        assert not second.asked


@pytest.mark.parametrize(("mode", "says"), [("500", "HTTP 500"), ("401", "HTTP 401")])
async def test_where_both_are_unavailable_the_visitor_may_try_again(
    serve: Serve, platforms: tuple[Platform, Platform], mode: str, says: str
) -> None:
    first, second = platforms
    server = await serve()
    await set_up(server, first, second)
    async with visiting(server) as chat:
        first.mode, second.mode = "500", mode
        _, end = await chat.ask("one")
        assert (end["error"]["code"], end["error"]["retryable"]) == ("provider_unavailable", True)
        [reply] = await exported(server)
        assert says in reply["error"]["cause"] and "spare" in reply["error"]["cause"]
        assert reply["metadata"]["answered_by"] == "spare"
        assert KEY not in json.dumps(reply)


async def test_a_fallback_that_was_removed_is_none(
    serve: Serve, platforms: tuple[Platform, Platform]
) -> None:
    first, second = platforms
    server = await serve()
    await set_up(server, first, second)
    async with visiting(server) as chat:
        first.mode = "500"
        remove = "from chatwidget.models import Widget; Widget.objects.get(slug='spare').delete()"
        await server.manage("shell", "-c", remove)
        _, end = await chat.ask("one")
        assert end["error"]["code"] == "provider_unavailable"
        assert not second.asked


async def test_all_workers_count_together_where_there_is_redis(
    serve: Serve, platforms: tuple[Platform, Platform], redis: Redis
) -> None:
    first, second = platforms
    env = {"REDIS_URL": redis.database(), "CHATWIDGET_FALLBACK_SECONDS": "3600"}
    one = await serve(env)
    two = await serve(env, db=one.variables["DATABASE_URL"])
    await set_up(one, first, second)
    first.mode = "500"
    async with visiting(one) as here, visiting(two) as there:
        for word, chat in (("one", here), ("two", there), ("three", here)):
            await chat.ask(word)
        assert first.asked == ["one", "two", "three"]
        for chat in (here, there):
            assert (await chat.ask("elsewhere"))[0].startswith("second")
    assert "elsewhere" not in first.asked
