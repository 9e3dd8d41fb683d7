"""The loader's text: the built script with one widget's public configuration in it."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils import translation

from chatwidget.appearance import FROM_PAGE, OPTIONS, Appearance
from chatwidget.embed.strings import CHAT, CLOSE_CHAT, OPEN_CHAT, STRINGS
from chatwidget.languages import LANGUAGES, supported
from chatwidget.models import Widget

BUILT = Path(__file__).parents[1] / "static" / "chatwidget"
PLACEHOLDER = '"__CHATWIDGET__"'
FOR_THE_FRAME = "from_page"  # in a regular expression of names


@lru_cache(maxsize=4)
def _built(name: str, modified_ns: int) -> str:
    text = (BUILT / name).read_text(encoding="utf-8")
    for place in (PLACEHOLDER, FOR_THE_FRAME):
        if text.count(place) != 1:
            raise RuntimeError(f"{name}: {place} must be there once")
    # In the order that brotli likes.
    return text.replace(FOR_THE_FRAME, "|".join(reversed(FROM_PAGE)))


@lru_cache(maxsize=1)
def _labels() -> dict[str, str]:
    """The launcher's names by two letters of the page's language, "" for all others: the page's
    `lang` chooses, so that the answer is the same for all visitors and can be cached.

    It weighs on every page, so but for English a language has one name for the launcher, open or
    not (`aria-expanded` tells which), and none where that is "Chat", too; and the panel's own two
    buttons, which are there until the frame has spoken, are signs with English names."""
    labels = {"": "Chat"}
    for language in LANGUAGES:
        with translation.override(language):
            if language == "en":
                labels["en"] = f"{OPEN_CHAT}|{CLOSE_CHAT}"
            elif str(CHAT) != labels[""]:
                labels[language[:2]] = str(CHAT)
    return labels


@lru_cache(maxsize=1)
def _all_labels() -> dict[str, str]:
    """All names in all languages, where a loader has more to say than the launcher's."""
    labels = {}
    for language in LANGUAGES:
        with translation.override(language):
            labels["" if language == "en" else language[:2]] = _names()
    return labels


def _names() -> str:
    """All names in the active language."""
    return "|".join(map(str, (OPEN_CHAT, CLOSE_CHAT, STRINGS["close"], STRINGS["reconnect"])))


def loader_config(widget: Widget) -> dict[str, Any]:
    """What the embedding page may know of a widget; defaults are left out."""
    appearance, default = widget.typed_appearance, Appearance()
    config: dict[str, Any] = {"slug": widget.slug, "title": widget.title}
    for name, option in OPTIONS.items():  # the loader has the same defaults
        if option.loader and getattr(appearance, name) != getattr(default, name):
            config[option.loader] = getattr(appearance, name)
    if appearance.icon:
        # As the loader's style sheet takes it, in place of the shape that it draws by itself.
        config |= {"icon": f'url("{appearance.icon}") 50%/contain no-repeat', "shape": "none"}
    if language := supported(appearance.language):
        with translation.override(language):
            config["labels"] = {"": _names()}
    else:
        config["labels"] = _all_labels() if appearance.teaser else _labels()
    if appearance.teaser:
        config["teaser"] = {"text": appearance.teaser, "delay": appearance.teaser_delay}
    return config


def loader(widget: Widget) -> str:
    """The script for one widget. Raises FileNotFoundError when the front end is not built."""
    name = "loader.teaser.js" if widget.typed_appearance.teaser else "loader.js"
    text = _built(name, (BUILT / name).stat().st_mtime_ns)
    config = json.dumps(loader_config(widget), ensure_ascii=False, separators=(",", ":"))
    return text.replace(PLACEHOLDER, config)


def etag(text: str) -> str:
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'
