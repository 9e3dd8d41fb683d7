"""Platforms' keys: encrypted at rest, and scrubbed from whatever text is kept or logged."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from chatwidget.conf import conf
from chatwidget.errors import PlatformMisconfigured

SCRUBBED = "[key]"


def _fernet(secret: str) -> Fernet:
    digest = hashlib.sha256(b"chatwidget.secrets:" + secret.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def _secrets() -> tuple[str, ...]:
    ours = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return tuple(str(secret) for secret in conf().SECRET_KEYS or ours)


def _box(secrets: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([_fernet(secret) for secret in secrets])


@lru_cache(maxsize=1000)
def _opened(stored: str, secrets: tuple[str, ...]) -> str:
    """Kept, since every reply needs its key, and to decrypt it costs a tenth of a send."""
    return _box(secrets).decrypt(stored.encode()).decode()


def encrypt(key: str) -> str:
    """A key as the database holds it; the empty key stays empty."""
    return _box(_secrets()).encrypt(key.encode()).decode() if key else ""


def decrypt(stored: str) -> str:
    """The key again. Raises PlatformMisconfigured when no known secret opens it."""
    if not stored:
        return ""
    try:
        return _opened(stored, _secrets())
    except InvalidToken:
        raise PlatformMisconfigured(
            "the platform's key cannot be decrypted: CHATWIDGET_SECRET_KEYS or SECRET_KEY changed; "
            "enter the key again"
        ) from None


def is_newest(stored: str) -> bool:
    """Was this key encrypted with the secret that new ones are?"""
    try:
        _opened(stored, _secrets()[:1])
    except InvalidToken:
        return not stored
    return True


def scrub(text: str, *keys: str) -> str:
    """`text` without the keys, for causes, logs and exports."""
    for key in keys:
        if key:
            text = text.replace(key, SCRUBBED)
    return text
