"""What an agent does while it does not write, and what it takes back, in every tab."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from tests.client import Chat, Frame
from tests.conftest import Serve
from tests.services import Redis


class Searching:
    """A server of Responses that searches until it is let go on, thinks, and answers `Found.`"""

    def __init__(self) -> None:
        self.found = asyncio.Event()
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)

        async def event(kind: str, **fields: Any) -> None:
            value = json.dumps({"type": f"response.{kind}", **fields})
            await response.write(f"data: {value}\n\n".encode())

        item = {"type": "web_search_call", "id": "ws_1"}
        await event("output_item.added", item=item)
        await self.found.wait()
        await event("output_item.done", item=item)
        for piece in ("I must tell.", "\n</th", "ink>\n\n", "Found."):
            await event("output_text.delta", delta=piece)
        await event("completed", response={"id": "resp_1", "status": "completed"})
        return response


@pytest.fixture
async def searching() -> AsyncIterator[Searching]:
    found = Searching()
    app = web.Application()
    app.router.add_post("/responses", found.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    found.found.set()
    await runner.cleanup()


async def test_every_tab_is_told_on_any_worker_in_the_visitors_language(
    serve: Serve, searching: Searching, redis: Redis
) -> None:
    env = {"REDIS_URL": redis.database()}
    one = await serve(env)
    two = await serve(env, db=one.variables["DATABASE_URL"])
    options = ["--option", "api=responses", "--base-url", searching.url, "--agent", "m"]
    await one.manage("configure_widget", "shop", "--provider", "openai", *options)
    async with Chat(one.url, "shop") as here, Chat(two.url, "shop") as there:
        await here.greeting(await here.hello())
        await here.say("Hi")
        reply: Frame = await here.reply_begun()
        said = await here.until("activity", id=reply["id"])
        assert said["text"] == "Searching…"
        await there.hello(visitor=here.visitor, locale="de")
        late = await there.until("activity", id=reply["id"])
        assert late["text"]
        searching.found.set()
        for chat in (here, there):
            await chat.until("done", id=reply["id"])
            assert chat.texts[reply["id"]] == "Found."
        # What passed for the answer before that tag came were thoughts: nobody keeps them.
        exported = (await one.manage("export_transcripts")).stdout
        assert "Found." in exported and "must tell" not in exported and "think" not in exported
        kinds = [frame["type"] for frame in here.frames if frame.get("id") == reply["id"]]
        assert kinds.index("activity") < kinds.index("delta") < kinds.index("done")
