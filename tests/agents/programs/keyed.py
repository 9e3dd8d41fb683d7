"""A check of the key, for servers that have none of their own: an ASGI middleware."""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class Keyed:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self.app
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization")
            if given != b"Bearer agent-key":
                answer = JSONResponse({"detail": "Wrong key"}, 401)
        await answer(scope, receive, send)
