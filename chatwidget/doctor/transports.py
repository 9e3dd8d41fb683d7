"""Opens a chat as the frame does, over both transports, with the cookies of a large domain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import msgspec

from chatwidget.doctor.finding import Finding, fault, note, well
from chatwidget.errors import CloseCode

FRAME_SECONDS = 10.0  # for the first frame
# A chat on chat.example.com is sent all cookies of example.com.
COOKIES = "; ".join(f"c{number}={'x' * 1000}" for number in range(12))
STRANGER = "https://another-site.invalid"
PROXY = "docs/deployment.md has the whole block for your proxy."

HANDSHAKES = {
    400: "Is this host in ALLOWED_HOSTS? Do headers of 16 KiB pass?",
    403: "The ASGI application refuses it: route websocket_urlpatterns, `manage.py check`.",
    404: f"Serve the ASGI application, with websockets routed; or the proxy drops Upgrade. {PROXY}",
    426: f"The proxy drops the Upgrade header. {PROXY}",
    431: "Headers of 16 KiB must pass, in the proxy and in the server.",
    502: f"The proxy knows no websockets here, or the server cannot carry them. {PROXY}",
    503: f"The proxy knows no websockets here, or the server is away. {PROXY}",
}
CLOSES = {
    CloseCode.UNAUTHORIZED: "Do all workers have one SECRET_KEY, and one clock?",
    CloseCode.ORIGIN: (
        "Have the proxy pass Host on and send X-Forwarded-Proto, and name it in TRUSTED_PROXIES; "
        "or name this origin in CSRF_TRUSTED_ORIGINS."
    ),
    CloseCode.TOO_MANY: "Too much of late: wait a minute; behind a proxy set TRUSTED_PROXIES.",
    CloseCode.RESTARTING: "The server is going down: ask again when it is back.",
}
LARGER = (
    "Let headers of 16 KiB pass: large_client_header_buffers (nginx), LimitRequestFieldSize "
    "(Apache), WEBSOCKETS_MAX_LINE_LENGTH=16384 in uvicorn's environment."
)


class Said(msgspec.Struct):
    """What of a frame is needed here."""

    type: str


class Refused(Exception):
    """A chat that does not begin: why, and what to do."""

    def __init__(self, why: str, advice: str) -> None:
        super().__init__(why)
        self.finding = fault(why, advice)


async def examine_socket(
    client: aiohttp.ClientSession, url: str, origin: str, token: str
) -> AsyncIterator[Finding]:
    """The websocket, with an Origin; then what must be refused."""
    try:
        await _chat(client, url, {"Origin": origin}, token)
    except Refused as refused:
        yield refused.finding
        return
    yield well("Websocket: a chat begins.")
    try:
        await _chat(client, url, {"Origin": origin, "Cookie": COOKIES}, token)
    except Refused as refused:
        yield fault(f"With 12 KiB of cookies none begins. {refused}", LARGER)
    else:
        yield well("Websocket: 12 KiB of cookies pass.")
    try:
        await _chat(client, url, {"Origin": STRANGER}, token)
    except Refused:
        yield well("Websocket: another site's script is refused.")
    else:
        advice = "Leave the Origin header as the browser sent it; CSRF_TRUSTED_ORIGINS without `*`."
        yield fault("Websocket: another site's script is let in.", advice)


async def _chat(
    client: aiohttp.ClientSession, url: str, headers: dict[str, str], token: str
) -> None:
    """Open a socket, say hello, and wait for `ready`. Raises Refused."""
    try:
        async with asyncio.timeout(FRAME_SECONDS):
            async with client.ws_connect(url, headers=headers) as socket:
                await socket.send_str(_hello(token))
                received = await socket.receive()
    except aiohttp.WSServerHandshakeError as error:
        advice = HANDSHAKES.get(error.status, PROXY)
        text = f"Websocket: the handshake is answered {error.status}: “Reconnecting…” for ever."
        raise Refused(text, advice) from None
    except TimeoutError:
        text = f"Websocket: nothing comes in {FRAME_SECONDS:g} s."
        advice = f"Is the database away, or does the proxy hold it back? {PROXY}"
        raise Refused(text, advice) from None
    except (aiohttp.ClientError, ConnectionError) as error:
        raise Refused(f"Websocket: {error or type(error).__name__}.", PROXY) from None
    if received.type is aiohttp.WSMsgType.TEXT:
        if msgspec.json.decode(received.data, type=Said).type == "ready":
            return
        raise Refused("Websocket: the chat is refused.", "The server's log says why.")
    code = socket.close_code
    advice = CLOSES.get(code or 0, "The server's log says why.")  # type: ignore[call-overload]
    raise Refused(f"Websocket: closed with {code}.", advice)


def _hello(token: str) -> str:
    return msgspec.json.encode({"type": "hello", "token": token}).decode()


async def examine_events(
    client: aiohttp.ClientSession, url: str, origin: str, token: str
) -> AsyncIterator[Finding]:
    """The stream of events, which the frame falls back to where websockets are blocked."""
    buffered = "Have the proxy buffer no text/event-stream: proxy_buffering off (nginx)."
    try:
        async with asyncio.timeout(FRAME_SECONDS):
            async with client.post(url, data=_hello(token), headers={"Origin": origin}) as response:
                if response.status != 200:
                    advice = "Visitors whose company blocks websockets stay without: let POST pass."
                    yield fault(f"Event stream: answered {response.status}.", advice)
                    return
                events = b""
                async for piece in response.content.iter_any():
                    events += piece
                    if b'"type":"ready"' in events or b"event: close" in events:
                        break
    except TimeoutError:
        yield fault(f"Event stream: nothing comes in {FRAME_SECONDS:g} s.", buffered)
        return
    except aiohttp.ClientError as error:
        yield fault(f"Event stream: {error}.", buffered)
        return
    if b'"type":"ready"' in events:
        yield well("Event stream: a chat begins where websockets are blocked.")
    else:
        yield note("Event stream: refused.", "See what is said of the websocket.")
