"""Which origins may connect, and whose address a socket has."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from chatwidget.errors import CloseCode, CloseConnection
from chatwidget.sockets import origin as origins


def a_scope(client: str | None = "192.0.2.1", scheme: str = "ws", **headers: str) -> dict[str, Any]:
    named = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return {"scheme": scheme, "client": client and [client, 1234], "headers": named}


def allowed(origin: str, host: str = "chat.example", scheme: str = "ws") -> bool:
    try:
        origins.check_origin(a_scope(scheme=scheme, origin=origin, host=host))
    except CloseConnection as refused:
        assert refused.close_code == CloseCode.ORIGIN
        return False
    return True


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "ours"),
    [
        ("http://chat.example", "chat.example", "ws", True),
        ("http://chat.example:80", "chat.example", "ws", True),
        ("http://CHAT.example", "chat.example", "ws", True),
        ("https://chat.example", "chat.example", "wss", True),
        ("https://chat.example:443", "chat.example:443", "wss", True),
        ("http://chat.example:8000", "chat.example:8000", "ws", True),
        ("http://[::1]:8000", "[::1]:8000", "ws", True),
        ("https://chat.example", "chat.example", "ws", False),
        ("http://chat.example", "chat.example", "wss", False),
        ("http://chat.example:8001", "chat.example:8000", "ws", False),
        ("http://chat.example.evil.example", "chat.example", "ws", False),
        ("http://evil.example", "evil.example", "ws", False),  # not in ALLOWED_HOSTS
        ("null", "chat.example", "ws", False),
        ("", "chat.example", "ws", False),
        ("http://", "", "ws", False),
        ("http://chat.example:x", "chat.example:x", "ws", False),
        ("http://[", "[", "ws", False),
        ("file://", "chat.example", "ws", False),
    ],
)
def test_our_own_origin(
    settings: Settings, origin: str, host: str, scheme: str, ours: bool
) -> None:
    settings.ALLOWED_HOSTS = ["chat.example", "[::1]"]
    settings.CSRF_TRUSTED_ORIGINS = []
    assert allowed(origin, host, scheme) is ours


@pytest.mark.parametrize(
    ("origin", "trusted"),
    [
        ("https://a.example", True),
        ("https://a.example:443", True),
        ("http://a.example", False),
        ("https://sub.a.example", False),
        ("https://b.b.example", True),
        ("https://c.b.b.example", True),
        ("https://b.example", False),
        ("http://b.b.example", False),
        ("https://evilb.example", False),
        ("https://b.b.example.evil.example", False),
    ],
)
def test_trusted_origins(settings: Settings, origin: str, trusted: bool) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://a.example", "https://*.b.example"]
    assert allowed(origin) is trusted


def test_two_origins_are_none(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["chat.example"]
    scope = a_scope(host="chat.example", origin="http://chat.example")
    scope["headers"].append((b"origin", b"http://chat.example"))
    with pytest.raises(CloseConnection):
        origins.check_origin(scope)


@pytest.fixture
def behind(settings: Settings) -> None:
    proxies = ("10.0.0.0/8", "2001:db8:1::/48")
    settings.CHATWIDGET = {**settings.CHATWIDGET, "TRUSTED_PROXIES": proxies}


def test_without_proxies_the_peer_is_the_visitor() -> None:
    assert origins.client_address(a_scope(x_forwarded_for="198.51.100.7")) == "192.0.2.1"


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),  # not a proxy: it may say what it likes
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"),  # the first is what it claimed
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.7, nonsense", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7 , ", "10.0.0.1"),
        ("2001:db8:1::1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "2001:db8:2:3:4:5:6:7", "2001:db8:2:3::/64"),
        ("10.0.0.1", "[2001:db8:2:3::1]", "2001:db8:2:3::/64"),
        ("2001:db8:2:3:4::1", "", "2001:db8:2:3::/64"),
        ("::ffff:198.51.100.7", "", "198.51.100.7"),
    ],
)
def test_behind_proxies(behind: None, peer: str, forwarded: str, address: str) -> None:
    headers = {"x_forwarded_for": forwarded} if forwarded else {}
    assert origins.client_address(a_scope(peer, **headers)) == address


def test_several_headers_are_one_list(behind: None) -> None:
    scope = a_scope("10.0.0.1", x_forwarded_for="198.51.100.7")
    scope["headers"].append((b"x-forwarded-for", b"10.0.0.2"))
    assert origins.client_address(scope) == "198.51.100.7"


@pytest.mark.parametrize("client", [None, ""])
def test_a_unix_socket_has_no_address(behind: None, client: str | None) -> None:
    assert origins.client_address(a_scope(client)) == ""


@given(st.text(st.characters(max_codepoint=255)))
def test_any_header_is_borne(text: str) -> None:
    scope = a_scope("10.0.0.1")
    scope["headers"] = [(b"x-forwarded-for", text.encode("latin-1")), (b"origin", text.encode())]
    origins.client_address(scope)
    with pytest.raises(CloseConnection):
        origins.check_origin(scope)


def test_a_refusal_says_what_a_proxy_has_to_do(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["chat.example"]
    scope = a_scope(origin="https://chat.example", host="chat.example")
    with pytest.raises(CloseConnection) as refused:
        origins.check_origin(scope)
    for word in ("https://chat.example", "http://chat.example", "X-Forwarded-Proto"):
        assert word in str(refused.value)
    assert "TRUSTED_PROXIES" in str(refused.value)


def test_a_proxy_that_nobody_trusts_is_told_of_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(origins, "_told_of", set())
    settings.CHATWIDGET = {}
    for visitor in range(3):
        scope = a_scope("10.0.0.1", x_forwarded_for=f"192.0.2.{visitor}")
        assert origins.client_address(scope) == "10.0.0.1"
    [line] = caplog.messages
    assert "10.0.0.1" in line and "TRUSTED_PROXIES" in line
    for forger in range(9):
        origins.client_address(a_scope(f"10.0.1.{forger}", x_forwarded_for="192.0.2.1"))
    assert len(caplog.messages) == 3
    origins.client_address(a_scope("10.0.2.1"))
    settings.CHATWIDGET = {"TRUSTED_PROXIES": ("10.0.0.1",)}
    assert origins.client_address(a_scope("10.0.0.1", x_forwarded_for="192.0.2.7")) == "192.0.2.7"
    assert len(caplog.messages) == 3
