"""Hayhooks: a pipeline that answers chat completions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from echo import pieces
from fastapi_openai_compat import ChatCompletion
from hayhooks import BasePipelineWrapper
from hayhooks.open_webui import create_status_event
from haystack.dataclasses import ReasoningContent, StreamingChunk
from openai_app import whole


class PipelineWrapper(BasePipelineWrapper):
    def setup(self) -> None:
        self.pipeline = None

    def run_api(self, text: str) -> str:
        return text

    async def run_chat_completion_async(
        self, model: str, messages: list[dict[str, Any]], body: dict[str, Any]
    ) -> Any:
        said = [each for each in messages if each["role"] == "user"]
        text = str(said[-1]["content"]).rpartition("\n\n")[2]
        if text.endswith("RECALL"):
            return pieces("".join(each["content"] for each in messages[:-1]), len(said))
        if text.endswith("WHOLE"):
            return ChatCompletion(**whole(f"Echo {len(said)}: {text}"))
        return chunks(text, len(said))


async def chunks(text: str, turn: int) -> AsyncIterator[Any]:
    """What Haystack's own components stream, beside the echo's pieces."""
    if text.endswith(("LENGTH", "FILTER")):
        reason = "length" if text.endswith("LENGTH") else "content_filter"
        yield StreamingChunk(content="", finish_reason=reason)
        return
    if text.endswith("ASIDE"):
        yield StreamingChunk("", index=0, reasoning=ReasoningContent("They want an echo."))
        yield create_status_event("Looking it up", done=False)
    async for piece in pieces(text, turn):
        yield piece
    if text.endswith("HANG"):
        yield StreamingChunk("", finish_reason="stop")
        await asyncio.sleep(50)
