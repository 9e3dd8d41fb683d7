"""What a process keeps of a reply that has ended."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncGenerator

from pytest_django import Settings

from chatwidget.models import new_id
from chatwidget.protocol import Send
from chatwidget.providers.base import Event, Turn
from chatwidget.relay.reply import Reply
from tests.replaying import Process, Scripted, Tab, scripts
from tests.sockets.readers import a_reply
from tests.stored import a_widget


class Timed(Scripted):
    """As adapters over HTTP do, it sets a timer, which a loop keeps until it is due, with the
    context in which it was set."""

    async def reply(self, turn: Turn) -> AsyncGenerator[Event, None]:
        asyncio.get_running_loop().call_later(3600, print)
        async for event in super().reply(turn):
            yield event


def test_an_ended_reply_is_forgotten(
    transactional_db: None, close_threads: None, settings: Settings
) -> None:
    """Its text may be a megabyte."""
    settings.CHATWIDGET = {"PROVIDERS": {"timed": "tests.relay.test_memory.Timed"}, "LIMITS": False}
    widget = a_widget("timed", provider="timed", greeting="Hello!")

    async def talk() -> None:
        process = Process()
        tab = Tab(process, widget, new_id())
        await tab.open(None)
        await tab.do(Send(id=str(new_id()), text="hi"))
        [running] = process.relay.running.values()
        reply, task = running.reply.id, running.task
        script = scripts.setdefault(str(running.job.conversation), asyncio.Queue())
        for said in ("a text", None):
            script.put_nowait(said)
        assert task
        await task
        await asyncio.gather(*tab.writers)
        del running, task
        gc.collect()
        assert not [found for found in gc.get_objects() if _is_reply(found, reply)]
        await tab.close()
        await process.kill()

    asyncio.run(talk())


def _is_reply(found: object, reply_id: str) -> bool:
    return type(found) is Reply and found.id == reply_id


def test_a_long_text_grows_where_it_is() -> None:
    """To copy it for each piece would take more than the pieces, and twice the memory."""
    reply = a_reply("a" * 1_000_000)
    for _ in range(100):  # until Python knows what is added there
        reply.append("b")
    tracemalloc.start()
    try:
        for _ in range(10):
            reply.append("c")
        assert tracemalloc.get_traced_memory()[1] < 1_500_000  # the text itself, and no other
    finally:
        tracemalloc.stop()
    assert reply.text == "a" * 1_000_000 + "b" * 100 + "c" * 10
