"""A minimal Channels consumer with httpx."""

import os

import httpx
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

settings.configure(SECRET_KEY="bench", ALLOWED_HOSTS=["*"])

URL = os.environ["PROVIDER_URL"] + "/v1/public/chat"
client = httpx.AsyncClient(
    timeout=60, limits=httpx.Limits(max_connections=None, max_keepalive_connections=None)
)


class Relay(AsyncWebsocketConsumer):
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        question = {"agent_id": "a", "message": text_data}
        async with client.stream("POST", URL, json=question) as response:
            async for text in response.aiter_text():
                await self.send(text_data=text)
        await self.send(text_data="[DONE]")


application = Relay.as_asgi()
