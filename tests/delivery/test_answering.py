"""Staff answer on one worker, the visitor is on another; and one of them dies."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping

from tests.conftest import Serve
from tests.delivery.conftest import Pair
from tests.delivery.visits import SLUG, Visit, transcript
from tests.staff_client import StaffPage, sign_in
from tests.stream_client import StreamChat


async def test_on_two_workers(pair: Pair) -> None:
    """The visitor has a websocket on one worker and an event stream on the other."""
    session, _ = await sign_in(pair.a, "two-workers")
    async with (
        Visit(pair.b) as chat,
        StreamChat(pair.a.url, SLUG) as stream,
        StaffPage(pair.a.url, session) as page,
    ):
        await chat.greeted()
        await chat.ask("say:Hello.")
        await stream.hello(visitor=chat.visitor)
        await page.watch(chat.conversation)
        await page.take()
        for tab in (chat, stream):
            await tab.until("message")
        await page.send({"type": "typing"})
        for tab in (chat, stream):
            assert (await tab.until("typing"))["author"] == {"name": "two-workers"}
        await chat.say("say:Not for the agent.")
        await page.until("message")
        await page.reply("I am a person.")
        await chat.until_shown(role="operator", text="I am a person.")
        await stream.until("message")
        await stream.send({"type": "typing"})
        assert (await page.until("writing"))["name"] == ""
        await chat.say("say:For the agent.")
        await page.send({"type": "hand_back"})
        await chat.until_shown(role="assistant", text="For the agent.", status="complete")
        for each in (chat, stream, page):
            await each.quiet()
            while each.shown.transcript[-1]["status"] != "complete":
                await each.receive()
            assert each.shown.transcript == await transcript(pair.b, chat)


async def test_the_list_knows_who_is_on_another_worker(pair: Pair) -> None:
    session, _ = await sign_in(pair.a, "two-workers")
    async with Visit(pair.b) as chat, StaffPage(pair.a.url, session) as page:
        await chat.greeted()
        await chat.ask("say:Hello.")
        await page.send({"type": "hello", "conversation": None, "locale": "en"})
        await page.until("ready")

        def is_here() -> bool:
            listed = {each["id"]: each for each in page.frames[-1].get("conversations", ())}
            return bool(listed.get(str(chat.conversation), {}).get("here"))

        while not is_here():
            await page.receive()
        await chat.socket.close()
        while is_here():
            await page.receive()


async def test_a_worker_that_dies_takes_no_word_with_it(
    serve: Serve, shared: str, scaled: Mapping[str, str]
) -> None:
    doomed, other = await asyncio.gather(
        serve(scaled, "uvicorn", shared), serve(scaled, "daphne", shared)
    )
    session, user = await sign_in(other, "survivor")
    name = str(uuid.uuid4())
    async with Visit(other) as chat:
        await chat.greeted()
        await chat.ask("say:Hello.")
        async with StaffPage(doomed.url, session) as page:
            await page.watch(chat.conversation)
            await page.take()
            await page.send({"type": "send", "id": name, "text": "before"})
            await doomed.kill()
        async with StaffPage(other.url, session) as page:
            held = await page.watch(chat.conversation)
            assert (held["holder"], held["mine"]) == (user, True)  # it is still theirs
            await page.reply("before", name)  # whether it was stored or not
            await page.reply("after")
            await chat.until_shown(role="operator", text="after")
            assert chat.shown.transcript == await transcript(other, chat)
            said = [each["text"] for each in chat.shown.transcript if each["role"] == "operator"]
            assert said == ["before", "after"]
