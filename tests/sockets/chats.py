"""What tests of several tabs and of held replies share."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from tests.client import Chat, Frame
from tests.platforms.control import Control

Another = Callable[..., Any]


async def begun(chat: Chat, agents: Control, text: str = "") -> tuple[str, str]:
    """A reply that is held after `text` has arrived: (its name, its id)."""
    name = uuid.uuid4().hex
    await chat.say(f"hold:{name}")
    reply = (await chat.reply_begun())["id"]
    await agents.waiting(name)
    if text:
        await agents.push(name, text)
        await chat.until("delta", id=reply)
    return name, reply


def shown(chat: Chat) -> list[Frame]:
    """What a client shows by now, put together from its frames as docs/protocol.md says."""
    messages: dict[str, Frame] = {}
    for frame in chat.frames:
        match frame["type"]:
            case "ready":
                messages = {each["id"]: dict(each) for each in frame["messages"]}
            case "accepted" | "message":
                messages[frame["message"]["id"]] = dict(frame["message"])
            case "delta":
                message = messages[frame["id"]]
                assert frame["offset"] == len(message["text"])
                message["text"] += frame["text"]
            case "done":
                message = messages[frame["id"]]
                assert frame["length"] == len(message["text"])
                message["status"] = frame["status"]
                message |= {name: frame[name] for name in ("ui", "error") if name in frame}
    return sorted(messages.values(), key=lambda message: int(message["seq"]))


async def in_step(*tabs: Chat, another: Another) -> list[Frame]:
    """All tabs show what a fresh one is shown."""
    fresh = await another(tabs[0])
    for tab in tabs:
        await tab.quiet()
        assert shown(tab) == shown(fresh)
    return shown(fresh)
