"""OpenAI's chat completions, streamed; any compatible server by its base URL.

It keeps no conversation: the history goes along from the transcript. A key is needed for OpenAI
itself; a server of one's own (a base URL is set) may do without.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from chatwidget.conf import ProviderConfig
from chatwidget.errors import PlatformRateLimited, PlatformRejected, PlatformUnavailable, ReplyError
from chatwidget.providers.base import Delta, Event, Finished, Turn
from chatwidget.providers.decoders import excerpt, read_json
from chatwidget.providers.http import HTTPProvider


class Content(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None  # said instead of content


class Choice(msgspec.Struct):
    delta: Content = msgspec.field(default_factory=Content)
    finish_reason: str | None = None
    index: int = 0


class Chunk(msgspec.Struct):
    """One `data:` of the stream: `chat.completion.chunk`, or an error."""

    choices: list[Choice] = []
    id: str | None = None
    model: str | None = None
    usage: dict[str, Any] | None = None
    error: Any = None


class OpenAI(HTTPProvider):
    label = "OpenAI"
    default_base_url = "https://api.openai.com/v1"
    needs_key = False  # see `problems`
    wants_history = True
    can_rewind = True
    options = {
        "system_prompt": str,
        "temperature": float,
        "top_p": float,
        "max_tokens": int,
        "max_completion_tokens": int,
    }

    @classmethod
    def problems(cls, config: ProviderConfig) -> list[str]:
        missing = not config.key and config.base_url in ("", cls.default_base_url)
        return ["OpenAI needs an API key"] if missing else super().problems(config)

    def auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.config.key.reveal()}"} if self.config.key else {}

    async def reply(self, turn: Turn) -> AsyncGenerator[Event, None]:
        last = Chunk()  # what the chunks hold besides text, the last of each
        reason = ""
        done = False
        body = self._body(turn)
        async with self.ask(
            "POST", "/chat/completions", body, accept="text/event-stream"
        ) as answer:
            async for event in answer.events():
                if event.data == "[DONE]":
                    done = True
                    break
                chunk = read_json(event.data, Chunk)
                if chunk.error is not None or event.name == "error":
                    raise _stream_error(event.data, chunk.error)
                for choice in chunk.choices:
                    if choice.index == 0:
                        yield Delta(choice.delta.content or choice.delta.refusal or "")
                        reason = choice.finish_reason or reason
                last.id = chunk.id or last.id
                last.model = chunk.model or last.model
                last.usage = chunk.usage or last.usage
        notes = {
            "model": last.model,
            "finish_reason": reason,
            "usage": last.usage,
            "note": "" if done or reason else "the stream ended without a finish_reason",
        }
        metadata = {name: value for name, value in notes.items() if value}
        yield Finished(message_id=last.id or "", metadata=metadata)

    def _body(self, turn: Turn) -> dict[str, Any]:
        sampling = dict(self.config.options)
        prompt = sampling.pop("system_prompt", "")
        messages = [{"role": "system", "content": prompt}] if prompt else []
        messages += [{"role": said.role, "content": said.text} for said in turn.history]
        messages.append({"role": "user", "content": turn.text})
        return {"model": self.config.agent, "messages": messages, "stream": True, **sampling}


def _stream_error(data: str, error: Any) -> ReplyError:
    """An error within the stream, after status 200; `code` may be a word or a status."""
    cause = f"an error in the stream: {excerpt(data)}"
    fields = error if isinstance(error, dict) else {}
    words = f"{fields.get('type')} {fields.get('code')}"
    if "rate_limit" in words or "429" in words:
        return PlatformRateLimited(cause)
    if "invalid_request" in words:
        return PlatformRejected(cause)
    return PlatformUnavailable(cause)
