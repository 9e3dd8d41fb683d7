"""Pydantic AI over AG-UI (/agui) and as Vercel's UI message stream (/vercel)."""

from __future__ import annotations

from collections.abc import AsyncIterator

from echo import pieces, stopped
from keyed import Keyed
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelRequest, UserPromptPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.ui.ag_ui import AGUIAdapter
from pydantic_ai.ui.vercel_ai import VercelAIAdapter
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def say(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
    said = [
        str(part.content)
        for message in messages
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, UserPromptPart)
    ]
    ended = False
    try:
        async for piece in pieces(said[-1], len(said)):
            yield piece
        ended = True
    finally:
        if not ended and said[-1].endswith("SLOW"):
            stopped()


agent = Agent(FunctionModel(stream_function=say))


async def agui(request: Request) -> Response:
    return await AGUIAdapter.dispatch_request(request, agent=agent)


async def vercel(request: Request) -> Response:
    return await VercelAIAdapter.dispatch_request(request, agent=agent)


app = Starlette(
    routes=[Route("/agui", agui, methods=["POST"]), Route("/vercel", vercel, methods=["POST"])],
    middleware=[Middleware(Keyed)],
)
