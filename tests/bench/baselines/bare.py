"""The least an ASGI application does: two thousand bytes, whatever is asked for."""

from typing import Any

BODY = b"x" * 2000
HEADERS = [(b"content-type", b"text/javascript"), (b"content-length", b"2000")]


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": BODY})
