"""What a socket may be sent before it acknowledges some, and what becomes of one that does not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatwidget.errors import CloseCode, CloseConnection
from chatwidget.models import Status
from chatwidget.protocol import Pong
from chatwidget.relay.reply import Reply
from chatwidget.sockets import outbox, window
from tests.sockets.readers import Reader, a_reply, ended


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window of ten code points, and deltas of at most four."""
    for module in (outbox, window):
        monkeypatch.setattr(module, "WINDOW", 10)
    monkeypatch.setattr(outbox, "MAX_DELTA", 4)


async def test_deltas_pause_at_the_window(small: None) -> None:
    reader, reply = Reader(), a_reply()
    reader.outbox.follow(reply)
    reply.append("🙂" * 25)
    ended(reply)
    await reader.read()
    assert [len(f["text"]) for f in reader.deltas()] == [4, 4, 2]
    for offset, length in ((0, 10), (3, 13), (3, 13), (2, 13), (13, 23), (99, 25)):
        reader.outbox.ack(reply.id, offset)
        await reader.read()
        assert len(reader.texts[reply.id]) == length
    assert reader.done == [reply.id]


async def test_the_window_is_the_sockets_not_the_replys(small: None) -> None:
    reader, first, second = Reader(), a_reply(), a_reply()
    for reply in (first, second):
        reader.outbox.follow(reply)
        reply.append("x" * 8)
        ended(reply)
    await reader.read()
    assert len(reader.texts[second.id]) == 2
    reader.outbox.ack(second.id, 2)
    await reader.read()
    assert len(reader.texts[second.id]) == 4
    reader.outbox.ack(first.id, 8)
    await reader.read()
    assert reader.done == [first.id, second.id]


async def test_a_second_sending_owes_what_the_first_one_did(small: None) -> None:
    """Another attempt of the same reply: what was not acknowledged still counts."""
    reader, reply = Reader(), a_reply()
    reader.outbox.follow(reply)
    reply.append("x" * 7)
    ended(reply, Status.FAILED)
    await reader.read()
    again = Reply(reply.conversation, replace(reply.entry, attempt=2))
    reader.outbox.follow(again)
    again.append("y" * 9)
    ended(again)
    await reader.read()
    assert len(reader.texts[reply.id]) == 3
    reader.outbox.ack(reply.id, 3)
    await reader.read()
    assert reader.texts[reply.id] == "y" * 9


async def test_another_conversation_owes_nothing(small: None) -> None:
    reader, old, new = Reader(), a_reply(), a_reply()
    reader.outbox.follow(old)
    old.append("x" * 99)
    await reader.read()
    reader.outbox.forget()
    assert not old.followers
    reader.outbox.follow(new)
    new.append("x" * 10)
    ended(new)
    await reader.read()
    assert reader.done == [new.id]


async def test_what_is_not_owed_cannot_be_paid(small: None) -> None:
    reader, reply = Reader(), a_reply()
    for name in (reply.id, "nonsense"):
        reader.outbox.ack(name, 10**9)
    reader.outbox.follow(reply)
    reply.append("x" * 50)
    await reader.read()
    assert len(reader.texts[reply.id]) == 10


async def test_who_is_far_behind_catches_up_from_the_transcript(small: None) -> None:
    """Two replies wait for a socket that acknowledges nothing, and no more."""
    reader = Reader()
    caught_up: list[bool] = []
    reader.outbox.catch_up = lambda: caught_up.append(True)
    many = [a_reply() for _ in range(4)]
    for reply in many:
        reader.outbox.follow(reply)
        reply.append("0123456789abcdef")
        ended(reply)
        await reader.read()
    assert [len(reply.followers) for reply in many] == [0, 0, 0, 0]
    assert reader.texts == {many[0].id: "0123456789"}
    reader.outbox.ack(many[0].id, 4)
    assert not caught_up
    reader.outbox.ack(many[0].id, 5)
    assert caught_up
    reader.outbox.forget()
    reader.outbox.follow(many[3])
    await reader.read()
    assert reader.texts[many[3].id] == "0123456789"


async def test_a_window_that_stays_exhausted(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "WINDOW_SECONDS", 0.05)
    reader, reply = Reader(), a_reply()
    reader.outbox.follow(reply)
    reply.append("x" * 10)
    task = asyncio.create_task(reader.outbox.run())
    await asyncio.sleep(0.1)  # all is sent, nothing more is to come: nobody is behind
    assert not task.done()
    reply.append("x")
    with pytest.raises(CloseConnection) as refused:
        await task
    assert refused.value.close_code == CloseCode.FLOW_CONTROL_TIMEOUT


async def test_frames_overtake_deltas_but_not_each_other(small: None) -> None:
    reader, reply = Reader(), a_reply()
    reader.outbox.follow(reply)
    reply.append("x" * 50)
    await reader.read()
    for _ in range(3):
        reader.outbox.put(Pong())
    await reader.read()
    assert [frame["type"] for frame in reader.frames][-3:] == ["pong"] * 3
    assert len(reader.texts[reply.id]) == 10


async def test_a_frame_about_a_reply_comes_after_it(small: None) -> None:
    reader, reply = Reader(), a_reply()
    reader.outbox.follow(reply)
    reply.append("x" * 15)
    ended(reply)
    reader.outbox.put(Pong(), after=reply.entry.id)
    reader.outbox.put(Pong(), after=uuid4())  # of one that is not followed: at once
    await reader.read()
    assert [f["type"] for f in reader.frames].count("pong") == 1
    reader.outbox.ack(reply.id, 10)
    await reader.read()
    assert [f["type"] for f in reader.frames][-2:] == ["done", "pong"]


# --- any order of things ------------------------------------------------------------------------

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.text(min_size=1, max_size=12)),
        st.tuples(st.just("read"), st.integers(0, 2)),
        st.tuples(st.just("ack"), st.integers(0, 2)),
        st.tuples(st.just("rejoin"), st.integers(0, 2)),
    ),
    max_size=40,
)


@given(steps=STEPS, size=st.integers(1, 30), delta=st.integers(1, 30))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_every_reader_ends_with_the_whole_text(
    steps: list[tuple[str, Any]], size: int, delta: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three readers of their own pace, that acknowledge and reconnect whenever they like."""
    for module in (outbox, window):
        monkeypatch.setattr(module, "WINDOW", size)
    monkeypatch.setattr(outbox, "MAX_DELTA", delta)
    reply = a_reply()

    def joined() -> Reader:
        reader = Reader()
        reader.begin(reply)
        return reader

    readers = [joined() for _ in range(3)]
    for step, what in steps:
        match step:
            case "append":
                reply.append(what)
            case "read":
                before = len(readers[what].deltas())
                await readers[what].read()
                assert all(len(f["text"]) <= delta for f in readers[what].deltas()[before:])
            case "ack":
                reader = readers[what]
                reader.outbox.ack(reply.id, len(reader.texts[reply.id]))
            case "rejoin":
                readers[what].outbox.forget()
                readers[what] = joined()
    ended(reply)
    for reader in readers:
        for _ in range(len(reply.text) + 2):
            reader.outbox.ack(reply.id, len(reader.texts[reply.id]))
            await reader.read()
            if reader.done:
                break
        assert reader.done == [reply.id]
        assert reader.texts[reply.id] == reply.text
    assert not reply.followers
