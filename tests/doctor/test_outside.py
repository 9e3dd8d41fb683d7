"""The doctor asks a real server, with a real fault in front of it or in it."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from chatwidget.doctor import outside, transports
from chatwidget.doctor.finding import Finding, Kind
from tests.certificates import certificate
from tests.conftest import Serve
from tests.doctor.proxy import Change, SpoilingProxy, as_it_is
from tests.old_proxy import OldProxy
from tests.running import Server, free_port


async def faults(url: str, slug: str = "demo") -> list[Finding]:
    found = [each async for each in outside.examine(url, slug)]
    assert all(each.advice for each in found if each.kind is not Kind.WELL), "each says what to do"
    return [each for each in found if each.kind is Kind.FAULT]


async def the_fault(url: str, slug: str = "demo") -> str:
    [found] = await faults(url, slug)
    return str(found)


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_all_is_well(serve: Serve, kind: str) -> None:
    server = await serve({"DEBUG": "false"}, kind)
    found = [each async for each in outside.examine(server.url + "/", "demo")]
    assert {each.kind for each in found} == {Kind.WELL}, found
    for part in ("Loader", "Health", "Frame", "frame.js", "as it was sent", "begins", "cookies"):
        assert any(part in each.text for each in found), part


async def test_a_site_that_is_not_there(server: Server) -> None:
    assert "does the server run" in (await the_fault(f"http://127.0.0.1:{free_port()}")).lower()
    assert "name is not known" in await the_fault("http://no-such-host.invalid")
    assert "no address of a site" in await the_fault("chat.example.com")
    assert "answered 404" in await the_fault(server.url, "no-such-widget")


async def test_allowed_hosts_do_not_name_the_site(serve: Serve) -> None:
    server = await serve({"ALLOWED_HOSTS": "127.0.0.1", "DEBUG": "false"})
    found = await faults(f"http://localhost:{server.port}")
    assert "Is localhost" in found[0].advice and "ALLOWED_HOSTS" in found[0].advice


async def test_the_widget_is_off(serve: Serve) -> None:
    server = await serve()
    await server.manage("configure_widget", "demo", "--inactive")
    assert "the widget is off" in "\n".join(map(str, await faults(server.url)))


async def test_static_files_are_gone(serve: Serve, tmp_path: Path) -> None:
    server = await serve({"DEBUG": "false"})
    async with SpoilingProxy(server.port, request=asks_elsewhere) as proxy:
        found = await faults(proxy.url)
    assert len(found) == 1 and "collectstatic" in found[0].advice


def asks_elsewhere(head: bytes) -> bytes:
    """The proxy looks for /static/ in a folder that is empty."""
    return head.replace(b" /static/", b" /nowhere/")


async def test_a_proxy_that_knows_no_websockets(server: Server) -> None:
    async with OldProxy(server.port) as proxy:
        assert "answered 502" in await the_fault(proxy.url)


async def test_a_server_that_takes_small_headers_only(serve: Serve) -> None:
    server = await serve({"WEBSOCKETS_MAX_LINE_LENGTH": "8192"}, "uvicorn")
    assert "WEBSOCKETS_MAX_LINE_LENGTH=16384" in await the_fault(server.url)


def drops_upgrade(head: bytes) -> bytes:
    lines = head.split(b"\r\n")
    kept = [line for line in lines if not line.lower().startswith((b"upgrade:", b"connection:"))]
    return b"\r\n".join(kept)


def names_itself(head: bytes) -> bytes:
    lines = head.split(b"\r\n")
    return b"\r\n".join(
        b"Host: localhost:8001" if line.lower().startswith(b"host:") else line for line in lines
    )


def forges_origin(head: bytes) -> bytes:
    lines = head.split(b"\r\n")
    [host] = [line.partition(b": ")[2] for line in lines if line.lower().startswith(b"host:")]
    return b"\r\n".join(
        b"Origin: http://" + host if line.lower().startswith(b"origin:") else line for line in lines
    )


def adds(header: bytes) -> Change:
    return lambda head: head.replace(b"\r\n", b"\r\n" + header + b"\r\n", 1)


def takes(name: bytes) -> Change:
    return lambda head: b"\r\n".join(
        line for line in head.split(b"\r\n") if not line.lower().startswith(name + b":")
    )


@pytest.mark.parametrize(
    ("request_", "response", "said"),
    [
        (drops_upgrade, None, "drops the Upgrade header"),
        (names_itself, None, "takes itself for ws://localhost:8001"),
        (forges_origin, None, "another site's script is let in"),
        (None, adds(b"Set-Cookie: lb=1"), "sets a cookie"),
        (None, adds(b"X-Frame-Options: SAMEORIGIN"), "X-Frame-Options: SAMEORIGIN"),
        (None, adds(b"Content-Security-Policy: frame-ancestors 'none'"), "2 Content-Security"),
        (
            None,
            lambda head: head.replace(b"'sha256-", b"'sha256-x"),
            "refuses what is in its page",
        ),
        (None, takes(b"access-control-allow-origin"), "Access-Control-Allow-Origin is missing"),
        (None, takes(b"content-type"), "comes as nothing"),
    ],
)
async def test_a_proxy_that_spoils_it(
    server: Server, request_: Change | None, response: Change | None, said: str
) -> None:
    changed = SpoilingProxy(
        server.port, request=request_ or as_it_is, response=response or as_it_is
    )
    async with changed as proxy:
        found = "\n".join(map(str, await faults(proxy.url)))
    assert said in found


async def test_a_proxy_that_keeps_events_back(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transports, "FRAME_SECONDS", 4.0)

    def buffers(head: bytes) -> bytes:
        return b"" if b"text/event-stream" in head else head

    async with SpoilingProxy(server.port, response=buffers) as proxy:
        assert "proxy_buffering off" in await the_fault(proxy.url)


async def test_a_clock_that_is_wrong(server: Server) -> None:
    def of_last_year(head: bytes) -> bytes:
        return adds(b"Date: Mon, 06 Jan 2025 10:00:00 GMT")(takes(b"date")(head))

    async with SpoilingProxy(server.port, response=of_last_year) as proxy:
        assert "clock" in await the_fault(proxy.url)


@pytest.mark.parametrize("trusted", [False, True])
async def test_tls(serve: Serve, tmp_path: Path, trusted: bool) -> None:
    """A certificate that nobody knows; and one that is known, of a proxy that is not believed."""
    server = await serve()
    certificate(tmp_path, "localhost")
    public, private = (tmp_path / f"chat.example.com.{kind}" for kind in ("pem", "key"))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(public, private)
    async with SpoilingProxy(server.port, tls=tls) as proxy:
        done = await server.manage(
            *("chatwidget_doctor", proxy.url, "--no-platforms"),
            env={"SSL_CERT_FILE": str(public)} if trusted else {},
            check=False,
        )
    assert done.returncode == 1
    if trusted:
        assert "X-Forwarded-Proto" in done.stdout and "closed with 4403" in done.stdout
    else:
        assert "its certificate is refused" in done.stdout
    assert "Traceback" not in done.stderr
