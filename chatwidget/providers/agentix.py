"""agentix (docs.agentix.cl): the client makes the session, answers are a raw stream of text.

Rich elements come in the header X-UI-Spec. One that cannot be read is left out, and the
message's metadata says so: the text stands without it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import quote

import msgspec

from chatwidget.errors import PlatformRejected
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
from chatwidget.providers.decoders import read_json
from chatwidget.providers.http import HTTPProvider


class Theme(msgspec.Struct):
    primaryColor: str | None = None


class Features(msgspec.Struct):
    enableEmailCapture: bool = False


class AgentLimits(msgspec.Struct):
    maxMessageLength: int | None = None


class Agent(msgspec.Struct):
    """GET /api/public/agents/{id}"""

    name: str
    welcomeMessage: str | None = None
    placeholderText: str | None = None
    theme: Theme | None = None
    features: Features | None = None
    limits: AgentLimits | None = None


class Agentix(HTTPProvider):
    label = "agentix"
    default_base_url = "https://app.agentix.cl"
    # agentix takes an address for the visitor's own. One that anybody may have typed is none,
    # unless the owner says that it shall be.
    options = {"send_unverified_email": bool}

    def auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.config.key.reveal()}"}

    def _path(self) -> str:
        return f"/api/public/agents/{quote(self.config.agent, safe='')}"

    async def profile(self, person: VisitorIdentity) -> AgentProfile:
        """The agent's welcome, its limits, and what the owner's form may start from."""
        async with self.ask("GET", self._path()) as answer:
            agent = await answer.json(Agent)
        known = {
            "title": agent.name,
            "placeholder": agent.placeholderText,
            "color": agent.theme and agent.theme.primaryColor,
        }
        length = agent.limits and agent.limits.maxMessageLength
        return AgentProfile(
            greeting=Greeting(agent.welcomeMessage) if agent.welcomeMessage else None,
            max_length=length if length and length > 0 else None,
            asks_email=bool(agent.features and agent.features.enableEmailCapture),
            defaults={name: value for name, value in known.items() if value},
        )

    async def reply(self, turn: Turn) -> AsyncGenerator[Event, None]:
        session = turn.session or turn.conversation
        body: dict[str, Any] = {"message": turn.text, "sessionId": session}
        body |= self._visitor(turn.person)
        if metadata := _metadata(turn):
            body["metadata"] = metadata
        async with self.ask("POST", f"{self._path()}/chat", body, accept="text/plain") as answer:
            if session != turn.session:
                yield ProviderSession(session)
            async for text in answer.text():
                yield Delta(text)
            spec = answer.raw_header(b"x-ui-spec")
            conversation = answer.headers.get("x-conversation-id", "")
            message = answer.headers.get("x-message-id", "")
        metadata = {"conversation_id": conversation} if conversation else {}
        ui = None
        try:
            ui = read_json(spec, dict[str, Any]) if spec else None
        except PlatformRejected as error:
            metadata["ui_ignored"] = error.cause
        yield Finished(ui=ui, message_id=message, metadata=metadata)

    def _visitor(self, person: VisitorIdentity) -> dict[str, str]:
        sends_any = self.config.options.get("send_unverified_email") is True
        known = {
            "visitorId": person.id,
            "visitorEmail": person.email if person.email_verified or sends_any else "",
            "visitorName": person.name,
        }
        return {name: value for name, value in known.items() if value}


def _metadata(turn: Turn) -> dict[str, str]:
    known = {
        "url": turn.page.url,
        "title": turn.page.title,
        "referrer": turn.page.referrer,
        "locale": turn.person.locale,
    }
    return {name: value for name, value in known.items() if value}
