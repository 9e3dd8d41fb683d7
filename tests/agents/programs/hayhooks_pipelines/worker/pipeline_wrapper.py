"""Hayhooks: an agent of Haystack's whose tool takes longer than a pause between two words may."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from hayhooks import BasePipelineWrapper, streaming_generator
from haystack.components.agents import Agent
from haystack.components.generators.chat import MockChatGenerator
from haystack.dataclasses import ChatMessage, ToolCall
from haystack.tools import tool


@tool
def look() -> str:
    """Look it up."""
    time.sleep(4)
    return "found"


class PipelineWrapper(BasePipelineWrapper):
    def setup(self) -> None:
        call = ChatMessage.from_assistant(tool_calls=[ToolCall(tool_name="look", arguments={})])
        model = MockChatGenerator(responses=[call, "I have looked it up."])
        self.pipeline = Agent(chat_generator=model, tools=[look])
        self.pipeline.warm_up()

    def run_chat_completion(
        self, model: str, messages: list[dict[str, Any]], body: dict[str, Any]
    ) -> Iterator[Any]:
        asked = [ChatMessage.from_user(messages[-1]["content"])]
        return streaming_generator(pipeline=self.pipeline, pipeline_run_args={"messages": asked})
