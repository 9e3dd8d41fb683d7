"""What of the embedding page's address is kept."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from chatwidget.sockets.page_address import page_address

PAGE = "https://shop.example/lamps"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""),
        (PAGE, PAGE),
        (f"{PAGE}#access_token=abc", PAGE),
        (f"{PAGE}?page=2&sort=price", f"{PAGE}?page=2&sort=price"),
        (f"{PAGE}?utm_source=news&q=desk%20lamp", f"{PAGE}?utm_source=news&q=desk%20lamp"),
        (f"{PAGE}?page=2&token=abc&reset_key=x", f"{PAGE}?page=2"),
        (f"{PAGE}?Email=ada&to=ada%40example.com", PAGE),
        (f"{PAGE}?%74oken=abc", PAGE),
        (f"{PAGE}?x=9f86d081884c7d659a2feaa0c55ad015", PAGE),
        (f"{PAGE}?x=eyJhbGciOiJIUzI1NiJ9.e30.c2ln", PAGE),
        (f"{PAGE}?keyword=lamps&size=xl;uid=7", f"{PAGE}?keyword=lamps&size=xl"),
        (f"{PAGE}?next=%2Faccount%3Ftoken%3Dabc&a=1", f"{PAGE}?a=1"),
        (f"{PAGE};jsessionid=AB12/7?a=1", f"{PAGE}/7?a=1"),
        (
            "https://shop.example/reset/MQ/c8x4yk-9f86d081884c7d659a2feaa0c55ad015/",
            "https://shop.example/reset/MQ/…/",
        ),
        (
            "https://shop.example/confirm/MQ:1tQxYz:k3JhZ9_x0Qb7aLwTq2/",
            "https://shop.example/confirm/…/",
        ),
        ("https://shop.example/u/ada%40example.com/orders", "https://shop.example/u/…/orders"),
        (
            "https://shop.example/@ada/the-10-best-lamps-of-2026-e27-2700k",
            "https://shop.example/@ada/the-10-best-lamps-of-2026-e27-2700k",
        ),
        ("https://ada:secret@shop.example/?a=1", "https://shop.example/?a=1"),
        ("http://[::1?token=x", "http://[::1"),
        ("about:srcdoc", "about:srcdoc"),
        (f"{PAGE}?{'a=b&' * 2000}token=secret", f"{PAGE}?{'a=b&' * 2000}"[:2000]),
    ],
)
def test_no_secret_is_kept(given: str, kept: str) -> None:
    assert page_address(given) == kept


def test_an_owner_may_keep_all_or_nothing(settings: Settings) -> None:
    settings.CHATWIDGET = {"PAGE_QUERY": "none"}
    assert page_address(f"{PAGE}?page=2") == PAGE
    settings.CHATWIDGET = {"PAGE_QUERY": "all"}
    assert page_address(f"{PAGE}?page=2&token=abc#top") == f"{PAGE}?page=2&token=abc"
