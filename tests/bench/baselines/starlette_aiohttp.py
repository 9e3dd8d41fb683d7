"""A minimal Starlette relay with aiohttp's client."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

URL = os.environ["PROVIDER_URL"] + "/v1/public/chat"


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        app.state.session = session
        yield


async def relay(socket: WebSocket) -> None:
    await socket.accept()
    session: aiohttp.ClientSession = socket.app.state.session
    async for message in socket.iter_text():
        question = {"agent_id": "a", "message": message}
        async with session.post(URL, json=question) as response:
            async for chunk in response.content.iter_any():
                await socket.send_text(chunk.decode())
        await socket.send_text("[DONE]")


application = Starlette(routes=[WebSocketRoute("/", relay)], lifespan=lifespan)
