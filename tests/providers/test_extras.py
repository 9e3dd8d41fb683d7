"""What comes besides a reply's text: bounded, and without addresses that no browser is to get."""

from __future__ import annotations

from typing import Any

import pytest

from chatwidget.conf import Secret
from chatwidget.providers.base import Finished
from chatwidget.providers.extras import MAX_DEPTH, MAX_VALUES, fit, is_harmless
from chatwidget.providers.scrubbing import scrubber_of


def fitted(ui: dict[str, Any] | None, metadata: dict[str, Any] | None = None) -> Finished:
    return fit(Finished(ui=ui, metadata=metadata or {}), scrubber_of(Secret()), {})


def nested(depth: int, holder: type = dict) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = {"type": value} if holder is dict else [value]
    return value


@pytest.mark.parametrize("holder", [dict, list])
def test_an_element_is_so_deep(holder: type) -> None:
    fits = {"type": "card", "data": nested(MAX_DEPTH - 1, holder)}
    assert fitted(fits).ui == fits
    for depth in (MAX_DEPTH, 100, 900, 5000):
        found = fitted({"type": "card", "data": nested(depth, holder)})
        assert found.ui is None
        assert any(word in found.metadata["ui_ignored"] for word in ("16 deep", "recursion"))
        found = fitted(None, {"data": nested(depth, holder)})
        assert list(found.metadata) == ["ignored"]


def test_an_element_holds_so_much() -> None:
    fits = {"type": "card", "data": [0] * (MAX_VALUES - 3)}
    assert fitted(fits).ui == fits
    found = fitted({"type": "card", "data": [0] * MAX_VALUES})
    assert (found.ui, found.metadata) == (None, {"ui_ignored": "it holds more than 2000 values"})
    wide = {str(number): [0] * 50 for number in range(50)}
    assert fitted({"type": "card", **wide}).ui is None


SENT = [
    "https://shop.example/1",
    "HTTP://shop.example/1",
    "mailto:help@shop.example",
    "tel:+491234",
    "/returns",
    "returns?x=1:2",
    "//cdn.example/x.png",
    "#top",
    "",
]
KEPT_BACK = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "javascript: alert(1)",
    " \x01javascript:alert(1)",
    "java\nscript:alert(1)",
    "java\tscript\n:\nalert(1)",
    "vbscript:msgbox",
    "data:text/html,<script>alert(1)</script>",
    "data:image/png;base64,iVBO",
    "blob:https://shop.example/1",
    "file:///etc/passwd",
    "ftp://shop.example/",
    "intent://x#Intent;end",
    "myapp:open",
]


@pytest.mark.parametrize("field", ["url", "link", "imageUrl", "href", "title", "anything"])
def test_the_only_addresses_that_are_sent(field: str) -> None:
    for address in SENT:
        ui = {"type": "product-grid", "data": [{"title": "Mug", field: address}]}
        assert fitted(ui).ui == ui
    for address in KEPT_BACK:
        found = fitted({"type": "product-grid", "data": [{"name": "Mug", field: address}]})
        assert found.ui == {"type": "product-grid", "data": [{"name": "Mug"}]}
        [told] = found.metadata["addresses_left_out"]
        assert told.startswith(f"ui.data[0].{field}: ")


def test_addresses_in_a_list_and_on_the_outside() -> None:
    found = fitted({"type": "gallery", "images": ["data:x", "https://a.example/b"], "url": "x:y"})
    assert found.ui == {"type": "gallery", "images": ["https://a.example/b"]}
    assert found.metadata == {"addresses_left_out": ["ui.images[0]: data:x", "ui.url: x:y"]}


def test_a_text_with_a_colon_is_no_address() -> None:
    for text in ("Data: 5 GB", "Delivery:\n2 days", "12:30", "Size (S:M)", "a b:c", "Só: x"):
        assert is_harmless(text)
    assert not is_harmless("javascript: alert(1)")
    assert not is_harmless("Data: 5 GB", address=True)
