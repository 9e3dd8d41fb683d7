"""What the site refuses at the door, and what it says to browsers."""

from __future__ import annotations

import asyncio
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test import AsyncClient, Client
from pytest_django import Settings

from project import protection
from project.environment import database
from project.login import _limiter
from tests.client import Chat
from tests.conftest import Serve
from tests.running import Server

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path",
    ["/chatwidget/a%00.js", "/chatwidget/%00/", "/admin/login/?next=%00", "/?q=a%00", "/%00"],
)
async def test_a_nul_is_no_address(async_client: AsyncClient, path: str) -> None:
    assert (await async_client.get(path)).status_code == 400


async def test_permissions_and_the_admins_policy(async_client: AsyncClient) -> None:
    page = await async_client.get("/admin/login/")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert "script-src" not in policy and "unsafe-eval" not in policy
    for path in ("/admin/login/", "/", "/healthz"):
        answer = await async_client.get(path)
        assert "microphone=()" in answer.headers["Permissions-Policy"]
    assert "default-src 'none'" in (await async_client.get("/")).headers["Content-Security-Policy"]


def login(client: Client, name: str, password: str = "wrong", language: str = "en") -> str:
    given, headers = {"username": name, "password": password}, {"Accept-Language": language}
    answer = client.post("/admin/login/", given, headers=headers)
    return "in" if answer.status_code == 302 else answer.content.decode()


@pytest.fixture
def limited(settings: Settings) -> Iterator[None]:
    """The tests' own environment has no limits."""
    settings.CHATWIDGET = {**settings.CHATWIDGET, "LIMITS": True}
    _limiter.cache_clear()
    yield
    _limiter.cache_clear()


@pytest.mark.usefixtures("limited")
def test_who_knows_the_password_is_not_counted(client: Client, admin_user: object) -> None:
    for _ in range(15):
        assert login(client, "admin", "password") == "in"


@pytest.mark.usefixtures("limited")
def test_guesses_at_the_admins_password_are_bounded(
    client: Client, admin_user: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def authenticate(*arguments: object, **credentials: object) -> None:
        asked.append(credentials)

    monkeypatch.setattr("django.contrib.auth.forms.authenticate", authenticate)
    pages = [login(client, f"guess-{number}") for number in range(12)]
    assert "Too many attempts" not in pages[0]
    assert "Too many attempts" in pages[-1]
    assert len(asked) <= 11, "a refused guess costs no hash"
    own = [login(client, "guess", language=tag) for tag in ("de", "es", "fr", "pt-br")]
    assert not any("Too many attempts" in page or "errornote" not in page for page in own)


class Slow:
    """An ASGI application that reads its body to the end."""

    read = 0

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        while True:
            message = await receive()  # type: ignore[operator]
            if message["type"] == "http.disconnect":
                return
            self.read += len(message["body"])


async def status_of(
    headers: list[tuple[bytes, bytes]], pieces: list[bytes], application: Slow
) -> int:
    """What is answered to a request whose body never ends."""
    sent = []

    async def receive() -> dict[str, object]:
        if not pieces:
            await asyncio.Future()
        return {"type": "http.request", "body": pieces.pop(), "more_body": True}

    async def send(message: dict[str, int]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    await protection.Bounds(application)(scope, receive, send)
    return sent[0]["status"]


async def test_bodies_have_a_size_and_a_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    unread, endless, slow = Slow(), Slow(), Slow()
    assert await status_of([(b"content-length", b"1001")], [b"x"], unread) == 413
    assert unread.read == 0
    assert await status_of([], [b"x" * 300] * 1000, endless) == 413
    assert endless.read <= 1000
    monkeypatch.setattr(protection, "BODY_SECONDS", 0.05)
    assert await status_of([], [b"x"], slow) == 408


async def test_a_database_file_is_its_owners(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        database(f"sqlite:///{tmp_path}/chat.sqlite3")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "chat.sqlite3").stat().st_mode) == 0o600
    database("sqlite:////nowhere/at/all/chat.sqlite3")


@pytest.fixture
async def https(serve: Serve) -> Server:
    variables = {"HTTPS_ONLY": "true", "TRUSTED_PROXIES": "127.0.0.1", "DEBUG": "false"}
    return await serve(variables)


async def test_https_only(https: Server) -> None:
    """No socket without TLS, whatever its Origin; no warning of `check --deploy`."""
    host = urlsplit(https.url).netloc
    async with Chat(https.url, origin=f"http://{host}") as plain:
        assert await plain.closed() == 4403
    behind = {"X-Forwarded-Proto": "https"}
    async with Chat(https.url, origin=f"https://{host}", headers=behind) as chat:
        await chat.send({"type": "hello"})
        assert await chat.closed() == 4401, "admitted, and without a token"
    checked = await https.manage("check", "--deploy", "--fail-level", "WARNING")
    assert "no issues" in checked.stdout


POST = "POST /chatwidget/demo/events/ HTTP/1.1\r\nHost: {host}\r\n"


async def answer_to(server: Server, *pieces: str) -> bytes:
    """What comes, until the server closes, of a request that never ends."""
    host = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(host.hostname, host.port)
    try:
        for piece in pieces:
            writer.write(piece.format(host=host.netloc).encode())
        await writer.drain()
        return await reader.read()
    except ConnectionError:  # closed while there was more to send
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_a_large_body_is_refused_before_it_is_there(serve: Serve, kind: str) -> None:
    server = await serve(server=kind)
    announced = await answer_to(server, POST, "Content-Length: 209715200\r\n\r\n")
    assert announced.startswith(b"HTTP/1.1 413 ")
    chunk = f"186a0\r\n{'x' * 100_000}\r\n"
    in_chunks = await answer_to(server, POST, "Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 40)
    assert in_chunks.startswith(b"HTTP/1.1 413 ") or not in_chunks
    async with Chat(server.url) as chat:
        await chat.hello()
        await chat.ask("Still here?")


async def test_a_slow_request_is_given_up(serve: Serve) -> None:
    """Nothing, half of its headers, half of the next one's, and half of its body, on both servers
    at the same time."""
    servers = await asyncio.gather(serve(), serve(server="uvicorn"))
    get = "GET /healthz HTTP/1.1\r\nHost: {host}\r\n"
    async with asyncio.timeout(90):
        answers = await asyncio.gather(
            *(answer_to(server, POST, "Accept: ") for server in servers),
            *(answer_to(server, POST, "Content-Length: 100\r\n\r\n", "x") for server in servers),
            answer_to(servers[1], ""),
            *(answer_to(server, get, "\r\n", get) for server in servers),
        )
    *slow, _, idle = [re.findall(rb"HTTP/1.1 (\d+) ", answer) for answer in answers]
    assert [each[-1] for each in slow] == [b"408"] * 5
    assert idle[0] == b"200", "and closed, as one that asks for nothing more"


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_headers_without_end_are_refused(serve: Serve, kind: str) -> None:
    server = await serve(server=kind)
    header = f"X-More: {'x' * 8000}\r\n"
    answer = await answer_to(server, POST, *[header] * 200)
    assert re.match(rb"HTTP/1.1 4(00|31) ", answer) or not answer
    async with Chat(server.url, headers={"Cookie": "x" * 14_000}) as chat:
        await chat.hello()
