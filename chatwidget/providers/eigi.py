"""eigi (docs.eigi.ai): the platform makes the session, answers are a raw stream of text."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import quote

import msgspec

from chatwidget.providers.base import (
    AgentProfile,
    Delta,
    Event,
    Finished,
    Greeting,
    ProviderSession,
    Turn,
    VisitorIdentity,
)
from chatwidget.providers.http import HTTPProvider


class FirstMessage(msgspec.Struct):
    """GET /v1/public/agents/{agent_id}/first-message"""

    session_id: str
    first_message: str
    agent_id: str


class Eigi(HTTPProvider):
    label = "eigi"
    default_base_url = "https://prod.eigi.ai"
    max_length = 4000

    def auth(self) -> dict[str, str]:
        return {"X-API-Key": self.config.key.reveal()}

    async def profile(self, person: VisitorIdentity) -> AgentProfile:
        """The agent's first message, and the session it opens: good for this visitor only."""
        agent = quote(self.config.agent, safe="")
        async with self.ask("GET", f"/v1/public/agents/{agent}/first-message") as answer:
            first = await answer.json(FirstMessage)
        return AgentProfile(greeting=Greeting(first.first_message, first.session_id))

    async def reply(self, turn: Turn) -> AsyncGenerator[Event, None]:
        body: dict[str, Any] = {
            "agent_id": self.config.agent,
            "message": turn.text,
            "streaming": True,
            "metadata": _metadata(turn),
        }
        if turn.session:
            body["session_id"] = turn.session
        async with self.ask("POST", "/v1/public/chat", body, accept="text/plain") as answer:
            session = answer.headers.get("x-session-id", "")
            if session and session != turn.session:
                yield ProviderSession(session)
            async for text in answer.text():
                yield Delta(text)
        lost = {} if session or turn.session else {"note": "no X-Session-ID: the session is lost"}
        yield Finished(metadata=lost)


def _metadata(turn: Turn) -> dict[str, str]:
    known = {
        "source": "website",
        "user_id": turn.person.id,
        "page_url": turn.page.url,
        "page_title": turn.page.title,
    }
    return {name: value for name, value in known.items() if value}
