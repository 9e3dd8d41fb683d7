"""fifthelement (docs.fifthelement.ai): each customer has a host; the platform makes the session.

Where a streamed answer holds the conversation's id is not documented, and without it each turn
would begin a new one. So the first turn is asked whole and later ones stream. The id is read all
the same wherever it comes: the option `stream_first_turn` is for a host that is known to send it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import quote

import msgspec

from chatwidget.errors import PlatformRejected
from chatwidget.providers.base import Delta, Event, Finished, ProviderSession, Turn
from chatwidget.providers.decoders import excerpt, read_json
from chatwidget.providers.http import HTTPProvider

# Where a stream may hold the conversation's id, if it does.
ID_HEADERS = ("x-conversation-id", "conversation-id")


class Data(msgspec.Struct):
    response: str
    conversationId: str
    metadata: dict[str, Any] | None = None


class Whole(msgspec.Struct):
    """The answer with `stream: false`; in an error `data` is null."""

    data: Data


class Piece(msgspec.Struct):
    """One `data:` line of a stream."""

    chunk: str = ""
    conversationId: str | None = None
    error: Any = None


class FifthElement(HTTPProvider):
    label = "fifthelement"
    options = {"stream_first_turn": bool}
    # "Implement retry logic for transient errors (429, 500)", its document says.
    refused_before = frozenset({429, 500, 503})

    def auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.config.key.reveal()}"}

    def reply(self, turn: Turn) -> AsyncGenerator[Event, None]:
        stream = bool(turn.session) or self.config.options.get("stream_first_turn") is True
        body: dict[str, Any] = {"message": turn.text, "stream": stream}
        if turn.session:
            body["conversationId"] = turn.session
        return self._streamed(turn, body) if stream else self._whole(body)

    def _path(self) -> str:
        return f"/v1/api/chat/{quote(self.config.agent, safe='')}"

    async def _whole(self, body: dict[str, Any]) -> AsyncGenerator[Event, None]:
        async with self.ask("POST", self._path(), body) as answer:
            said = (await answer.json(Whole)).data
        yield ProviderSession(said.conversationId)
        yield Delta(said.response)
        yield Finished(metadata=said.metadata or {})

    async def _streamed(self, turn: Turn, body: dict[str, Any]) -> AsyncGenerator[Event, None]:
        session = turn.session
        async with self.ask("POST", self._path(), body, accept="text/event-stream") as answer:
            given = next(
                (answer.headers[name] for name in ID_HEADERS if name in answer.headers), ""
            )
            if given and given != session:
                session = given
                yield ProviderSession(session)
            async for event in answer.events(by_line=True):
                if event.data == "[DONE]":
                    break
                if not event.data:
                    continue
                piece = read_json(event.data, Piece)
                if piece.error is not None or event.name == "error":
                    raise PlatformRejected(f"an error in the stream: {excerpt(event.data)}")
                if piece.conversationId and piece.conversationId != session:
                    session = piece.conversationId
                    yield ProviderSession(session)
                yield Delta(piece.chunk)
        lost = {} if session else {"note": "the stream held no conversationId: it is lost"}
        yield Finished(metadata=lost)
