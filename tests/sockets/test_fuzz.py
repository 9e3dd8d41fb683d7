"""Whatever visitors send, in any order: sockets live, and tabs end with what the server has."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.client import Chat, Frame
from tests.platforms.control import Control
from tests.protocol_table import TABLE, raw
from tests.sockets.chats import in_step
from tests.sockets.conftest import Site

Another = Callable[..., Any]
ODD: list[Any] = [None, True, -1, 0, 1, 1e300, "", "\0", "\ud800", "🙂", [], {}, [[]], {"id": 1}]

# But ping, whose pong tells when all before it has been answered.
CASES = [
    case
    for kind in ("valid", "invalid")
    for case in TABLE["client"][kind]
    if case.get("frame") != {"type": "ping"}
]


def any_frame(pick: random.Random, chat: Chat, sent: list[str]) -> str:
    """A frame of the table, or one that fits what is shown, or one with something odd in it."""
    if pick.random() < 0.3:
        return raw(pick.choice(CASES))
    ids = [*chat.texts, str(uuid.uuid4())]
    frame: Frame = {
        "type": pick.choice(
            [
                *("send", "send", "stop", "retry", "rate", "history", "ack", "new", "page"),
                *("profile", "typing", "ask_person"),
            ]
        ),
        "id": pick.choice(ids),
        "before": pick.choice(ids),
        "text": pick.choice(["say:a 🙂 b", "fault:400", "fault:drop", "hello", "say:" + "x " * 50]),
        "value": pick.choice([1, -1, 0]),
        "attempt": pick.choice([None, 1, 2]),
        "offset": pick.choice([0, 1, 5, 10**6]),
        "url": "https://shop.example/",
        "title": "A",
        "name": "Ada",
        "email": pick.choice(["a@example.com", "nonsense"]),
    }
    if frame["type"] == "send":
        frame["id"] = pick.choice([*sent[-3:], str(uuid.uuid4())])
        sent.append(frame["id"])
    if pick.random() < 0.1:
        frame[pick.choice(list(frame))] = pick.choice(ODD)
    return json.dumps(frame)


@pytest.mark.parametrize("seed", range(4))
async def test_any_frames(
    chat: Chat, another: Another, site: Site, agents: Control, seed: int
) -> None:
    pick = random.Random(seed)
    tabs = [chat, await another(chat)]
    sent: list[str] = []
    for _ in range(150):
        tab = pick.choice(tabs)
        await tab.send(any_frame(pick, tab, sent))
        if pick.random() < 0.3:
            await tab.quiet()
    for tab in tabs:
        await tab.quiet()
    await chat.send({"type": "new"})  # whatever they show by now, from here they go on together
    await chat.quiet()
    tabs[1] = await another(chat, conversation=None)
    await chat.ask("say:the end")
    while (
        "the end" not in tabs[1].texts.values()
        or tabs[1].shown.transcript[-1]["status"] != "complete"
    ):
        await tabs[1].receive()
    messages = await in_step(*tabs, another=another)
    assert [message["text"] for message in messages][1:] == ["say:the end", "the end"]
