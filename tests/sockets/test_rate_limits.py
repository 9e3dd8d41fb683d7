"""Tokens, origins, addresses and limits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from chatwidget import access
from chatwidget.conf import Limits
from chatwidget.errors import CloseCode, RateLimited, Refused


def a_scope(client: str | None = "192.0.2.1", scheme: str = "ws", **headers: str) -> dict[str, Any]:
    named = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return {"scheme": scheme, "client": client and [client, 1234], "headers": named}


# --- tokens -------------------------------------------------------------------------------------


def test_a_frame_token_is_its_widgets_and_lives_an_hour() -> None:
    access.check_frame_token(access.frame_token("shop"), "shop")
    with patch("django.core.signing.time.time", return_value=time.time() - 3601):
        old = access.frame_token("shop")
    visitor = access.visitor_token(uuid4(), 1)
    for token in (access.frame_token("other"), old, visitor, "", "x", "a:b:c", "\ud800", "\0"):
        with pytest.raises(Refused) as refused:
            access.check_frame_token(token, "shop")
        assert refused.value.close_code == CloseCode.TOKEN


def test_a_visitor_token_is_its_widgets() -> None:
    visitor = uuid4()
    token = access.visitor_token(visitor, 1)
    assert access.visitor_of(token, 1) == visitor
    assert access.visitor_of(token, 2) is None
    assert access.visitor_of(access.frame_token("1"), 1) is None


@given(st.text())
def test_any_text_is_no_visitor(text: str) -> None:
    assert access.visitor_of(text, 1) is None


def test_a_visitor_token_expires_where_it_is_not_used(settings: Settings) -> None:
    settings.CHATWIDGET = {**settings.CHATWIDGET, "VISITOR_DAYS": 1}
    with patch("django.core.signing.time.time", return_value=time.time() - 86401):
        token = access.visitor_token(uuid4(), 1)
    assert access.visitor_of(token, 1) is None


def test_tokens_of_another_key_are_nothing(settings: Settings) -> None:
    token = access.visitor_token(uuid4(), 1)
    settings.SECRET_KEY = "another one, also long enough to be a secret key of some kind"
    assert access.visitor_of(token, 1) is None


# --- origins ------------------------------------------------------------------------------------


def allowed(origin: str, host: str = "chat.example", scheme: str = "ws") -> bool:
    try:
        access.check_origin(a_scope(scheme=scheme, origin=origin, host=host))
    except Refused as refused:
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
    with pytest.raises(Refused):
        access.check_origin(scope)


# --- addresses ----------------------------------------------------------------------------------


@pytest.fixture
def behind(settings: Settings) -> None:
    proxies = ("10.0.0.0/8", "2001:db8:1::/48")
    settings.CHATWIDGET = {**settings.CHATWIDGET, "TRUSTED_PROXIES": proxies}


def test_without_proxies_the_peer_is_the_visitor() -> None:
    assert access.client_address(a_scope(x_forwarded_for="198.51.100.7")) == "192.0.2.1"


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
    assert access.client_address(a_scope(peer, **headers)) == address


def test_several_headers_are_one_list(behind: None) -> None:
    scope = a_scope("10.0.0.1", x_forwarded_for="198.51.100.7")
    scope["headers"].append((b"x-forwarded-for", b"10.0.0.2"))
    assert access.client_address(scope) == "198.51.100.7"


@pytest.mark.parametrize("client", [None, ""])
def test_a_unix_socket_has_no_address(behind: None, client: str | None) -> None:
    assert access.client_address(a_scope(client)) == ""


@given(st.text(st.characters(max_codepoint=255)))
def test_any_header_is_borne(text: str) -> None:
    scope = a_scope("10.0.0.1")
    scope["headers"] = [(b"x-forwarded-for", text.encode("latin-1")), (b"origin", text.encode())]
    access.client_address(scope)
    with pytest.raises(Refused):
        access.check_origin(scope)


# --- limits -------------------------------------------------------------------------------------


@pytest.fixture
def limited(settings: Settings) -> Iterator[None]:
    settings.CHATWIDGET = {
        **settings.CHATWIDGET,
        "LIMITS": {"messages_per_visitor": "2/day;3/month", "frames_burst": 10},
    }
    access._limiter.cache_clear()
    yield
    access._limiter.cache_clear()


async def test_a_rule_is_spent(limited: None) -> None:
    for _ in range(2):
        await access.spend("messages_per_visitor", "a")
    with pytest.raises(RateLimited) as refused:
        await access.spend("messages_per_visitor", "a")
    assert refused.value.retry_after and 1 <= refused.value.retry_after <= 86_400
    await access.spend("messages_per_visitor", "b")
    await access.spend("messages_per_address", "a")


async def test_limits_may_be_off(settings: Settings) -> None:
    settings.CHATWIDGET = {**settings.CHATWIDGET, "LIMITS": False}
    for _ in range(1000):
        await access.spend("messages_per_visitor", "a")


async def test_a_limiter_that_is_away_limits_nobody(
    settings: Settings,
    limited: None,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(access, "_limiter_away_until", 0.0)  # and not beyond this test
    settings.CHATWIDGET = {**settings.CHATWIDGET, "LIMITS_STORAGE": "redis://127.0.0.1:1/0"}
    for _ in range(5):
        await access.spend("messages_per_visitor", "a")
    assert "limits" in caplog.text


def test_open_sockets_are_counted() -> None:
    counter = access._OpenSockets()
    counter.add("a", 2)
    counter.add("a", 2)
    counter.add("b", 2)
    with pytest.raises(Refused) as refused:
        counter.add("a", 2)
    assert refused.value.close_code == CloseCode.TOO_MANY
    counter.add("a", None)
    for who in "aaab":
        counter.remove(who)
    assert not counter._open


def test_a_bucket_of_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("chatwidget.access.time.monotonic", lambda: now)
    bucket = access.Bucket(Limits(frames_per_second=2, frames_burst=10))
    bucket.take(6)
    bucket.take(4)
    now += 1
    bucket.take(2)
    with pytest.raises(Refused) as refused:
        bucket.take()
    assert refused.value.close_code == CloseCode.TOO_MANY
    now += 3600
    bucket.take(10)
    with pytest.raises(Refused):
        bucket.take()
    unlimited = access.Bucket(None)
    for _ in range(10_000):
        unlimited.take(100)
