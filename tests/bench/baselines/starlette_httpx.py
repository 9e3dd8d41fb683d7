"""A minimal Starlette relay with httpx."""

import os

import httpx
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

URL = os.environ["PROVIDER_URL"] + "/v1/public/chat"
client = httpx.AsyncClient(
    timeout=60, limits=httpx.Limits(max_connections=None, max_keepalive_connections=None)
)


async def relay(socket: WebSocket) -> None:
    await socket.accept()
    async for message in socket.iter_text():
        question = {"agent_id": "a", "message": message}
        async with client.stream("POST", URL, json=question) as response:
            async for text in response.aiter_text():
                await socket.send_text(text)
        await socket.send_text("[DONE]")


application = Starlette(routes=[WebSocketRoute("/", relay)])
