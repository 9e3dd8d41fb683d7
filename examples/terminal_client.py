"""Chat with a widget from the terminal: a client of docs/protocol.md.

    pip install httpx websockets
    python examples/terminal_client.py http://127.0.0.1:8000 demo

A line is sent when you press Enter. `/stop` stops the reply, `/retry` asks for it again, `/new`
begins a new conversation. Ctrl-D leaves once everything is answered, Ctrl-C at once. Run it again,
and the conversation goes on: the visitor's token is kept in the file that `--token-file` names.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import sys
import threading
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

Json = dict[str, Any]

COME_BACK = {1006, 1011, 1012, 4410, 4503}
UNAUTHORIZED = 4401  # once: the next connection has a fresh token
UNDER_WAY = {"pending", "streaming"}
ACK_EVERY = 16 * 1024


class Refused(Exception):
    """The server wants no more of this client."""


class Elsewhere(Exception):
    """What was sent is in another conversation than the one that this connection shows."""


class Screen:
    """Prints a conversation as it grows. What is printed stays, so nothing is printed twice."""

    def __init__(self) -> None:
        self.printed: dict[tuple[str, int], int] = {}
        self.ended: set[tuple[str, int]] = set()

    def update(self, messages: list[Json]) -> None:
        for message in messages:
            key = version(message)
            if key in self.ended:
                continue
            if key not in self.printed:
                write(f"\n{message['role']}: ")
            printed = self.printed.setdefault(key, 0)
            write(message["text"][printed:])
            self.printed[key] = max(printed, len(message["text"]))
            if message["status"] in UNDER_WAY:
                return  # what comes after it waits for its turn
            self.ended.add(key)
            if message["status"] != "complete":
                detail = (message.get("error") or {}).get("detail", "")
                write(f" [{message['status']}] {detail}")
            write("\n")


class Chat:
    def __init__(self, url: httpx.URL, slug: str, token_file: Path) -> None:
        self.url = url
        self.slug = slug
        self.token_file = token_file
        self.screen = Screen()
        self.messages: dict[str, Json] = {}
        self.acknowledged: dict[str, int] = {}  # up to where, of each reply
        self.unaccepted: dict[str, str] = {}  # the texts of sends, by the id that each keeps
        self.hello: Json = {"type": "hello"}
        if token_file.exists():
            self.hello["visitor"] = token_file.read_text()
        self.socket: ClientConnection | None = None  # while it is ready
        self.pause = 1.0
        self.refusals = 0
        self.repeating = False  # the first of them may have arrived by an earlier connection
        self.later: asyncio.Task[None] | None = None
        self.answered = asyncio.Event()  # while nothing is under way

    async def stay_connected(self) -> None:
        while True:
            try:
                await self.converse()
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 1006
                self.refusals += code == UNAUTHORIZED
                if code not in COME_BACK | {UNAUTHORIZED} or self.refusals > 1:
                    reason = closed.rcvd.reason if closed.rcvd else ""
                    raise Refused(f"The server closed the connection: {code} {reason}") from None
            except (httpx.HTTPError, WebSocketException, OSError, Elsewhere):
                pass  # a TimeoutError is an OSError
            self.socket = None
            await asyncio.sleep(self.pause * random.uniform(0.5, 1))
            self.pause = min(self.pause * 2, 30)

    async def converse(self) -> None:
        """One connection, until it is lost."""
        async with httpx.AsyncClient(base_url=self.url) as http:
            answer = await http.get(f"/chatwidget/{self.slug}/token/")
            if answer.status_code == 404:
                raise Refused(f"There is no widget {self.slug!r} at {self.url}.")
            token = answer.raise_for_status().json()["token"]
        scheme = "wss" if self.url.scheme == "https" else "ws"
        address = self.url.copy_with(scheme=scheme, path=f"/chatwidget/{self.slug}/ws/")
        origin: Any = f"{self.url.scheme}://{self.url.netloc.decode()}"
        async with connect(str(address), origin=origin, max_size=None) as socket:
            await socket.send(json.dumps(self.hello | {"token": token}))
            async for frame in frames(socket):
                await self.receive(socket, frame)

    async def receive(self, socket: ClientConnection, frame: Json) -> None:
        match frame["type"]:
            case "ready":
                known = [version(message) in self.screen.printed for message in frame["messages"]]
                if self.screen.printed and not any(known):
                    write("\n--- another conversation ---\n")
                self.hello |= {key: frame[key] for key in ("visitor", "conversation")}
                keep(self.token_file, frame["visitor"])
                self.messages.clear()
                for message in frame["messages"]:
                    self.put(message)
                self.socket, self.pause, self.refusals = socket, 1.0, 0
                self.repeating = bool(self.unaccepted)
                await self.send_next()
            case "accepted":
                self.unaccepted.pop(frame["id"], None)
                self.screen.ended.add(version(frame["message"]))  # who typed it has read it
                elsewhere = frame["conversation"] != self.hello["conversation"]
                self.hello["conversation"] = frame["conversation"]
                if elsewhere and self.repeating:
                    raise Elsewhere
                self.repeating = False
                self.put(frame["message"])
                await self.send_next()
            case "message":
                self.put(frame["message"])
            case "delta":
                reply = self.messages[frame["id"]]
                reply["text"] = reply["text"][: frame["offset"]] + frame["text"]
                reply["status"] = "streaming"
                if len(reply["text"]) - self.acknowledged[frame["id"]] >= ACK_EVERY:
                    await self.acknowledge(reply)
            case "done":
                reply = self.messages[frame["id"]]
                reply |= {key: frame[key] for key in ("status", "error") if key in frame}
                await self.acknowledge(reply)
            case "error":
                write(f"\n[{frame['code']}] {frame['detail']}\n")
                if frame.get("id") in self.unaccepted:
                    if frame["retryable"]:
                        delay = frame.get("retry_after", 5)
                    else:
                        delay = 0
                        del self.unaccepted[frame["id"]]
                    self.later = asyncio.create_task(self.send_next(delay))
        self.screen.update(self.in_order())
        self.note_answered()

    def note_answered(self) -> None:
        *_, last = self.in_order() or [{}]
        answered = last.get("role") != "user" and last.get("status") not in UNDER_WAY
        if self.socket and not self.unaccepted and answered:
            self.answered.set()
        else:
            self.answered.clear()

    def in_order(self) -> list[Json]:
        return sorted(self.messages.values(), key=lambda message: int(message["seq"]))

    def put(self, message: Json) -> None:
        self.messages[message["id"]] = message
        self.acknowledged[message["id"]] = len(message["text"])

    async def acknowledge(self, reply: Json) -> None:
        offset = self.acknowledged[reply["id"]] = len(reply["text"])
        await self.send("ack", id=reply["id"], offset=offset)

    async def send(self, type: str, **fields: Any) -> None:
        """Send a frame, if there is a connection: the next one sends again what matters."""
        if self.socket:
            with contextlib.suppress(ConnectionClosed):
                await self.socket.send(json.dumps({"type": type, **fields}))

    async def send_next(self, delay: float = 0) -> None:
        """One after the other, so that they keep their order and their conversation."""
        await asyncio.sleep(delay)
        for id, text in list(self.unaccepted.items())[:1]:
            await self.send("send", id=id, text=text)

    async def read_keyboard(self) -> None:
        lines = keyboard()
        while (line := await lines.get()) is not None:
            replies = [message for message in self.in_order() if message["role"] == "assistant"]
            running = [reply for reply in replies if reply["status"] in UNDER_WAY]
            match line.strip():
                case "":
                    pass
                case "/stop":
                    for reply in running[:1]:
                        await self.send("stop", id=reply["id"])
                case "/retry" if replies:
                    await self.send("retry", id=replies[-1]["id"])
                case "/new":
                    await self.send("new")
                case text:
                    self.unaccepted[str(uuid.uuid4())] = text
                    self.answered.clear()
                    if len(self.unaccepted) == 1:
                        await self.send_next()
        await self.answered.wait()


async def frames(socket: ClientConnection) -> AsyncIterator[Json]:
    """What the server sends. After 25 s of silence it is asked whether it is there."""
    while True:
        try:
            async with asyncio.timeout(25):
                text = await socket.recv()
        except TimeoutError:
            await socket.send(json.dumps({"type": "ping"}))
            async with asyncio.timeout(10):
                text = await socket.recv()
        yield json.loads(text)


def keyboard() -> asyncio.Queue[str | None]:
    """Its lines, then None; read by a daemon thread, which never keeps the program from ending."""
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[str | None]()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    return lines


def version(message: Json) -> tuple[str, int]:
    return message["id"], message.get("attempt", 0)


def write(text: str) -> None:
    """A reply is not trusted: without control characters it cannot command the terminal."""
    sys.stdout.write("".join(c for c in text if c.isprintable() or c in "\n\t"))
    sys.stdout.flush()


def keep(file: Path, token: str) -> None:
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(token)


async def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("url", type=httpx.URL, help="of the server")
    parser.add_argument("slug", help="of the widget")
    parser.add_argument("--token-file", type=Path, help="(default: ~/.chatwidget-HOST-PORT-SLUG)")
    options = parser.parse_args()
    name = f".chatwidget-{options.url.host}-{options.url.port}-{options.slug}"
    chat = Chat(options.url, options.slug, options.token_file or Path.home() / name)
    both = {asyncio.create_task(chat.stay_connected()), asyncio.create_task(chat.read_keyboard())}
    ended, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    for task in ended:
        task.result()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        print()
    except Refused as refused:
        sys.exit(str(refused))
