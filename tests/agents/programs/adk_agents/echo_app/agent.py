"""A Google ADK agent whose model is an echo."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from echo import pieces
from google.adk.agents import Agent
from google.adk.models import BaseLlm, LlmRequest, LlmResponse
from google.genai import types


class Echo(BaseLlm):
    async def generate_content_async(
        self, llm_request: LlmRequest, stream: bool = False
    ) -> AsyncGenerator[LlmResponse, None]:
        said = [
            part.text
            for content in llm_request.contents
            if content.role == "user"
            for part in content.parts or []
            if part.text
        ]
        whole = ""
        async for piece in pieces(said[-1], len(said)):
            whole += piece
            part = types.Part(text=piece)
            yield LlmResponse(content=types.Content(role="model", parts=[part]), partial=True)
        part = types.Part(text=whole)
        yield LlmResponse(content=types.Content(role="model", parts=[part]), partial=False)


root_agent = Agent(name="echo_app", model=Echo(model="echo"), instruction="Echo.")
