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


async def in_step(*tabs: Chat, another: Another) -> list[Frame]:
    """All tabs show what a fresh one is shown."""
    fresh = await another(tabs[0])
    for tab in tabs:
        await tab.quiet()
        assert tab.shown.transcript == fresh.shown.transcript
    return list(fresh.shown.transcript)
