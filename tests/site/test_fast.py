"""`chatwidget.asgi.fast`: the same answers as Django's, from memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from django.core.asgi import get_asgi_application
from django.core.management import call_command
from pytest_django import Settings

from chatwidget import asgi
from chatwidget.asgi import fast
from chatwidget.db import run_in_db_thread
from chatwidget.embed.views import PERMISSIONS
from chatwidget.errors import DatabaseUnavailable
from chatwidget.models import Widget
from chatwidget.sockets import rate_limits
from tests.stored import a_widget


class Counted:
    """Django, with a count of what reaches it."""

    def __init__(self) -> None:
        self.django: Any = get_asgi_application()
        self.requests: list[tuple[str, str]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests.append((scope["method"], scope["path"]))
        await self.django(scope, receive, send)


def client(application: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(application)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")


@pytest.fixture
def django() -> Counted:
    return Counted()


@pytest.fixture
async def quick(
    django: Counted, transactional_db: None, close_threads: None
) -> AsyncIterator[httpx.AsyncClient]:
    await run_in_db_thread(a_widget, "shop")
    async with client(fast(django)) as each:
        yield each


def comparable(response: httpx.Response) -> dict[str, Any]:
    return {
        "status": response.status_code,
        "headers": sorted(response.headers.multi_items()),
        "text": response.text,
    }


ASKED = [
    {"accept-encoding": "br"},
    {"accept-encoding": "gzip, deflate"},
    {"accept-encoding": "identity", "accept-language": "de"},
    {"accept-encoding": "br", "if-none-match": '"another"'},
    {"accept-encoding": "br", "cookie": "cart=1; other=2"},
]


@pytest.mark.parametrize("headers", ASKED)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_loader_is_as_django_answers_it(
    quick: httpx.AsyncClient, django: Counted, method: str, headers: dict[str, str]
) -> None:
    expected = await client(django).request(method, "/chatwidget/shop.js", headers=headers)
    for _ in range(3):
        response = await quick.request(method, "/chatwidget/shop.js", headers=headers)
        assert comparable(response) == comparable(expected)
    assert len(django.requests) == 2, "the second and the third are answered from memory"


async def test_a_page_is_kept_with_its_token_for_a_while(
    quick: httpx.AsyncClient, django: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    german = {"accept-language": "de"}
    first = await quick.get("/chatwidget/shop/?theme=dark")
    assert comparable(await quick.get("/chatwidget/shop/?theme=dark")) == comparable(first)
    assert "frame-ancestors" not in first.headers["content-security-policy"]
    assert (await quick.get("/chatwidget/shop/")).text != first.text
    other = await quick.get("/chatwidget/shop/", headers=german)
    assert other.headers["content-language"] == "de"
    assert len(django.requests) == 3
    later = time.monotonic() + asgi.PAGE_SECONDS + 1
    monkeypatch.setattr("chatwidget.asgi.time", SimpleNamespace(monotonic=lambda: later))
    await quick.get("/chatwidget/shop/", headers=german)
    assert len(django.requests) == 4


async def test_what_browsers_may_do_is_said_from_memory_too(
    quick: httpx.AsyncClient, django: Counted
) -> None:
    for path in ("/chatwidget/shop.js", "/chatwidget/shop/"):
        for _ in range(2):
            assert (await quick.get(path)).headers["permissions-policy"] == PERMISSIONS
    assert len(django.requests) == 2


async def test_not_modified(quick: httpx.AsyncClient, django: Counted) -> None:
    first = await client(django).get("/chatwidget/shop.js")
    known = {"if-none-match": first.headers["etag"]}
    expected = await client(django).get("/chatwidget/shop.js", headers=known)
    del expected.headers["content-length"]  # Django's is that of the empty body
    for _ in range(2):
        response = await quick.get("/chatwidget/shop.js", headers=known)
        assert response.status_code == 304
        assert comparable(response) == comparable(expected)


async def test_a_known_file_that_is_not_kept_is_answered(django: Counted) -> None:
    """Its body is received once, as from a real server: whoever asks again would wait for ever."""
    received = asyncio.Queue[dict[str, Any]]()
    received.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    path = "/static/chatwidget/of-tomorrow.js"
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), (b"if-none-match", b'"a"')],
    }
    async with asyncio.timeout(20):
        await fast(django)(scope, received.get, send)
    assert sent[0]["status"] == 404
    assert django.requests == [("GET", path)] * 2


async def test_a_save_is_seen(
    quick: httpx.AsyncClient, django: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asgi, "VERSION_SECONDS", 0.0)
    before = await quick.get("/chatwidget/shop.js")
    assert (await quick.get("/chatwidget/shop.js")).text == before.text

    def save(**values: Any) -> None:
        widget = Widget.objects.get(slug="shop")
        for name, value in values.items():
            setattr(widget, name, value)
        widget.save()

    await run_in_db_thread(save, title="Another title")
    assert "Another title" in (await quick.get("/chatwidget/shop.js")).text
    await run_in_db_thread(save, active=False)
    assert (await quick.get("/chatwidget/shop.js")).text == ""
    assert (await quick.get("/chatwidget/shop/")).status_code == 404


async def test_many_at_once_ask_for_the_version_once(
    quick: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def find(slug: str) -> int:
        asked.append(slug)
        return 1

    monkeypatch.setattr(asgi, "find_version", find)
    await asyncio.gather(*(quick.get("/chatwidget/shop.js") for _ in range(20)))
    assert asked == ["shop"]


async def test_a_database_that_is_away_takes_nothing_away(
    quick: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await quick.get("/chatwidget/shop.js")
    monkeypatch.setattr(asgi, "VERSION_SECONDS", 0.0)

    async def away(*_: Any) -> None:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(asgi, "run_in_db_thread", away)
    assert (await quick.get("/chatwidget/shop.js")).text == before.text


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/chatwidget/shop.js", {}),
        ("GET", "/chatwidget/shop/token/", {}),
        ("GET", "/chatwidget/nobody.js", {}),
        ("GET", "/chatwidget/shop.js", {"range": "bytes=0-3"}),
        ("GET", "/chatwidget/shop.js", {"cookie": "sessionid=1"}),
        ("GET", "/chatwidget/shop/", {"accept-language": "de," * 200}),
        ("GET", "/chatwidget/%00.js", {}),
        ("GET", "/healthz", {}),
    ],
)
async def test_all_else_is_djangos(
    quick: httpx.AsyncClient, django: Counted, method: str, path: str, headers: dict[str, str]
) -> None:
    for _ in range(2):
        await quick.request(method, path, headers=headers)
    assert len(django.requests) == 2


async def test_a_host_that_is_not_allowed_gets_nothing_of_anothers(
    quick: httpx.AsyncClient,
) -> None:
    assert (await quick.get("/chatwidget/shop/")).status_code == 200
    refused = await quick.get("/chatwidget/shop/", headers={"host": "evil.example"})
    assert refused.status_code == 400


async def test_https_only_redirects_as_before(
    transactional_db: None, close_threads: None, settings: Settings, django: Counted
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    django.django = get_asgi_application()
    await run_in_db_thread(a_widget, "shop")
    transport = httpx.ASGITransport(fast(django))
    async with httpx.AsyncClient(transport=transport) as each:
        secure = await each.get("https://127.0.0.1/chatwidget/shop.js")
        assert secure.status_code == 200
        for _ in range(2):
            assert (await each.get("http://127.0.0.1/chatwidget/shop.js")).status_code == 301


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
async def test_hashed_files_come_from_memory(
    settings: Settings, tmp_path: Any, django: Counted, transactional_db: None
) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.WHITENOISE_AUTOREFRESH = False
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    await asyncio.to_thread(call_command, "collectstatic", verbosity=0, interactive=False)
    django.django = get_asgi_application()
    hashed = next(path.name for path in (tmp_path / "chatwidget").glob("frame.*.js"))
    async with client(fast(django)) as each:
        answers = [await each.get(f"/static/chatwidget/{hashed}") for _ in range(3)]
        assert {answer.status_code for answer in answers} == {200}
        assert len(django.requests) == 1
        for _ in range(2):  # its name says nothing of its content
            await each.get("/static/chatwidget/frame.js")
        assert len(django.requests) == 3


async def test_an_address_asks_for_so_many_pages(
    django: Counted,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    transactional_db: None,
    close_threads: None,
) -> None:
    """Of the loader, the frame and the token together; what is not ours is not counted."""
    monkeypatch.setattr(rate_limits, "work", rate_limits._Work())
    settings.CHATWIDGET = {**settings.CHATWIDGET, "LIMITS": {"pages_per_address": 1}}
    async with client(fast(django)) as each:
        for path in ("/chatwidget/none.js", "/chatwidget/none/", "/chatwidget/none/token/"):
            statuses = [(await each.get(path)).status_code for _ in range(7)]
        assert statuses[-1] == 429
        assert (await each.get("/nothing")).status_code == 404
