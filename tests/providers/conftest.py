"""Adapters pointed at the fake platforms, and what comes out of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from pytest_django import Settings

from chatwidget.conf import ProviderConfig, Secret
from chatwidget.errors import ReplyError
from chatwidget.providers.base import (
    Finished,
    HistoryMessage,
    PageContext,
    Provider,
    Turn,
    VisitorIdentity,
)
from chatwidget.providers.reader import ReplyReader
from chatwidget.providers.registry import make_provider
from chatwidget.providers.transport import close_transport
from tests.platforms.control import Control, as_new
from tests.running import Process

KEYS = {
    "eigi": "vk_0123456789abcdef",
    "fifthelement": "fe_0123456789abcdef",
    "vindex": "amgai_0123456789abcdef",
    "agentix": "agx_live_0123456789abcdef",
    "openai": "sk-0123456789abcdef",
}
NAMES = list(KEYS)
STREAMING = ["eigi", "fifthelement", "agentix", "openai"]
PERSON = VisitorIdentity(id="visitor-1", name="Ann", email="ann@example.com", locale="en")
PAGE = PageContext("https://shop.example.com/blue", "Blue – Shop", "https://example.com/")


@dataclass
class Outcome:
    """All that a reply brought."""

    text: str
    pieces: int
    session: str
    finished: Finished | None
    error: ReplyError | None
    superseded: int = 0

    @property
    def code(self) -> str:
        return self.error.code if self.error else ""


async def outcome(provider: Provider, turn: Turn) -> Outcome:
    """The reply to its end, good or bad."""
    reading = ReplyReader()
    pieces: list[str] = []

    def take(text: str) -> None:
        assert text
        pieces.append(text)

    error = None
    try:
        await reading.read(provider, turn, take)
    except ReplyError as failure:
        error = failure
    text = "".join(pieces)[reading.superseded :]
    return Outcome(text, len(pieces), reading.session, reading.finished, error, reading.superseded)


@dataclass
class Chat:
    """A conversation with one adapter, which keeps what a transcript would keep."""

    provider: Provider
    conversation: str = "01930000-0000-7000-8000-000000000001"
    session: str = ""
    history: tuple[HistoryMessage, ...] = ()

    async def say(self, text: str, **more: Any) -> Outcome:
        turn = Turn(
            text,
            PERSON,
            self.conversation,
            self.session,
            page=PAGE,
            history=self.history if self.provider.wants_history else (),
            **more,
        )
        found = await outcome(self.provider, turn)
        self.session = found.session or self.session
        if found.error is None:
            self.history += (HistoryMessage("user", text), HistoryMessage("assistant", found.text))
        return found


class Platforms(Control):
    """The fake platforms, and the chats that tests have with them."""

    def chat(self, name: str, agent: str = "agent-1", key: str = "", **options: Any) -> Chat:
        base_url = self.url + ("/v1" if name == "openai" else "")
        agent = "" if name == "vindex" else agent
        config = ProviderConfig(name, base_url, agent, Secret(key or KEYS[name]), options)
        return Chat(make_provider(config))

    async def streaming_chat(self, name: str) -> Chat:
        """A chat whose next turn streams: fifthelement's first one does not."""
        chat = self.chat(name)
        if name == "fifthelement":
            await chat.say("Hello")
        return chat


@pytest.fixture
async def fakes(platforms: Process) -> AsyncIterator[Platforms]:
    async with as_new(Platforms(platforms.url)) as control:
        yield control


@pytest.fixture(scope="session", autouse=True)
async def client() -> AsyncIterator[None]:
    """The shared client is closed with the loop it belongs to."""
    yield
    await close_transport()


def be_patient(
    settings: Settings, *, first: float = 60, between: float = 60, total: float = 60
) -> None:
    """Seconds that a platform may take. A test shortens the one that it is about."""
    settings.CHATWIDGET = {**settings.CHATWIDGET, "TIMEOUTS": (30, first, between, total)}
