"""One reply, many readers: frames and texts in order, to their end; a socket that takes nothing."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from chatwidget.errors import CloseCode, CloseConnection
from chatwidget.models import Status
from chatwidget.protocol import Pong
from chatwidget.sockets import outbox
from tests.sockets.readers import Reader, a_reply, ended, idle


async def test_message_deltas_done() -> None:
    reader, reply = Reader(), a_reply()
    reader.outbox.follow(reply)
    await reader.read()
    reply.append("A🙂")
    reply.append("b")
    await reader.read()
    reply.append("日本")
    ended(reply)
    await reader.read()
    kinds = [frame["type"] for frame in reader.frames]
    assert kinds == ["message", "delta", "delta", "done"]
    assert [(f["offset"], f["text"]) for f in reader.deltas()] == [(0, "A🙂b"), (3, "日本")]
    assert reader.frames[-1] == {"type": "done", "id": reply.id, "status": "complete", "length": 5}
    assert not reply.followers


async def test_what_the_agent_does_until_it_writes() -> None:
    reader, late, reply = Reader(), Reader(), a_reply()
    reader.outbox.follow(reply)
    reply.show("searching")
    await reader.read()
    late.begin(reply)  # as a `ready` that comes meanwhile
    await late.read()
    reply.append("Found. ")
    await reader.read()
    reply.show("My own words")
    reply.append("Done.")  # before a reader came to it
    reply.show("reading")
    await reader.read()
    reply.show("")
    await reader.read()
    ended(reply)
    await reader.read()
    kinds = [(frame["type"], frame.get("text")) for frame in reader.frames[1:]]
    assert kinds == [
        ("activity", "Searching…"),
        ("delta", "Found. "),
        ("delta", "Done."),
        ("activity", "Reading…"),
        ("activity", ""),
        ("done", None),
    ]
    assert [frame["text"] for frame in late.frames] == ["Searching…"]


async def test_an_end_ends_what_the_agent_does() -> None:
    reader, reply = Reader(), a_reply()
    reader.outbox.follow(reply)
    await reader.read()
    reply.show("searching")
    ended(reply)
    await reader.read()
    assert [frame["type"] for frame in reader.frames] == ["message", "done"]


async def test_a_reader_joins_at_an_offset() -> None:
    reader, reply = Reader(), a_reply()
    reply.append("A🙂")
    reader.begin(reply)
    reply.append("é")
    await reader.read()
    assert [(f["offset"], f["text"]) for f in reader.deltas()] == [(2, "é")]


def test_readers_at_one_offset_share_a_frame() -> None:
    reply = a_reply()
    reply.append("text")
    assert reply.delta(0, 4) is reply.delta(0, 4)
    assert json.loads(reply.delta(1, 3)) == {
        "type": "delta",
        "id": reply.id,
        "offset": 1,
        "text": "ex",
    }


async def test_replies_follow_each_other() -> None:
    reader, first, second = Reader(), a_reply(), a_reply()
    for reply in (first, second):
        reader.outbox.follow(reply)
    second.append("second")
    ended(second)
    await reader.read()
    assert second.id not in reader.texts
    first.append("first")
    ended(first)
    await reader.read()
    assert reader.done == [first.id, second.id]


async def test_text_that_died_with_its_process_is_taken_back() -> None:
    reader, reply = Reader(), a_reply()
    reader.outbox.follow(reply)
    reply.append("stored and not")
    await reader.read()
    reply.end(replace(reply.entry, status=Status.INTERRUPTED, text="stored"))
    await reader.read()
    assert reader.texts == {reply.id: "stored"}
    assert [frame["type"] for frame in reader.frames[-2:]] == ["message", "done"]


async def test_text_that_was_no_answer_is_taken_back_from_everybody() -> None:
    """Also from who is not as far as the answer is long, and as the rest of nothing else."""
    far, near, none = Reader(), Reader(), Reader()
    reply = a_reply()
    for reader in (far, near):
        reader.outbox.follow(reply)
        reply.append("I think, ")
        await reader.read()
    reply.append("therefore I answer with so many words.")
    await far.read()
    none.outbox.follow(reply)
    reply.end(replace(reply.entry, status=Status.COMPLETE, text="I answer with so many words."))
    for reader in (far, near, none):
        await reader.read()
        assert reader.texts == {reply.id: "I answer with so many words."}
        assert [frame["type"] for frame in reader.frames[-2:]] == ["message", "done"]


async def test_closing_waits_for_what_is_followed() -> None:
    reader, reply = Reader(), a_reply()
    reader.outbox.follow(reply)
    task = asyncio.create_task(reader.outbox.run())
    reader.outbox.close(CloseConnection(CloseCode.RESTARTING))
    reply.append("to its end")
    await idle()
    assert not task.done()
    ended(reply)
    with pytest.raises(CloseConnection) as refused:
        await task
    assert refused.value.close_code == CloseCode.RESTARTING
    assert reader.done == [reply.id]


async def test_a_socket_that_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for it is bounded, and whoever speaks to it is not told."""
    monkeypatch.setattr(outbox, "MAX_WAITING", 1000)
    reader, reply = Reader(), a_reply()
    reader.gate.clear()
    reader.outbox.follow(reply, 0)
    task = asyncio.create_task(reader.outbox.run())
    for _ in range(1000):
        reader.outbox.put(Pong())
        reader.outbox.put(Pong(), after=reply.entry.id)
    assert not reply.followers
    reader.outbox.follow(reply, 0)
    assert not reply.followers
    reader.gate.set()
    with pytest.raises(CloseConnection) as refused:
        await task
    assert refused.value.close_code == CloseCode.FLOW_CONTROL_TIMEOUT
    assert len(reader.frames) < 100
