"""Any frame after `ready`: answered by its own error, and the socket lives."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from chatwidget.protocol import MAX_FRAME_BYTES
from tests.client import Chat
from tests.protocol_table import TABLE, raw
from tests.sockets.conftest import Visit

SEND = {"type": "send", "id": "0192f5c1-7b1e-7c3a-9d10-3f5f6a7b8c9d"}


async def test_every_invalid_frame_of_the_table_is_answered_by_its_code(chat: Chat) -> None:
    for case in TABLE["client"]["invalid"]:
        await chat.send(raw(case))
        error = await chat.until("error")
        assert error["code"] == case["code"], case["name"]
        assert error["retryable"] is False
        assert error["detail"]
        if case["code"] != "bad_frame":
            assert error["id"] == SEND["id"], case["name"]
    assert await chat.quiet() == []


@pytest.mark.parametrize("frame", [b"", b'{"type":"ping"}', b"\xff\x00"])
async def test_a_binary_frame_is_a_bad_frame(chat: Chat, frame: bytes) -> None:
    await chat.send(frame)
    assert (await chat.receive())["code"] == "bad_frame"
    assert await chat.quiet() == []


@pytest.mark.parametrize("kind", ["stop", "retry", "rate", "history"])
@pytest.mark.parametrize(
    "name", ["\ud800", "\0", "nonsense", "9" * 5000, "01a1fb39-0000-7000-8000-000000000000"]
)
async def test_an_unknown_id_is_a_bad_request(chat: Chat, kind: str, name: str) -> None:
    await chat.ask("say:hi")
    await chat.send({"type": kind, "id": name, "before": name, "value": 1})
    error = await chat.until("error")
    assert error["code"] == "bad_request"
    assert error.get("id") in (None, name)
    assert await chat.quiet() == []


@pytest.mark.parametrize("kind", ["stop", "retry", "rate", "history"])
async def test_before_there_is_a_conversation_there_is_no_message(chat: Chat, kind: str) -> None:
    greeting = next(iter(chat.texts))
    await chat.send({"type": kind, "id": greeting, "before": greeting, "value": 1})
    assert (await chat.receive())["code"] == "bad_request"


async def test_unknown_fields_are_ignored(chat: Chat) -> None:
    await chat.send({"type": "ping", "colour": "blue", "nested": [{"deep": None}]})
    assert await chat.receive() == {"type": "pong"}


async def test_a_frame_of_64_kib_is_read(chat: Chat) -> None:
    await chat.send(_padded(MAX_FRAME_BYTES))
    assert await chat.receive() == {"type": "pong"}


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param("{" + " " * MAX_FRAME_BYTES + "}", id="of one byte more"),
        pytest.param(json.dumps({"type": "é" * 40_000}, ensure_ascii=False), id="of two-byte text"),
        pytest.param(b"x" * (MAX_FRAME_BYTES + 1), id="binary"),
    ],
)
async def test_a_larger_one_closes_the_socket(chat: Chat, frame: str | bytes) -> None:
    await chat.send(frame)
    assert await chat.closed() == 4413


async def test_a_larger_one_closes_it_before_ready_too(visit: Visit) -> None:
    chat = await visit()
    await chat.send("x" * 70_000)
    assert await chat.closed() == 4413


async def test_beyond_a_megabyte_the_socket_ends(chat: Chat) -> None:
    with suppress(ConnectionClosed):
        await chat.send("x" * 3_000_000)
    assert await chat.closed() in (1006, 1009, 4413)


def _padded(size: int) -> str:
    frame: dict[str, Any] = {"type": "ping", "pad": ""}
    frame["pad"] = "x" * (size - len(json.dumps(frame)))
    return json.dumps(frame)
