"""What an owner may configure."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from chatwidget.conf import Secret
from chatwidget.models import Widget
from chatwidget.widgets.validation import (
    clean_widget,
    parse_agent,
    parse_base_url,
    parse_image_host,
    parse_key,
    parse_origin,
)


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://example.com", "https://example.com"),
        (" HTTPS://Example.COM/ ", "https://example.com"),
        ("https://example.com:443", "https://example.com"),
        ("http://example.com:80", "http://example.com"),
        ("https://example.com:8443", "https://example.com:8443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://192.168.1.5:3000", "http://192.168.1.5:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://my_host.example", "https://my_host.example"),
    ],
)
def test_origins(given: str, origin: str) -> None:
    assert parse_origin(given) == origin
    assert parse_origin(origin) == origin


@pytest.mark.parametrize(
    "given",
    [
        "",
        "example.com",
        "*",
        "null",
        "https://",
        "https://*.example.com",
        "https://example.com/shop",
        "https://example.com?x",
        "https://example.com#x",
        "https://user@example.com",
        "https://example.com:port",
        "https://example.com:99999",
        "https://exa mple.com",
        "https://example.com; script-src *",
        "https://-example.com",
        "https://example..com",
        "ftp://example.com",
        "javascript:alert(1)",
        "https://" + "a" * 64 + ".com",
    ],
)
def test_what_is_no_origin(given: str) -> None:
    with pytest.raises(ValidationError):
        parse_origin(given)


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("cdn.example.com", "cdn.example.com"),
        ("CDN.Example.com:8443", "cdn.example.com:8443"),
        ("127.0.0.1:8000", "127.0.0.1:8000"),
        ("[::1]:8000", "[::1]:8000"),
    ],
)
def test_image_hosts(given: str, host: str) -> None:
    assert parse_image_host(given) == host


@pytest.mark.parametrize(
    "given",
    ["", "https://cdn.example.com", "a/b", "a b", "a?b", "u@a", "a:b", "*", "a;b", "'self'"],
)
def test_what_is_no_image_host(given: str) -> None:
    with pytest.raises(ValidationError):
        parse_image_host(given)


def test_base_urls() -> None:
    assert parse_base_url("") == ""
    assert parse_base_url(" https://a.example/v1/ ") == "https://a.example/v1"
    for given in ("a.example", "ftp://a.example", "https://", "https://a.example?x", "https://a:b"):
        with pytest.raises(ValidationError):
            parse_base_url(given)


def test_keys() -> None:
    assert parse_key(Secret(" vk_1\n")) == Secret("vk_1")
    for given in ("", " ", "two words", "“quoted”", "a\nb", "a\0b", "x" * 5000):
        with pytest.raises(ValidationError) as caught:
            parse_key(Secret(given))
        assert not given.strip() or given.strip() not in caught.value.messages[0]


def test_agents() -> None:
    assert parse_agent(" gpt-4o/mini ") == "gpt-4o/mini"
    for given in (".", "..", "a\nb", "a\0b"):
        with pytest.raises(ValidationError):
            parse_agent(given)


def cleaned(**fields: Any) -> Widget:
    widget = Widget(**{"slug": "shop", "title": "Shop", **fields})
    clean_widget(widget)
    return widget


@pytest.mark.django_db
def test_a_widget_is_normalised() -> None:
    widget = cleaned(
        allowed_origins=["https://A.example/", "https://a.example"], image_hosts=["CDN.example"]
    )
    assert widget.allowed_origins == ["https://a.example"]
    assert widget.image_hosts == ["cdn.example"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"slug": "a b"}, "slug"),
        ({"title": ""}, "title"),
        ({"provider": "nobody"}, "provider"),
        ({"allowed_origins": "https://a.example"}, "allowed_origins"),
        ({"allowed_origins": [1]}, "allowed_origins"),
        ({"image_hosts": ["a/b"]}, "image_hosts"),
        ({"options": []}, "options"),
        ({"options": {"x": 1}}, "__all__"),
        ({"appearance": {"color": "red"}}, "appearance"),
        ({"appearance": {"colour": "#000000"}}, "appearance"),
        ({"base_url": "x", "provider": "eigi"}, "base_url"),
        ({"provider": "eigi"}, "__all__"),
        ({"provider": "eigi", "encrypted_key": "nonsense"}, "__all__"),
        ({"greeting": "x" * 4001}, "greeting"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(fields: dict[str, Any], name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        cleaned(**fields)
    assert list(caught.value.message_dict) == [name]


@pytest.mark.django_db
def test_a_slug_is_taken_once() -> None:
    Widget.objects.create(slug="shop", title="Shop")
    with pytest.raises(ValidationError) as caught:
        cleaned()
    assert "slug" in caught.value.message_dict
