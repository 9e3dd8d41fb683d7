"""The loader's text: the built script with one widget's public configuration in it."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils import translation

from chatwidget.languages import LANGUAGES
from chatwidget.look import Look
from chatwidget.models import Widget
from chatwidget.strings import CLOSE_CHAT, OPEN_CHAT

BUILT = Path(__file__).parent / "static" / "chatwidget"
PLACEHOLDER = '"__CHATWIDGET__"'
# Where the loader has the same default, so that a widget sends what is its own only.
_SENT = ("color", "theme", "position", "radius", "icon")


@lru_cache(maxsize=4)
def _built(name: str, modified_ns: int) -> str:
    text = (BUILT / name).read_text(encoding="utf-8")
    if text.count(PLACEHOLDER) != 1:
        raise RuntimeError(f"{name}: {PLACEHOLDER} must be there once")
    return text


@lru_cache(maxsize=1)
def _labels() -> dict[str, tuple[str, str]]:
    """The launcher's two names in every language: the page's `lang` chooses, and the answer is
    the same for all visitors and can be cached."""
    labels = {}
    for language in LANGUAGES:
        with translation.override(language):
            labels[language] = (str(OPEN_CHAT), str(CLOSE_CHAT))
    return labels


def loader_config(widget: Widget) -> dict[str, Any]:
    """What the embedding page may know of a widget; defaults are left out."""
    look, default = widget.typed_look, Look()
    config: dict[str, Any] = {"v": 1, "slug": widget.slug, "title": widget.title}
    for name in _SENT:
        if getattr(look, name) != getattr(default, name):
            config[name] = getattr(look, name)
    if look.offset_x != default.offset_x:
        config["x"] = look.offset_x
    if look.offset_y != default.offset_y:
        config["y"] = look.offset_y
    if look.teaser:
        config["teaser"] = {"text": look.teaser, "delay": look.teaser_delay}
    labels = _labels()
    if look.language:
        config["open"], config["close"] = labels.get(look.language.lower(), labels["en"])
    else:
        config["labels"] = labels
    return config


def loader(widget: Widget) -> str:
    """The script for one widget. Raises FileNotFoundError when the front end is not built."""
    name = "loader.teaser.js" if widget.typed_look.teaser else "loader.js"
    text = _built(name, (BUILT / name).stat().st_mtime_ns)
    config = json.dumps(loader_config(widget), ensure_ascii=False, separators=(",", ":"))
    return text.replace(PLACEHOLDER, config)


def etag(text: str) -> str:
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'
