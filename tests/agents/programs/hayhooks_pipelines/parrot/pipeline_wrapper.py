"""Hayhooks: a pipeline that answers chat completions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from echo import pieces
from hayhooks import BasePipelineWrapper


class PipelineWrapper(BasePipelineWrapper):
    def setup(self) -> None:
        self.pipeline = None

    def run_api(self, text: str) -> str:
        return text

    async def run_chat_completion_async(
        self, model: str, messages: list[dict[str, Any]], body: dict[str, Any]
    ) -> AsyncIterator[str]:
        said = [each for each in messages if each["role"] == "user"]
        return pieces(str(said[-1]["content"]).rpartition("\n\n")[2], len(said))
