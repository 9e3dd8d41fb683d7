"""Keys and secrets as the database holds them: encrypted with the newest of our own secrets.

`CHATWIDGET_SECRET_KEYS` are ours, newest first; without any, `SECRET_KEY` is. All of them decrypt,
and so do `SECRET_KEY` and `SECRET_KEY_FALLBACKS`, so that what was stored before a change of the
settings can be read after it.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from chatwidget.conf import Secret, conf
from chatwidget.errors import PlatformMisconfigured


@sensitive_variables()
def _fernet(secret: Secret) -> Fernet:
    digest = hashlib.sha256(b"chatwidget.secrets:" + secret.reveal().encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def own_secrets() -> tuple[Secret, ...]:
    """What decrypts, newest first; the first encrypts."""
    django = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return tuple(Secret(str(secret)) for secret in (*conf().SECRET_KEYS, *django))


def _box(secrets: tuple[Secret, ...]) -> MultiFernet:
    return MultiFernet([_fernet(secret) for secret in secrets])


@lru_cache(maxsize=1000)
@sensitive_variables()
def _opened(stored: str, secrets: tuple[Secret, ...]) -> Secret:
    """Kept, since every reply needs its key, and to decrypt it costs a tenth of a send."""
    return Secret(_box(secrets).decrypt(stored.encode()).decode())


@sensitive_variables()
def encrypt(secret: Secret) -> str:
    """A secret as the database holds it; the empty one stays empty."""
    return _box(own_secrets()).encrypt(secret.reveal().encode()).decode() if secret else ""


def decrypt(stored: str) -> Secret:
    """The secret again. Raises PlatformMisconfigured when none of ours opens it."""
    if not stored:
        return Secret()
    try:
        return _opened(stored, own_secrets())
    except InvalidToken:
        raise PlatformMisconfigured(
            "the platform's key cannot be decrypted: CHATWIDGET_SECRET_KEYS or SECRET_KEY changed; "
            "enter the key again"
        ) from None


def is_newest(stored: str) -> bool:
    """Was this key encrypted with the secret that new ones are?"""
    try:
        _opened(stored, own_secrets()[:1])
    except InvalidToken:
        return not stored
    return True
