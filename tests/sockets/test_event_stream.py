"""The second transport does what the websocket does, on both servers."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator

import httpx
import pytest
from django.test import AsyncClient
from pytest_django import Settings

from chatwidget.protocol import WINDOW
from chatwidget.sockets import rate_limits
from chatwidget.sockets.event_stream import MAX_BODY
from tests.client import Chat, frame_token
from tests.platforms.control import Control
from tests.running import Preparation, Process, free_port
from tests.sockets.chats import begun, in_step
from tests.sockets.conftest import OWN_GREETING, Site
from tests.stream_client import StreamChat


@pytest.fixture(scope="module")
async def on_uvicorn(preparation: Preparation, platforms: Process) -> AsyncIterator[Site]:
    made = Site({"DATABASE_URL": await preparation.database()}, "uvicorn", free_port())
    await made.make_widgets(platforms.url)
    try:
        await made.start()
        yield made
        assert "Traceback" not in made.log and "never retrieved" not in made.log, made.log
    finally:
        await made.kill()


@pytest.fixture(params=["daphne", "uvicorn"])
def server_(request: pytest.FixtureRequest, site: Site) -> Site:
    if request.param == "daphne":
        return site
    on_uvicorn: Site = request.getfixturevalue("on_uvicorn")
    return on_uvicorn


async def test_a_chat(server_: Site) -> None:
    async with StreamChat(server_.url, "talk") as chat:
        greeting = await chat.greeting(await chat.hello())
        assert greeting["text"] == OWN_GREETING
        text, done = await chat.ask("say:naïve 🙂 日本\nand a line")
        assert (text, done["status"]) == ("naïve 🙂 日本\nand a line", "complete")
        await chat.send({"type": "ping"})
        await chat.until("pong")


async def test_beside_a_websocket(server_: Site, agents: Control) -> None:
    async with StreamChat(server_.url, "talk") as stream, Chat(server_.url, "talk") as socket:
        await stream.greeting(await stream.hello())
        await socket.hello(visitor=stream.visitor)
        name, reply = await begun(stream, agents, "As far as")
        await socket.until("delta", id=reply)
        await stream.send({"type": "stop", "id": reply})
        for chat in (stream, socket):
            assert (await chat.until("done"))["status"] == "stopped"
        await agents.over(name)

        async def another(chat: Chat) -> Chat:
            fresh = Chat(server_.url, "talk")
            await fresh.__aenter__()
            await fresh.hello(visitor=chat.visitor)
            return fresh

        await in_step(stream, socket, another=another)


async def test_it_resumes(server_: Site, agents: Control) -> None:
    async with StreamChat(server_.url, "talk") as chat:
        await chat.greeting(await chat.hello())
        name, reply = await begun(chat, agents, "The first half")
        visitor = chat.visitor
    async with StreamChat(server_.url, "talk") as again:
        ready = await again.hello(visitor=visitor)
        assert ready["messages"][-1]["text"] == "The first half"
        await agents.push(name, " and the second.")
        await agents.end(name)
        await again.until("done", id=reply)
        assert again.texts[reply] == "The first half and the second."


async def test_close_codes(server_: Site) -> None:
    async with StreamChat(server_.url, "talk", origin="https://evil.example") as chat:
        await chat.send({"type": "hello"})
        assert await chat.closed() == 4403
    async with StreamChat(server_.url, "nobody") as chat:
        await chat.send({"type": "hello"})
        assert await chat.closed() == 4404
    for frame, code in (
        ('{"type":"ping"}', 4400),
        ("\x00", 4400),
        ('{"type":"hello","token":"x"}', 4401),
        (json.dumps({"type": "hello", "token": "x" * 70_000}), 4413),
    ):
        async with StreamChat(server_.url, "talk") as chat:
            await chat.send(frame)
            assert await chat.closed() == code


async def test_a_bad_frame_after_ready_is_an_error(server_: Site) -> None:
    async with StreamChat(server_.url, "talk") as chat:
        await chat.greeting(await chat.hello())
        await chat.send("nonsense\n" + json.dumps({"type": "ping"}))
        assert (await chat.until("error"))["code"] == "bad_frame"
        await chat.until("pong")


async def test_a_send_twice_is_stored_once(server_: Site) -> None:
    async with StreamChat(server_.url, "talk") as chat:
        await chat.greeting(await chat.hello())
        client_id = str(uuid.uuid4())
        first = await chat.say("say:once", client_id)
        assert await chat.say("say:once", client_id) == first


async def test_a_window_that_is_exhausted_pauses(server_: Site, agents: Control) -> None:
    async with StreamChat(server_.url, "talk") as chat:
        await chat.greeting(await chat.hello())
        chat.acks = False
        name, reply = await begun(chat, agents)
        await agents.push(name, "x" * (WINDOW + 100_000))
        await agents.end(name)
        while len(chat.texts[reply]) < WINDOW:
            await chat.until("delta", id=reply)
        assert len(chat.texts[reply]) == WINDOW
        chat.acks = True
        await chat.ack(reply)
        await chat.until("done", id=reply)


async def test_who_is_gone_is_not_counted(server_: Site) -> None:
    """The server notices that nobody reads, and the id is nobody's."""
    async with StreamChat(server_.url, "talk") as chat:
        await chat.greeting(await chat.hello())
        path = f"{server_.url}/chatwidget/talk/events/{chat.socket.id}/"
    async with httpx.AsyncClient(headers={"Origin": server_.url}, timeout=30) as client:
        while (await client.post(path, content='{"type":"ping"}')).status_code != 404:
            await asyncio.sleep(0.05)  # the server gives no event to wait for


@pytest.mark.django_db
async def test_strangers_streams_are_not_asked_for_without_end(
    async_client: AsyncClient, settings: Settings
) -> None:
    """Each is asked of all processes, and waited for."""
    settings.CHATWIDGET = {**settings.CHATWIDGET, "LIMITS": {"work_per_address": 1}}
    rate_limits.work._buckets.clear()
    ours = {"Origin": "http://testserver"}
    asked = [
        (await async_client.post(f"/chatwidget/x/events/{uuid.uuid4()}/", headers=ours)).status_code
        for _ in range(rate_limits.BURST_SECONDS + 2)
    ]
    assert asked[0] == 404 and asked[-1] == 429
    rate_limits.work._buckets.clear()


async def test_what_else_is_refused(server_: Site) -> None:
    stream = f"{server_.url}/chatwidget/talk/events/"
    unknown = f"{stream}{uuid.uuid4()}/"
    token = await frame_token(server_.url, "talk")
    async with httpx.AsyncClient(timeout=30) as client:
        ours = {"Origin": server_.url}
        for method, url, headers, content, status in (
            ("GET", stream, ours, "", 405),
            ("GET", unknown, ours, "", 405),
            ("POST", unknown, ours, "{}", 404),
            ("POST", unknown, {"Origin": "https://evil.example"}, "{}", 403),
            ("POST", unknown, {}, "{}", 403),
            ("POST", stream, ours, "x" * (MAX_BODY + 1), 413),
            ("POST", f"{stream}no-uuid/", ours, "{}", 404),
        ):
            answer = await client.request(method, url, headers=headers, content=content)
            assert answer.status_code == status, (method, url)
        hello = json.dumps({"type": "hello", "token": token})
        async with client.stream("POST", stream, headers=ours, content=hello) as answer:
            assert answer.headers["content-type"] == "text/event-stream"
            assert answer.headers["x-accel-buffering"] == "no"
