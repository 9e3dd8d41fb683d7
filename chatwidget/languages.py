"""Which language a visitor is spoken to in."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

# Those there is a catalogue for, in the order of Django's own names.
LANGUAGES = (
    ("en", "es", "fr", "de", "pt-br", "it", "nl", "pl", "tr", "ar", "he", "hi", "ja", "zh-hans")
)  # fmt: skip


def _supported(tag: str) -> str:
    """The catalogue for a language tag; empty when there is none."""
    tag = tag.strip().lower().replace("_", "-")
    if tag in LANGUAGES:
        return tag
    base = tag.partition("-")[0]
    if base == "zh":
        return "" if "hant" in tag or tag in ("zh-tw", "zh-hk", "zh-mo") else "zh-hans"
    return next((known for known in LANGUAGES if known.partition("-")[0] == base and base), "")


def choose_language(setting: str, page: str, accepted: str) -> str:
    """The widget's setting, else the page's `lang`, else what the visitor's browser accepts."""
    for tag in (setting, page, *(tag for tag, _ in parse_accept_lang_header(accepted.lower()))):
        if found := _supported(tag):
            return found
    return _supported(settings.LANGUAGE_CODE) or "en"


def direction(language: str) -> str:
    """`rtl` or `ltr`."""
    return "rtl" if translation.get_language_info(language)["bidi"] else "ltr"
