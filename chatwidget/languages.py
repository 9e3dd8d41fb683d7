"""Which language a visitor is spoken to in."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

# English is in the code; of the others there is a catalogue in locale/. What the site's own
# LANGUAGES says counts for its own pages only: a visitor of a widget comes from any other site.
LANGUAGES = (
    ("en", "es", "fr", "de", "pt-br", "it", "nl", "pl", "tr", "ar", "he", "hi", "ja", "zh-hans")
)  # fmt: skip


def supported(tag: str) -> str:
    """Our language for a tag such as `pt-PT` or `zh_CN`; empty when there is none."""
    tag = tag.strip().lower().replace("_", "-")
    if tag in LANGUAGES:
        return tag
    base = tag.partition("-")[0].replace("iw", "he")  # as Java has long called Hebrew
    if base == "zh":  # those who read traditional characters may prefer another language
        return "" if "hant" in tag or tag in ("zh-tw", "zh-hk", "zh-mo") else "zh-hans"
    return next((known for known in LANGUAGES if base and known.partition("-")[0] == base), "")


def choose_language(setting: str, page: str, accepted: str) -> str:
    """The widget's setting, else the page's `lang`, else what the visitor's browser accepts.

    Without USE_I18N Django translates nothing: what it shows is English, and is called so.
    """
    if not settings.USE_I18N:
        return "en"
    wanted = [tag for tag, weight in parse_accept_lang_header(accepted.lower()) if weight]
    for tag in (setting, page, *wanted, settings.LANGUAGE_CODE):
        if found := supported(tag):
            return found
    return "en"


def direction(language: str) -> str:
    """`rtl` or `ltr`."""
    return "rtl" if translation.get_language_info(language)["bidi"] else "ltr"
