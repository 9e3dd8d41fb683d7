"""A visitor of the widget `held`, whose agent says what the test lets it say."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Self

from tests.client import SECONDS, Chat, Frame, frame_token
from tests.platforms.control import Control
from tests.running import Server

SLUG = "held"
# All servers have one SECRET_KEY, so a token of one is good for all.
_tokens: dict[str, str] = {}


def a_name() -> str:
    """The name of a reply that no other test holds."""
    return uuid.uuid4().hex


class Visit(Chat):
    """One socket of a visitor; `again` is another one of the same."""

    def __init__(self, server: Server, slug: str = SLUG, *, address: str = "") -> None:
        """`address`: where it comes from, as a trusted proxy says."""
        headers = {"X-Forwarded-For": address} if address else None
        super().__init__(server.url, slug, headers=headers)
        self.server = server

    async def hello(self, **fields: Any) -> Frame:
        if "token" not in fields:
            if self.slug not in _tokens:
                _tokens[self.slug] = await frame_token(self.url, self.slug)
            fields["token"] = _tokens[self.slug]
        return await super().hello(**fields)

    async def greeted(self, **fields: Any) -> Self:
        """Say hello, and wait for the greeting."""
        await self.greeting(await self.hello(**fields))
        return self

    async def again(self, other: Chat) -> Self:
        """Say hello as the visitor of `other`, in the same conversation."""
        ready = await self.hello(visitor=other.visitor, conversation=other.conversation)
        assert ready["conversation"] == other.conversation
        return self

    async def ask_held(self, control: Control, name: str) -> str:
        """Ask for a reply that the test writes as `name`; its id, once the platform is asked."""
        await self.say(f"hold:{name}")
        begun = await self.reply_begun()
        await control.waiting(name)
        return str(begun["id"])

    async def until_text(self, reply: str, text: str) -> None:
        """Wait until this much of a reply is shown."""
        async with asyncio.timeout(SECONDS):
            while self.texts.get(reply) != text:
                assert text.startswith(self.texts.get(reply, "")), self.texts
                await self.receive()

    async def until_shown(self, seconds: float = SECONDS, **fields: Any) -> Frame:
        """Wait until a message with these fields is shown, however it has come; that message."""
        async with asyncio.timeout(seconds):
            while True:
                for message in self.shown.transcript:
                    if all(message[name] == value for name, value in fields.items()):
                        return message
                await self.receive(seconds)

    async def rest(self) -> Self:
        """Take every frame that was sent before the answer to a `ping`."""
        await self.send({"type": "ping"})
        await self.until("pong")
        return self

    def cut(self) -> None:
        """Break the connection off, without a word to the server."""
        self.socket.transport.abort()


async def transcript(server: Server, chat: Chat) -> list[Frame]:
    """What a client sees that opens the conversation of `chat` now."""
    async with Visit(server, chat.slug) as fresh:
        await fresh.again(chat)
        return fresh.shown.transcript


async def calls(control: Control, text: str) -> int:
    """How often the widget's platform was asked for the answer to this message."""
    bodies = [json.loads(each["body"]) for each in await control.log() if each["body"]]
    asked = [body["messages"][-1]["content"] for body in bodies if "messages" in body]
    # Behind an unanswered message it is the end of one: no two neighbours have one role.
    return sum(each == text or each.endswith(f"\n{text}") for each in asked)


async def eventually(seen: Callable[[], Awaitable[bool]], seconds: float = SECONDS) -> None:
    """Wait for something outside of this process that tells nobody when it happens."""
    async with asyncio.timeout(seconds):
        while not await seen():
            await asyncio.sleep(0.05)


async def well(server: Server) -> None:
    """Wait until /healthz finds what was away, by itself."""
    async with server.client() as client:

        async def ok() -> bool:
            return (await client.get("/healthz")).status_code == 200

        await eventually(ok)
