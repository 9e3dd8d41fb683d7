"""vindex (ai.amgaptech.com/docs): the client makes the session, answers come whole, as Markdown."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from chatwidget.providers.base import Delta, Event, Finished, ProviderSession, Turn
from chatwidget.providers.http import HTTPProvider


class Reply(msgspec.Struct):
    """POST /api/chat"""

    reply: str
    session_id: str


class Vindex(HTTPProvider):
    label = "vindex"
    default_base_url = "https://ai.vindex.ai"
    needs_agent = False  # the key names the channel
    max_length = 2000

    def auth(self) -> dict[str, str]:
        return {"X-API-Key": self.config.key.reveal()}

    async def reply(self, turn: Turn) -> AsyncGenerator[Event, None]:
        session = turn.session or turn.conversation
        body: dict[str, Any] = {"message": turn.text, "session_id": session}
        page = {"url": turn.page.url, "title": turn.page.title}
        if metadata := {name: value for name, value in page.items() if value}:
            body["metadata"] = metadata
        async with self.ask("POST", "/api/chat", body) as answer:
            said = await answer.json(Reply)
        if said.session_id != turn.session:
            yield ProviderSession(said.session_id)
        yield Delta(said.reply)
        yield Finished()
